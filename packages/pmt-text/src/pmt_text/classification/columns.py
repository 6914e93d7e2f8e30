"""`TextColumns`: which columns of a file hold texts and labels; given, or found from its rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pmt_core import SettingsError, value_text

Column = str | int
"""The name of a column, or its number from 0; negative from the last."""

# fmt: off
_TEXT_NAMES = (
    "text", "sentence", "review", "question", "content", "comment", "message", "body", "tweet",
    "document", "sms", "utterance", "query", "description", "comment_text", "review_text",
    "text_a", "headline", "title",
)
_LABEL_NAMES = (
    "label", "labels", "class", "category", "sentiment", "target", "topic", "polarity", "intent",
    "emotion", "coarse_label", "label_text", "classes", "categories", "tag", "tags", "y",
    "rating", "stars", "score",
)
# fmt: on
_MOST_CLASSES = 0.5  # of the rows: a column with more different values is no column of labels


@dataclass(frozen=True, slots=True)
class TextColumns:
    """Which columns hold the texts and the labels.

    Attributes:
        text: names or numbers (from 0) of the columns whose texts are joined by a blank.
        labels: of the column with the labels; of several columns with 0 or 1 for each label.
        header: whether the first line has the names of the columns.
        why: how they were found, for people.
    """

    text: tuple[Column, ...]
    labels: tuple[Column, ...]
    header: bool
    why: str = ""

    def __str__(self) -> str:
        text = " and ".join(_shown(column) for column in self.text)
        labels = ", ".join(_shown(column) for column in self.labels)
        header = "with a header" if self.header else "without a header"
        return f"text in column {text}, label in column {labels} ({self.why}; {header})"


def _shown(column: Column) -> str:
    return repr(column) if isinstance(column, str) else str(column)


def column_of(text: str) -> Column:
    """Return a column that a person named: a number if it is one, else a name."""
    try:
        return int(text)
    except ValueError:
        return text


def find_columns(
    path: str,
    rows: Sequence[Sequence[str]],
    *,
    text: Sequence[Column] = (),
    labels: Sequence[Column] = (),
) -> TextColumns:
    """Return the columns of a table, by its first rows; those that are given stay as they are.

    A header has names that are known ("text", "label", ...) or were given, or a first cell in the
    column of labels that no other row has. Without known names, the text is in the column with
    the longest cells, and the labels in the one with the fewest different values (two or more).

    path: for messages. rows: the first line of the file and some that follow, of equal length.

    Raises:
        SettingsError: there is no such column, or none that could hold labels.
    """
    first = [cell.strip() for cell in rows[0]]
    folded = [name.casefold() for name in first]
    given = [column for column in (*text, *labels) if isinstance(column, str)]
    missing = [name for name in given if name not in first]
    if missing:
        raise SettingsError(
            f"{path} has no column {value_text(missing[0])}; its first line has "
            f"{', '.join(map(value_text, first[:20]))}"
        )
    by_name = [name for name in _TEXT_NAMES if name in folded]
    label_by_name = [name for name in _LABEL_NAMES if name in folded]
    header = bool(given) or bool(by_name) or bool(label_by_name)
    body = rows[1:] or rows
    text_at = [_position(path, column, first) for column in text]
    label_at = [_position(path, column, first) for column in labels]
    why = ["given" if text and labels else ""]
    if not label_at:
        named = [folded.index(name) for name in label_by_name if folded.index(name) not in text_at]
        label_at = named[:1] or [_label_column(path, body, text_at)]
        why.append("label by its name" if named else "label by its few values")
    if not text_at:
        named = [folded.index(name) for name in by_name if folded.index(name) not in label_at]
        text_at = named[:1] or [_text_column(path, body, label_at)]
        why.append("text by its name" if named else "text by its length")
    header = header or _is_title(rows, text_at[0], label_at[0])
    return TextColumns(
        tuple(first[i] if header and first.count(first[i]) == 1 else i for i in text_at),
        tuple(first[i] if header and first.count(first[i]) == 1 else i for i in label_at),
        header,
        " and ".join(part for part in why if part),
    )


def find_keys(
    path: str,
    rows: Sequence[dict[str, Any]],
    *,
    text: Sequence[Column] = (),
    labels: Sequence[Column] = (),
) -> TextColumns:
    """Return the keys of JSON objects that hold texts and labels; see `find_columns`.

    Raises:
        SettingsError: there is no such key.
    """
    keys = list(dict.fromkeys(key for row in rows for key in row))
    for column in (*text, *labels):
        if column not in keys:
            raise SettingsError(
                f"{path} has no key {value_text(column)}; its objects have "
                f"{', '.join(map(value_text, keys[:20]))}"
            )
    whole = [key for key in keys if all(key in row for row in rows)] or keys
    cells = [[_json_text(row.get(key, "")) for key in whole] for row in rows]
    if not rows:
        raise SettingsError(f"{path} has no JSON objects to read")
    table = [whole, *cells]
    indices = [
        [whole.index(str(column)) if column in whole else None for column in columns]
        for columns in (text, labels)
    ]
    if text and labels:
        return TextColumns(tuple(text), tuple(labels), True, "given")
    found = find_columns(
        path,
        table,
        text=[i for i in indices[0] if i is not None],
        labels=[i for i in indices[1] if i is not None],
    )
    names = {
        kind: tuple(whole[c] if isinstance(c, int) else c for c in columns)
        for kind, columns in (("text", found.text), ("labels", found.labels))
    }
    return TextColumns(
        tuple(text) or names["text"], tuple(labels) or names["labels"], True, found.why
    )


def _json_text(value: object) -> str:
    return value if isinstance(value, str) else str(value)


def _position(path: str, column: Column, first: Sequence[str]) -> int:
    if isinstance(column, str):
        return first.index(column)
    if not -len(first) <= column < len(first):
        raise SettingsError(
            f"{path} has no column {column}: its rows have {len(first)}, numbered from 0"
        )
    return column % len(first)


def _label_column(path: str, rows: Sequence[Sequence[str]], used: Sequence[int]) -> int:
    """Return the column with the fewest different values, of those with two or more."""
    choices = []
    for i in range(len(rows[0])):
        values = {row[i].strip() for row in rows}
        if i not in used and 1 < len(values) <= max(2, _MOST_CLASSES * len(rows)):
            length = sum(len(row[i]) for row in rows) / len(rows)
            choices.append((len(values), length, i))
    if not choices:
        raise SettingsError(
            f"{path} has no column with a few different values that could be labels; name the "
            "column of the labels by --label-column (label_column)"
        )
    return min(choices)[2]


def _text_column(path: str, rows: Sequence[Sequence[str]], used: Sequence[int]) -> int:
    """Return the column with the longest cells."""
    lengths = [(sum(len(row[i]) for row in rows), i) for i in range(len(rows[0])) if i not in used]
    if not lengths:
        raise SettingsError(f"{path} has a single column; expected one of texts, one of labels")
    return max(lengths, key=lambda item: (item[0], -item[1]))[1]


def _is_title(rows: Sequence[Sequence[str]], text: int, label: int) -> bool:
    """Return whether the first row has titles: a label of its own, and a short text."""
    if len(rows) < 4:
        return False
    first, others = rows[0], rows[1:]
    title = first[label].strip()
    mean = sum(len(row[text].split()) for row in others) / len(others)
    return (
        bool(title)
        and all(row[label].strip() != title for row in others)
        and len(first[text].split()) <= min(3, mean)
        and any(character.isalpha() for character in title)
    )
