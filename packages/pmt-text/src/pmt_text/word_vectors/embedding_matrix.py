"""Vectors learned elsewhere, put into the rows of an embedding by their words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pmt_core import ShapeError
from pmt_text.tokenizers.vocabulary import SPECIAL_TOKENS, Vocabulary
from pmt_text.word_vectors.word_vectors import WordVectors

__all__ = ["VectorCoverage", "embedding_matrix"]


@dataclass(frozen=True, slots=True)
class VectorCoverage:
    """How many words of a vocabulary have a vector; `str()` says it in words.

    Attributes:
        words: of the vocabulary, without special tokens. found: those of them with a vector.
        missing: the others, in the order of their ids.
    """

    words: int
    found: int
    missing: tuple[str, ...]

    @property
    def share(self) -> float:
        """Part of the words with a vector, 0 to 1."""
        return self.found / self.words if self.words else 0.0

    def __str__(self) -> str:
        return f"{self.found:,} of {self.words:,} words have a vector ({self.share:.1%})"


def embedding_matrix(
    matrix: NDArray[Any],
    vocabulary: Vocabulary | Sequence[str],
    vectors: WordVectors,
    *,
    fold_case: bool = False,
) -> VectorCoverage:
    """Write the vector of every word of `vocabulary` into its row of `matrix`, in place.

    matrix: (v, d), row i for the word of id i; rows of words without a vector, and of special
    tokens such as ``<pad>``, stay as they are. fold_case: a word that has no vector takes that of
    its lower-case form, where vectors were learned on lower-case text.
    Raises `ShapeError` where matrix, vocabulary and vectors do not fit each other.
    """
    words = vocabulary.to_json() if isinstance(vocabulary, Vocabulary) else vocabulary
    if matrix.shape != (len(words), vectors.width):
        raise ShapeError(
            f"{len(words)} words and vectors of {vectors.width} numbers fill a matrix "
            f"({len(words)}, {vectors.width}), got {matrix.shape}"
        )
    rows, sources, missing, special = [], [], [], 0
    for row, word in enumerate(words):
        source = vectors.find(word)
        if source is None and fold_case:
            source = vectors.find(word.lower())
        if source is not None:
            rows.append(row)
            sources.append(source)
        elif word in SPECIAL_TOKENS:
            special += 1
        else:
            missing.append(word)
    matrix[np.array(rows, np.int64)] = vectors.matrix[np.array(sources, np.int64)]
    return VectorCoverage(len(words) - special, len(rows), tuple(missing))
