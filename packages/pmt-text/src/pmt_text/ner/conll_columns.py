"""Detect the columns of a CoNLL file: separator, number, and those of words and tags."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from pmt_core import DataError

_BLANKS = re.compile(r"[ \t]+")  # not str.split(): a word may contain a no-break space
_TAG = re.compile(r"([BIESLUMW])-(\S+)")
# Other letters for the end, the single word and the middle of an entity: BILOU, BMES, BMEWO.
_OTHER_LETTERS = {"L": "E", "U": "S", "W": "S", "M": "I"}
_MIN_TAGS = 0.9  # of the rows


@dataclass(frozen=True, slots=True)
class ConllColumns:
    """The layout of a CoNLL file of `count` columns, separated by single tabs or runs of blanks.

    word, tag: indices of the columns of words and tags, from 0.
    """

    tabs: bool
    count: int
    word: int
    tag: int

    def cells(self, line: str) -> list[str]:
        """Return the columns of a line."""
        return _cells(line, self.tabs)


def canonical_tag(text: str) -> str | None:
    """Return a tag with B, I, E or S before its type, or "O"; None if `text` is not a tag."""
    if text == "O":
        return text
    match = _TAG.fullmatch(text)
    if match is None:
        return None
    prefix, type_ = match.groups()
    return f"{_OTHER_LETTERS.get(prefix, prefix)}-{type_}"


def detect_columns(
    path: str, lines: Sequence[str], word: int | None, tag: int | None
) -> ConllColumns:
    """Detect the columns of a CoNLL file by its first lines.

    lines: without empty ones and -DOCSTART-. word, tag: indices of the columns of words and tags;
    negative ones count from the last. If None, words are in the first column (in the second one if
    the first one counts the words), and tags in the last column that contains tags. Raises
    `DataError` if there are no such columns.
    """
    tabs = sum("\t" in line.strip("\t") for line in lines) > len(lines) / 2
    rows = [_cells(line, tabs) for line in lines]
    count = Counter(map(len, rows)).most_common(1)[0][0]
    rows = [row for row in rows if len(row) == count]
    if count < 2:
        raise DataError(
            f"{path}: expected a word and its tag per line, separated by blanks or a tab, got "
            f"{lines[0][:80]!r}: is this a CoNLL file?"
        )
    tag_index = _tag_column(path, lines[0], rows, tag)
    if word is not None:
        word_index = _index(path, word, count, "words")
    else:
        word_index = int(count > 2 and all(row[0].isdecimal() for row in rows))
    if word_index == tag_index:
        raise DataError(f"{path}: column {tag_index} (from 0) cannot hold both words and tags")
    return ConllColumns(tabs, count, word_index, tag_index)


def _tag_column(path: str, first: str, rows: Sequence[Sequence[str]], tag: int | None) -> int:
    """Return the index of the column of tags; see `detect_columns`."""
    count = len(rows[0])
    tagged = [i for i in range(count) if _has_tags(rows, i)]
    if tag is None and not tagged:
        line = repr(first[:80])
        raise DataError(
            f"{path}: no column holds tags like 'O' and 'B-PER'; the first line is {line}"
        )
    if tag is None:
        return tagged[-1]
    index = _index(path, tag, count, "tags")
    if index not in tagged:
        others = ", ".join(map(str, tagged)) or "none"
        raise DataError(
            f"{path}: column {index} (from 0) does not hold tags like 'O' and 'B-PER' but e.g. "
            f"{rows[0][index]!r}; columns that do: {others}"
        )
    return index


def _cells(line: str, tabs: bool) -> list[str]:
    return line.split("\t") if tabs else _BLANKS.split(line.strip(" \t"))


def _has_tags(rows: Sequence[Sequence[str]], column: int) -> bool:
    tags = sum(canonical_tag(row[column]) is not None for row in rows)
    return tags >= _MIN_TAGS * len(rows)


def _index(path: str, given: int, count: int, what: str) -> int:
    if not -count <= given < count:
        columns = f"{count} columns (0 to {count - 1})"
        raise DataError(f"{path} has {columns}, so there is no column {given} of {what}")
    return given % count
