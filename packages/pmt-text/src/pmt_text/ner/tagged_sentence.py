"""Sentences of tagged words, and writing them as a CoNLL file."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from pmt_core import DataError, ShapeError, atomic_file

DOCUMENT = "-DOCSTART-"
"""Word of the line that begins a document."""

_BLANK = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class TaggedSentence:
    """At least one word, and a tag for each ("O", "B-PER", ...); no tags if they are unknown.

    Attributes:
        cells: all columns of the line of each word, if the sentence comes from a file.
        document, line: numbers, from 1, of its document in the file and of the line of its first
            word; 0 if unknown.

    Examples:
        >>> from pmt_text import TaggedSentence
        >>> sentence = TaggedSentence(("Ada", "met", "Charles"), ("B-PER", "O", "B-PER"))
        >>> len(sentence)
        3
    """

    words: tuple[str, ...]
    tags: tuple[str, ...] | None = None
    cells: tuple[tuple[str, ...], ...] = ()
    document: int = 0
    line: int = 0

    def __post_init__(self) -> None:
        if not self.words:
            raise DataError("a sentence has at least one word")
        for name, given in (("tags", self.tags), ("cells", self.cells)):
            if given and len(given) != len(self.words):
                raise DataError(
                    f"a sentence of {len(self.words)} words needs as many {name}, got {len(given)}"
                )

    def __len__(self) -> int:
        return len(self.words)


def write_conll(
    path: str | os.PathLike[str],
    sentences: Iterable[TaggedSentence],
    predicted: Iterable[Sequence[str]] | None = None,
) -> None:
    """Write sentences as UTF-8, one word per line, columns separated by single blanks.

    A line has the cells of the word, or else the word and its tag. Blanks inside a cell become
    "_", as conlleval knows no other separator. Without `predicted`, -DOCSTART- lines separate the
    documents.

    Args:
        path: the file, which is replaced atomically.
        sentences: with tags.
        predicted: tags of each sentence, in the scheme of its true tags. The last two columns are
            then the true and the predicted tag, as conlleval reads them (it does not know IOBES).

    Raises:
        ShapeError: if the numbers of tags and words differ.
        DataError: if a sentence has no tags.
        FileProblem: if the file cannot be written.

    Examples:
        >>> from pathlib import Path
        >>> from pmt_text import TaggedSentence, write_conll
        >>> sentence = TaggedSentence(("Ada", "slept"), ("B-PER", "O"))
        >>> write_conll("result.txt", [sentence], predicted=[["O", "O"]])
        >>> print(Path("result.txt").read_text().rstrip())
        Ada B-PER O
        slept O O
    """
    document = 0
    with atomic_file(path, "w") as file:
        for i, (sentence, tags) in enumerate(_with_tags(sentences, predicted)):
            if predicted is None and sentence.document != document:
                document = sentence.document
                count = len(sentence.cells[0]) if sentence.cells else 2
                cells = [DOCUMENT, *["-X-"][: count - 2], *["O"] * count][:count]
                file.write(" ".join(cells) + "\n\n")
            for row in _rows(sentence, tags, i):
                file.write(" ".join(_BLANK.sub("_", cell) or "_" for cell in row) + "\n")
            file.write("\n")


def _with_tags(
    sentences: Iterable[TaggedSentence], predicted: Iterable[Sequence[str]] | None
) -> Iterator[tuple[TaggedSentence, Sequence[str] | None]]:
    if predicted is None:
        yield from ((sentence, None) for sentence in sentences)
        return
    for sentence, tags in zip_longest(sentences, predicted):
        if sentence is None or tags is None:
            raise ShapeError("the numbers of sentences and of sequences of predicted tags differ")
        yield sentence, tags


def _rows(
    sentence: TaggedSentence, predicted: Sequence[str] | None, index: int
) -> list[tuple[str, ...]]:
    if sentence.tags is None:
        raise DataError(f"sentence {index + 1} has no tags to write")
    if predicted is None:
        return list(sentence.cells) or list(zip(sentence.words, sentence.tags, strict=True))
    if len(predicted) != len(sentence):
        raise ShapeError(
            f"sentence {index + 1}: {len(predicted)} tags were predicted for {len(sentence)} words"
        )
    first_cells = sentence.cells or [(word,) for word in sentence.words]
    columns = zip(first_cells, sentence.tags, predicted, strict=True)
    return [(*cells, tag, prediction) for cells, tag, prediction in columns]
