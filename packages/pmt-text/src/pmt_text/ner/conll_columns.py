"""The columns of a CoNLL file: what parts them, how many there are, and which hold what."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from pmt_core import DataError

__all__ = ["ConllColumns", "canonical_tag", "detect_columns"]

_BLANKS = re.compile(r"[ \t]+")  # not str.split(): a word may hold a no-break space
_TAG = re.compile(r"([BIESLUMW])-(\S+)")
# Other letters for the end, the single word and the middle of an entity: BILOU, BMES, BMEWO.
_OTHER_LETTERS = {"L": "E", "U": "S", "W": "S", "M": "I"}
_MOSTLY = 0.9


@dataclass(frozen=True, slots=True)
class ConllColumns:
    """tabs: whether single tabs part the columns; else runs of blanks. count: their number.

    word, tag: the places of the two columns that are read, from 0.
    """

    tabs: bool
    count: int
    word: int
    tag: int

    def cells(self, line: str) -> list[str]:
        """The columns of a line."""
        return _cells(line, self.tabs)


def canonical_tag(text: str) -> str | None:
    """The tag with one of B, I, E and S before its type, "O" for no entity; None for no tag."""
    if text == "O":
        return text
    found = _TAG.fullmatch(text)
    if found is None:
        return None
    kind, type_ = found.groups()
    return f"{_OTHER_LETTERS.get(kind, kind)}-{type_}"


def detect_columns(
    path: str, lines: Sequence[str], word: int | None, tag: int | None
) -> ConllColumns:
    """The form of a file whose first lines (without empty ones and -DOCSTART-) are `lines`.

    word, tag: the columns to read, from 0 or, below 0, from the last; where None, words are in
    the first column (in the second where the first one counts the words), tags in the last one
    that holds tags. Raises DataError where there are no such columns.
    """
    tabs = sum("\t" in line.strip("\t") for line in lines) > len(lines) / 2
    rows = [_cells(line, tabs) for line in lines]
    columns = Counter(map(len, rows)).most_common(1)[0][0]
    rows = [row for row in rows if len(row) == columns]
    if columns < 2:
        raise DataError(
            f"{path}: expected a word and its tag a line, parted by blanks or a tab, got "
            f"{lines[0][:80]!r}: is this a CoNLL file?"
        )
    tagged = [i for i in range(columns) if _holds_tags(rows, i)]
    if tag is None and not tagged:
        raise DataError(
            f"{path}: no column holds tags like 'O' and 'B-PER'; the first line is "
            f"{lines[0][:80]!r}"
        )
    tag_place = tagged[-1] if tag is None else _place(path, tag, columns, "tags")
    if tag_place not in tagged:
        others = ", ".join(map(str, tagged)) or "none"
        raise DataError(
            f"{path}: column {tag_place} (from 0) does not hold tags like 'O' and 'B-PER' but e.g. "
            f"{rows[0][tag_place]!r}; columns that do: {others}"
        )
    if word is not None:
        word_place = _place(path, word, columns, "words")
    else:
        word_place = int(columns > 2 and all(row[0].isdecimal() for row in rows))
    if word_place == tag_place:
        raise DataError(f"{path}: column {tag_place} (from 0) cannot hold both words and tags")
    return ConllColumns(tabs, columns, word_place, tag_place)


def _cells(line: str, tabs: bool) -> list[str]:
    return line.split("\t") if tabs else _BLANKS.split(line.strip(" \t"))


def _holds_tags(rows: Sequence[Sequence[str]], column: int) -> bool:
    fit = sum(canonical_tag(row[column]) is not None for row in rows)
    return fit >= _MOSTLY * len(rows)


def _place(path: str, given: int, columns: int, what: str) -> int:
    if not -columns <= given < columns:
        raise DataError(
            f"{path} has {columns} columns (0 to {columns - 1}); there is none with the number "
            f"{given} for {what}"
        )
    return given % columns
