"""`composed_vectors`: the vectors of words from their own part and their n-grams."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pmt_nn import SubwordInputs
from pmt_text import CharacterNgrams, SubwordVectors, WordVectors


def composed_vectors(
    words: Sequence[str],
    vectors: NDArray[np.float32],
    buckets: NDArray[np.float32],
    ngrams: CharacterNgrams,
) -> SubwordVectors:
    """Return the vectors of words, and those of n-grams; zeros for n-grams that no word has.

    Args:
        words: (v,), the trained ones.
        vectors: (v, d), the part of each word that is its own.
        buckets: (buckets, d), the trained vectors of n-grams by their numbers.
        ngrams: Which n-grams a word has.
    """
    v = len(words)
    offsets, rows = ngrams.parts(words)
    table = np.concatenate([vectors, buckets, np.zeros_like(vectors[:1])])
    composed = SubwordInputs(offsets, rows, pad=len(table) - 1).compose(table, np.arange(v))
    trained = np.zeros((len(buckets), 1), np.bool_)
    trained[rows[rows >= v] - v] = True
    return SubwordVectors(WordVectors(words, composed), np.where(trained, buckets, 0), ngrams)
