"""Words found whatever their case."""

from __future__ import annotations

import numpy as np

from pmt_text.word_vectors.word_vectors import WordVectors

__all__ = ["FoldedWords"]


class FoldedWords:
    """The first so many words of a `WordVectors`, found with or without regard to case.

    restrict: how many words; None: all. fold_case: "Paris", "paris" and "PARIS" are one word then,
    and the one that stands first speaks for it.

    Attributes:
        size: number of words. same: (size,), for every word the row of the one that speaks for it.
        others: by the row of a word that speaks for others, their rows.
    """

    def __init__(self, vectors: WordVectors, restrict: int | None, fold_case: bool) -> None:
        words = vectors.words[:restrict]
        self.size = len(words)
        self._fold = fold_case
        self._rows: dict[str, int] = {}
        self.same = np.array(
            [self._rows.setdefault(self._folded(word), i) for i, word in enumerate(words)], np.int64
        )
        self.others: dict[int, list[int]] = {}
        for row in np.flatnonzero(self.same != np.arange(self.size)).tolist():
            self.others.setdefault(int(self.same[row]), []).append(row)

    def find(self, word: str) -> int | None:
        """The row of a word, None where it is not among them."""
        return self._rows.get(self._folded(word))

    def _folded(self, word: str) -> str:
        # Upper case, as gensim and the C program compare: "ß" and "SS" are the same word then.
        return word.upper() if self._fold else word
