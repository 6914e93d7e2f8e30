"""Decide from all rows of a CoNLL file which columns hold words, tags and numbers of words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter

from pmt_core import DataError
from pmt_text.ner.conll_rows import Layout, Row
from pmt_text.ner.conll_tags import (
    MIN_OUTSIDE,
    MIN_TAGS,
    TagNotation,
    detect_notation,
    holds_brackets,
    holds_chunks,
    share_outside,
)
from pmt_text.ner.conll_words import (
    Blocks,
    number_column,
    numbers_no_word,
    rows_with_words,
    word_column,
)

_MIN_ENTITIES = 0.75  # of the tags of the column that has most
_WORD_TITLES = frozenset(["word", "words", "token", "tokens", "form", "text"])
_TAG_TITLE = re.compile(
    r"(?:[a-z]+[-_ ])*(?:tags?|ner|ne|labels?|iob2?|bio|entity)(?:[-_ ][a-z]+)*"
)
_SHOWN_COLUMNS, _SHOWN_CELLS, _SHOWN_CHARACTERS = 8, 3, 24


@dataclass(frozen=True, slots=True)
class ConllColumns:
    r"""The columns of a CoNLL file, by their indices from 0.

    Attributes:
        layout: separator and number of the columns.
        word, tag: columns of the words and of their tags.
        number: column that numbers the words of a sentence, if any. Rows without a single number
            (CoNLL-U: "4-5", "3.1") have no word.
        notation: how the tags are written.
        others: further columns that hold tags.

    Examples:
        >>> from pathlib import Path
        >>> from pmt_text import load_conll
        >>> _ = Path("x.conllu").write_text("1\tAda\tB-PER\n2\tslept\tO\n\n1\tOslo\tB-LOC\n")
        >>> columns = load_conll("x.conllu").columns
        >>> columns.word, columns.tag, columns.number
        (1, 2, 0)
        >>> print(columns)
        words in column 1, tags in column 2 of 3 (from 0); column 0 numbers the words
    """

    layout: Layout
    word: int
    tag: int
    number: int | None
    notation: TagNotation
    others: tuple[int, ...] = ()

    @property
    def count(self) -> int:
        """Number of columns."""
        return self.layout.count

    @property
    def tabs(self) -> bool:
        """Whether single tabs separate the columns, not runs of blanks."""
        return self.layout.tabs

    def has_word(self, row: Row) -> bool:
        """Return whether a row has a word, and is no range or empty node of CoNLL-U."""
        number = self.number
        return number is None or len(row) <= number or not numbers_no_word(row[number])

    def all_have_words(self, blocks: Blocks) -> bool:
        """Return whether all of the complete rows have words."""
        number = self.number
        if number is None:
            return True
        return not any(map(numbers_no_word, {row[number] for rows in blocks for row in rows}))

    def __str__(self) -> str:
        parts = [f"words in column {self.word}, tags in column {self.tag} of {self.count} (from 0)"]
        if self.notation != TagNotation():
            parts.append(f"tags are written as {self.notation}")
        if self.others:
            parts.append(f"column {_listed(self.others)} could also be tags")
        if self.number is not None:
            parts.append(f"column {self.number} numbers the words")
        return "; ".join(parts)


def is_title_row(row: Row) -> bool:
    """Return whether the first row of a file has the titles of its columns, e.g. "Word", "Tag"."""
    titles = [cell.casefold() for cell in row]
    return not _WORD_TITLES.isdisjoint(titles) and any(
        _TAG_TITLE.fullmatch(title) and TagNotation().tag(cell) is None
        for cell, title in zip(row, titles, strict=True)
    )


def decide_columns(
    path: str,
    layout: Layout,
    blocks: Blocks,
    *,
    word: int | None = None,
    tag: int | None = None,
    like: ConllColumns | None = None,
) -> ConllColumns:
    """Decide from all rows which columns hold words and tags.

    Tags are in the column whose cells other than "O" are tags, see `detect_notation`. Of several
    such columns, the first kind of this list is taken:

    1. 90 % of the cells other than "O" are like B-PER or PER-B; 2. half of them are; 3. bare B and
    I; 4. types alone; 5. less than 20 % of all cells are "O"; 6. all of them are; 7. the types are
    those of syntactic chunks (B-NP) or semantic roles (B-ARG0).

    Of the columns of one kind, it is the last one with at least three quarters of the entity tags
    of the fullest one.

    Words are in the first column that has no tags, does not number the words of its sentence
    (1, 2, 3, or offsets that increase) and is not constant within sentences.

    path: for messages. blocks: the rows of each sentence, of `layout.count` cells. word, tag:
    indices of the columns, negative ones from the last; None: decide. like: the columns of another
    file, which are taken if this one has as many columns. Raises `DataError` if there are no such
    columns.
    """
    if like and like.count != layout.count:
        like = None
    number = like.number if like else number_column(blocks, layout.count)
    blocks = rows_with_words(blocks, number)
    columns = _column_counts(blocks, layout.count)
    notations = _notations(columns)
    tag = _index(path, tag, layout.count, "tags", like.tag if like else None)
    word = _index(path, word, layout.count, "words", like.word if like else None)
    if tag is None:
        tag = _tag_column(path, columns, notations)
    notation = _notation(path, columns, notations, tag, like)
    if word is None:
        word = word_column(blocks, columns, tag, number, notations)
    if word == tag:
        raise DataError(
            f"{path}: column {tag} (from 0) cannot hold both words and tags: choose another column "
            "for one of them"
        )
    others = tuple(i for i in notations if i not in (word, tag) and len(columns[i]) > 1)
    return ConllColumns(layout, word, tag, None if number == word else number, notation, others)


def _column_counts(blocks: Blocks, count: int) -> list[Counter[str]]:
    """Return the cells of each column and their frequencies."""
    rows = [row for rows in blocks for row in rows]
    return [Counter(map(itemgetter(i), rows)) for i in range(count)]


def _notations(columns: Sequence[Counter[str]]) -> dict[int, TagNotation]:
    """Return the notations of the columns that hold tags."""
    detected = {i: detect_notation(cells) for i, cells in enumerate(columns)}
    return {i: notation for i, notation in detected.items() if notation}


def _tag_column(
    path: str, columns: Sequence[Counter[str]], notations: Mapping[int, TagNotation]
) -> int:
    """Return the column of tags among those with notations; see `decide_columns`."""
    if not notations:
        raise DataError(_no_tags(path, columns))
    ranks = {i: _rank(columns[i], notation) for i, notation in notations.items()}
    best = [i for i, rank in ranks.items() if rank == min(ranks.values())]
    entities = {
        i: sum(n for cell, n in columns[i].items() if notations[i].tag(cell) != "O") for i in best
    }
    return max(i for i in best if entities[i] >= _MIN_ENTITIES * max(entities.values()))


def _rank(cells: Counter[str], notation: TagNotation) -> int:
    """Return the rank of a column of tags; that of 0 is the first choice."""
    if len(cells) == 1 and notation.tag(next(iter(cells))) == "O":
        return 5
    if holds_chunks(cells, notation):
        return 6
    if share_outside(cells, notation) < MIN_OUTSIDE:
        return 4
    if notation.style in ("letters", "types"):
        return 2 + (notation.style == "types")
    return int(notation.share(cells) < MIN_TAGS)


def _notation(
    path: str,
    columns: Sequence[Counter[str]],
    notations: Mapping[int, TagNotation],
    tag: int,
    like: ConllColumns | None,
) -> TagNotation:
    """Return the notation of the column of tags: that of `like`, if it fits."""
    cells = columns[tag]
    notation = like.notation if like is not None and like.tag == tag else None
    # Any cell would be a type, so types need cells with "O" beside them.
    fits = notation and (notation.style != "types" or notation.outside in cells)
    if notation and fits and notation.share(cells) >= MIN_TAGS:
        return notation
    notation = notations.get(tag) or detect_notation(cells, chosen=True)
    if notation is None:
        others = _listed(notations) or "none"
        raise DataError(
            f"{path}: column {tag} (from 0) does not hold tags like 'O' and 'B-PER' but e.g. "
            f"{_examples(cells)}; columns that do: {others}"
        )
    return notation


def _index(path: str, given: int | None, count: int, what: str, default: int | None) -> int | None:
    """Return the index, from 0, of a column that was given, negative from the last."""
    if given is None:
        return default
    if not -count <= given < count:
        columns = f"{count} columns (0 to {count - 1})"
        raise DataError(f"{path} has {columns}, so there is no column {given} of {what}")
    return given % count


def _no_tags(path: str, columns: Sequence[Counter[str]]) -> str:
    examples = [f"{i}: {_examples(cells)}" for i, cells in enumerate(columns)]
    message = (
        f"{path}: no column holds tags like 'O' and 'B-PER' (also PER-B, or PER alone, or B and I "
        f"alone); its columns, from 0, hold e.g. {'; '.join(examples[:_SHOWN_COLUMNS])}"
    )
    brackets = [examples[i] for i, cells in enumerate(columns) if holds_brackets(cells)]
    if brackets:
        message += (
            "; convert spans in brackets, as in CoNLL-2012, to B-PER and I-PER: "
            + "; ".join(brackets[:_SHOWN_COLUMNS])
        )
    return message


def _examples(cells: Counter[str]) -> str:
    frequent = [cell for cell, _ in cells.most_common(_SHOWN_CELLS)]
    return ", ".join(repr(cell[:_SHOWN_CHARACTERS]) for cell in frequent)


def _listed(columns: Iterable[int]) -> str:
    return ", ".join(map(str, columns))
