"""`TextColumns`: which columns of a file hold texts and labels; given, or found from its rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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

    Examples:
        >>> from pmt_text import TextColumns
        >>> columns = TextColumns(text=("review",), labels=("stars",), header=True, why="by name")
        >>> print(columns)
        text in column 'review', label in column 'stars' (by name; with a header)
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
    """Return a column that a person named: a number if it is one, else a name.

    Examples:
        >>> from pmt_text import column_of
        >>> column_of("review"), column_of("2"), column_of("-1")
        ('review', 2, -1)
    """
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
    header: bool = False,
) -> TextColumns:
    """Return the columns of a table, by its first rows; those that are given stay as they are.

    A header has names that are known ("text", "label", ...) or were given, or a first cell in the
    column of labels that no other row has. Without known names, the text is in the column with
    the longest cells, and the labels in the one with the fewest different values (two or more).

    path: for messages. rows: the first line of the file and some that follow, of equal length.
    header: whether it is known that the first row has names.

    Raises:
        SettingsError: there is no such column, or none that could hold labels.
    """
    table = _Table(path, [cell.strip() for cell in rows[0]], rows[1:] or rows)
    text_at, label_at = table.positions(text), table.positions(labels)
    why = []
    if not label_at:
        label_at, how = table.label_column(text_at)
        why.append(f"label by its {how}")
    if not text_at:
        text_at, how = table.text_column(label_at)
        why.append(f"text by its {how}")
    header = header or table.has_names((*text, *labels)) or _is_title(rows, text_at[0], label_at[0])
    return TextColumns(
        tuple(table.column(i, header) for i in text_at),
        tuple(table.column(i, header) for i in label_at),
        header,
        " and ".join(why) or "given",
    )


def find_keys(
    path: str,
    rows: Sequence[Mapping[str, Any]],
    *,
    text: Sequence[Column] = (),
    labels: Sequence[Column] = (),
) -> TextColumns:
    """Return the keys of JSON objects that hold texts and labels; see `find_columns`.

    Raises:
        SettingsError: there is no such key.
    """
    keys = list(dict.fromkeys(key for row in rows for key in row))
    cells = [[str(row.get(key, "")) for key in keys] for row in rows]
    return find_columns(path, [keys, *cells], text=text, labels=labels, header=True)


@dataclass(frozen=True, slots=True)
class _Table:
    """The first row of a table, without blanks around its cells, and the rows that follow."""

    path: str
    first: Sequence[str]
    body: Sequence[Sequence[str]]

    def positions(self, columns: Sequence[Column]) -> list[int]:
        """Return the numbers of given columns. Raises SettingsError."""
        return [self._position(column) for column in columns]

    def _position(self, column: Column) -> int:
        n = len(self.first)
        if isinstance(column, str):
            if column in self.first:
                return self.first.index(column)
            names = ", ".join(map(value_text, self.first[:20]))
            raise SettingsError(
                f"{self.path} has no column {value_text(column)}; its columns are {names}"
            )
        if not -n <= column < n:
            raise SettingsError(
                f"{self.path} has no column {column}: its rows have {n}, numbered from 0"
            )
        return column % n

    def column(self, i: int, header: bool) -> Column:
        """Return the name of a column; its number if it has none of its own."""
        return self.first[i] if header and self.first.count(self.first[i]) == 1 else i

    def has_names(self, given: Sequence[Column]) -> bool:
        """Return whether the first row has a known name, or one that was given."""
        known = {*_TEXT_NAMES, *_LABEL_NAMES}
        return any(isinstance(column, str) for column in given) or any(
            cell.casefold() in known for cell in self.first
        )

    def _named(self, names: Sequence[str], used: Sequence[int]) -> list[int]:
        """Return the number of the first column with one of these names, in their order."""
        folded = [cell.casefold() for cell in self.first]
        positions = (folded.index(name) for name in names if name in folded)
        return [i for i in positions if i not in used][:1]

    def label_column(self, used: Sequence[int]) -> tuple[list[int], str]:
        """Return the column of labels, by its name or by its few values, and which of them."""
        if named := self._named(_LABEL_NAMES, used):
            return named, "name"
        choices = []
        for i in set(range(len(self.first))) - set(used):
            cells = [row[i].strip() for row in self.body]
            values = len(set(cells))
            if 1 < values <= max(2, _MOST_CLASSES * len(cells)):
                choices.append((values, sum(map(len, cells)), i))
        if not choices:
            raise SettingsError(
                f"{self.path} has no column with a few different values that could be labels; "
                "name the column of the labels by --label-column (labels=)"
            )
        return [min(choices)[2]], "few values"

    def text_column(self, used: Sequence[int]) -> tuple[list[int], str]:
        """Return the column of texts, by its name or by its length, and which of them."""
        if named := self._named(_TEXT_NAMES, used):
            return named, "name"
        lengths = [
            (sum(len(row[i]) for row in self.body), -i)
            for i in set(range(len(self.first))) - set(used)
        ]
        if not lengths:
            raise SettingsError(
                f"{self.path} has no column beside that of the labels; expected one of texts"
            )
        return [-max(lengths)[1]], "length"


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
