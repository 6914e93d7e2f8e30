"""Find the columns of a CoNLL file that number words, and that hold them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence
from itertools import pairwise

from pmt_text.ner.conll_rows import Row

_MIN_RIGHT = 0.9  # share of the rows or sentences that a rule has to hold for
_MIN_OFFSETS = 20
_NUMBER = re.compile(r"\d{1,9}")
_NO_WORD = re.compile(r"\d+[-.]\d+")

Blocks = Sequence[Sequence[Row]]
"""The complete rows of each sentence."""


def numbers_no_word(cell: str) -> bool:
    """Return whether a cell is the range of a contraction ("4-5") or an empty node ("3.1")."""
    return _NO_WORD.fullmatch(cell) is not None


def rows_with_words(blocks: Blocks, number: int | None) -> Blocks:
    """Return the rows without ranges and empty nodes. number: the column of the numbers."""
    if number is None:
        return blocks
    no_words = set(filter(numbers_no_word, {row[number] for rows in blocks for row in rows}))
    if not no_words:
        return blocks
    return [[row for row in rows if row[number] not in no_words] for rows in blocks]


def number_column(blocks: Blocks, count: int) -> int | None:
    """Return the first column that numbers the words of the sentences from 0 or 1, or on."""
    usual = [str(i) for i in range(1 + max(map(len, blocks), default=0))]
    for column in range(count if count > 2 else 0):
        right = total = last = 0
        for rows in blocks:
            cells = [row[column] for row in rows]
            if cells == usual[1 : len(rows) + 1]:
                counts = len(rows), len(rows), len(rows)
            else:
                counts = _numbered(cells, last)
            right, total, last = right + counts[0], total + counts[1], counts[2]
            if total > 100 and right < total / 2:
                break
        if total and right >= _MIN_RIGHT * total:
            return column
    return None


def _numbered(cells: Sequence[str], last: int) -> tuple[int, int, int]:
    """Return how many cells go on with the numbering, of how many, and the last number.

    last: that of the sentence before. Ranges and empty nodes are not counted.
    """
    right = total = 0
    expected = {0, 1, last + 1}
    for cell in cells:
        if _NO_WORD.fullmatch(cell):
            continue
        total += 1
        if _NUMBER.fullmatch(cell):
            last = int(cell)
            right += last in expected
        expected = {last + 1}
    return right, total, last


def word_column(
    blocks: Blocks,
    columns: Sequence[Counter[str]],
    tag: int,
    number: int | None,
    tagged: Collection[int],
) -> int:
    """Return the column of words: the first one of those that have no other use.

    tag: the column of their tags. number: that of their numbers. tagged: columns that hold tags.
    """
    others = [i for i in range(len(columns)) if i not in (tag, number)]
    for column in others:
        if column not in tagged and not (
            _is_constant(blocks, columns, column) or _has_offsets(blocks, column)
        ):
            return column
    return others[0] if number is None else number


def _is_constant(blocks: Blocks, columns: Sequence[Counter[str]], column: int) -> bool:
    """Return whether a column has one value for all words of a sentence."""
    if len(columns[column]) > len(blocks):
        return False
    several = [{row[column] for row in rows} for rows in blocks if len(rows) > 1]
    constant = sum(len(values) == 1 for values in several)
    return len(columns[column]) == 1 or (bool(several) and constant >= _MIN_RIGHT * len(several))


def _has_offsets(blocks: Blocks, column: int) -> bool:
    """Return whether a column has numbers that increase in each sentence."""
    right = total = 0
    for rows in blocks:
        for cells in pairwise(row[column] for row in rows):
            total += 1
            numbers = [int(cell) for cell in cells if _NUMBER.fullmatch(cell)]
            right += len(numbers) == 2 and numbers[0] < numbers[1]
        if total > 100 and right < total / 2:
            return False
    return total >= _MIN_OFFSETS and right >= _MIN_RIGHT * total
