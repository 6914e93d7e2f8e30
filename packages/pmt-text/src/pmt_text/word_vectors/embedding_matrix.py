"""Fill an embedding matrix with pretrained word vectors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pmt_core import ShapeError
from pmt_text.tokenizers.vocabulary import SPECIAL_TOKENS, Vocabulary
from pmt_text.word_vectors.word_vectors import WordVectors


@dataclass(frozen=True, slots=True)
class VectorCoverage:
    """The number of words of a vocabulary that have a vector; `str()` is a sentence."""

    words: int  # size of the vocabulary, without special tokens
    covered: int  # number of words with a vector
    missing: tuple[str, ...]  # the other words, in the order of their ids

    @property
    def share(self) -> float:
        """Share of the words with a vector, 0 to 1; nan if there are no words."""
        return self.covered / self.words if self.words else float("nan")

    def __str__(self) -> str:
        share = f" ({self.share:.1%})" if self.words else ""
        return f"{self.covered:,} of {self.words:,} words have a vector{share}"


def embedding_matrix(
    matrix: NDArray[Any],
    vocabulary: Vocabulary | Sequence[str],
    vectors: WordVectors,
    *,
    fold_case: bool = False,
) -> VectorCoverage:
    """Write the vector of each word of `vocabulary` into its row of `matrix`, in place.

    Rows of words without a vector are unchanged. So are those of the vocabulary's special tokens
    (``<pad>``, ``<unk>``, ...), also if the file of vectors has them.

    Args:
        matrix: (v, d), a row for each word of the vocabulary.
        vocabulary: the words in the order of the rows.
        vectors: vectors of d numbers.
        fold_case: whether a word without a vector gets that of its lower-case spelling, for vectors
            of lower-case text.

    Returns:
        The numbers of `words` and `covered` words, and the `missing` ones; `str()` is a sentence.

    Raises:
        ShapeError: if matrix, vocabulary and vectors do not fit together.

    Examples:
        >>> import numpy as np
        >>> from pmt_text import Vocabulary, WordVectors, embedding_matrix
        >>> vocabulary = Vocabulary.build([["cat", "dog"]])
        >>> vectors = WordVectors(["dog", "cow"], np.array([[1.0, 2.0], [3.0, 4.0]]))
        >>> matrix = np.zeros((len(vocabulary), 2))
        >>> print(embedding_matrix(matrix, vocabulary, vectors))
        1 of 2 words have a vector (50.0%)
        >>> matrix[vocabulary.ids(["cat", "dog"])]
        array([[0., 0.],
               [1., 2.]])
    """
    words = vocabulary.to_json() if isinstance(vocabulary, Vocabulary) else vocabulary
    if matrix.shape != (len(words), vectors.width):
        raise ShapeError(
            f"{len(words)} words and vectors of {vectors.width} numbers fill a matrix "
            f"({len(words)}, {vectors.width}), got {matrix.shape}"
        )
    rows, missing, special = [], [], 0
    for row, word in enumerate(words):
        if word in SPECIAL_TOKENS:
            special += 1
            continue
        source = vectors.find(word)
        if source is None and fold_case:
            source = vectors.find(word.lower())
        if source is not None:
            rows.append((row, source))
        else:
            missing.append(word)
    targets, sources = np.array(rows, np.int64).reshape(-1, 2).T
    matrix[targets] = vectors.matrix[sources]
    return VectorCoverage(len(words) - special, len(rows), tuple(missing))
