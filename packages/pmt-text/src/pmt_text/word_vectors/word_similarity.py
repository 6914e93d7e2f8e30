"""Evaluate word vectors by the similarity ratings of people (WordSim-353 and others)."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pmt_core import TEXT_LIMITS, DataError, FileLimits
from pmt_text.files.text_lines import TextLines
from pmt_text.word_vectors.statistics import pearson, spearman
from pmt_text.word_vectors.word_vectors import FoldedWords, WordVectors


class WordPair(NamedTuple):
    """Two words and the rating of their similarity."""

    first: str
    second: str
    score: float


@dataclass(frozen=True, slots=True)
class WordPairScores:
    """The correlations of ratings and cosines, by ranks (Spearman) and by numbers (Pearson).

    pairs: number of pairs in the file. answered: number of those whose words both have a vector;
    the others do not count.
    """

    spearman: float
    pearson: float
    pairs: int
    answered: int

    @property
    def coverage(self) -> float:
        """Share of the pairs that were answered."""
        return self.answered / self.pairs if self.pairs else float("nan")

    def __str__(self) -> str:
        numbers = f"Spearman {self.spearman:.4f}, Pearson {self.pearson:.4f}"
        if math.isnan(self.spearman):
            numbers = "none"
        return f"{numbers}, {self.answered:,} of {self.pairs:,} pairs"


def load_word_pairs(
    path: str | os.PathLike[str], *, limits: FileLimits = TEXT_LIMITS
) -> list[WordPair]:
    r"""Load lines of two words and a number, separated by tabs, commas or spaces.

    Empty lines, lines that begin with #, and a header are skipped.

    Args:
        path: the file.
        limits: of a line and of a compressed file.

    Raises:
        FileProblem: if the file cannot be read.
        DataError: if a line is no pair; names the line.

    Examples:
        >>> from pathlib import Path
        >>> from pmt_text import load_word_pairs
        >>> _ = Path("wordsim.csv").write_text("word1,word2,score\ncat,kitten,9.5\ncat,car,1.5\n")
        >>> for pair in load_word_pairs("wordsim.csv"):
        ...     print(pair)
        WordPair(first='cat', second='kitten', score=9.5)
        WordPair(first='cat', second='car', score=1.5)
    """
    pairs: list[WordPair] = []
    lines_read = 0
    with TextLines(path, limits=limits) as lines:
        for number, line in lines:
            if line is not None and (not line.strip() or line.startswith("#")):
                continue
            lines_read += 1
            pair = _pair(line or "")
            if pair is None and lines_read > 1:
                raise DataError(
                    f"{lines.path}:{number}: expected two words and a number, separated by tabs, "
                    f"got {(line or 'bytes that are not UTF-8')[:60]!r}"
                )
            if pair is not None:
                pairs.append(pair)
    if not pairs:
        raise DataError(f"{os.fspath(path)} has no pairs: lines of two words and a number")
    return pairs


def _pair(line: str) -> WordPair | None:
    separator = next((character for character in "\t," if character in line), None)
    cells = [cell.strip() for cell in line.split(separator)]
    if len(cells) != 3 or not all(cells):
        return None
    try:
        score = float(cells[2])
    except ValueError:
        return None
    return WordPair(cells[0], cells[1], score) if math.isfinite(score) else None


def evaluate_word_pairs(
    vectors: WordVectors,
    pairs: Sequence[WordPair],
    *,
    restrict: int | None = None,
    fold_case: bool = True,
) -> WordPairScores:
    r"""Correlate the cosines of the vectors of word pairs with their ratings.

    Pairs with an unknown word do not count.

    Args:
        vectors: of the words.
        pairs: of `load_word_pairs`.
        restrict: only the first (most frequent) `restrict` words are known.
        fold_case: whether words are compared without regard to case.

    Returns:
        The correlations `spearman` and `pearson`, and the numbers of `pairs` and of those
        `answered`.

    Examples:
        >>> import numpy as np
        >>> from pathlib import Path
        >>> from pmt_text import WordVectors, evaluate_word_pairs, load_word_pairs
        >>> vectors = WordVectors(["cat", "kitten", "car"], np.array([[1, 0.5], [1, 0], [-0.5, 1]]))
        >>> _ = Path("pairs.csv").write_text("cat,kitten,9\ncat,car,2\nkitten,car,1\ncat,cow,8\n")
        >>> scores = evaluate_word_pairs(vectors, load_word_pairs("pairs.csv"))
        >>> round(scores.spearman, 3), scores.answered, scores.pairs
        (1.0, 3, 4)
    """
    words = FoldedWords(vectors, restrict, fold_case)
    cosines, scores = [], []
    for pair in pairs:
        first, second = words.find(pair.first), words.find(pair.second)
        if first is not None and second is not None:
            cosines.append(float(vectors.unit[first] @ vectors.unit[second]))
            scores.append(pair.score)
    rank_correlation, correlation = spearman(cosines, scores), pearson(cosines, scores)
    return WordPairScores(rank_correlation, correlation, len(pairs), len(scores))
