"""Similarity features of two texts from the vectors of their words."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from pmt_core import ShapeError, scaled_to_one
from pmt_text.qqp.encoded_pairs import EncodedPairs
from pmt_text.tokenizers.vocabulary import SPECIAL_TOKENS

_FIRST_WORD = len(SPECIAL_TOKENS)
_SAFE_SQUARES = 1e-20  # the squares of shorter vectors lose digits in float32

VECTOR_SIMILARITIES = (
    "cosine of the mean vectors",
    "best cosine of each word, weighted mean: the lower of both texts",
    "best cosine of each word, weighted mean: the higher of both texts",
    "lowest best cosine of a word: the lower of both texts",
    "lowest best cosine of a word: the higher of both texts",
    "1 - best cosine of each word, sum weighted by length: the lower of both texts",
    "1 - best cosine of each word, sum weighted by length: the higher of both texts",
)
"""Names of the features of `VectorSimilarities`, in order."""


class VectorSimilarities:
    """Computes the `VECTOR_SIMILARITIES` of pairs; they are the same for either order.

    Args:
        vectors: of the words by id, (v, d).
        weights: of the words, e.g. their idf, (v,).

    Raises:
        ShapeError: if the shapes are others.

    Examples:
        >>> import numpy as np
        >>> from pmt_text import PairEncoder, VectorSimilarities, Vocabulary
        >>> vocabulary = Vocabulary.build([["cat", "kitten", "car"]])
        >>> vectors = np.zeros((len(vocabulary), 2))
        >>> vectors[vocabulary.ids(["cat", "kitten", "car"])] = [[1, 0.1], [1, 0], [0, 1]]
        >>> similarities = VectorSimilarities(vectors, np.ones(len(vocabulary)))
        >>> pairs = PairEncoder(vocabulary).encode([("cat", "kitten"), ("cat", "car")])
        >>> similarities(pairs)[:, 0].round(3)  # cosines of the mean vectors
        array([0.995, 0.1  ], dtype=float32)
    """

    def __init__(self, vectors: NDArray[np.floating], weights: NDArray[np.floating]) -> None:
        if vectors.ndim != 2 or weights.shape != vectors.shape[:1]:
            raise ShapeError(
                f"vectors (v, d) need weights (v,), got {vectors.shape} and {weights.shape}"
            )
        scaled, _ = scaled_to_one(vectors)  # cosines and relative lengths need no scale
        lengths = np.linalg.norm(scaled, axis=1)
        self._vectors = scaled
        self._unit = unit_rows(scaled)
        words = lengths[_FIRST_WORD:]
        self._lengths = lengths / ((float(words.mean()) if len(words) else 0.0) or 1.0)
        self._weights = weights

    def __call__(self, pairs: EncodedPairs) -> NDArray[np.float32]:
        """Return the features of n pairs, (n, 7).

        Special tokens and unknown words are ignored; a pair with a text without words has zeros.
        """
        features = np.zeros((len(pairs), len(VECTOR_SIMILARITIES)), np.float32)
        for i, (start, end) in enumerate(pairwise(pairs.offsets.tolist())):
            ids, segments = pairs.ids[start:end], pairs.segments[start:end]
            is_word = ids >= _FIRST_WORD
            a, b = ids[is_word & (segments == 0)], ids[is_word & (segments == 1)]
            if len(a) and len(b):
                features[i] = self._compare(a, b)
        return features

    def _compare(self, a: NDArray[np.int32], b: NDArray[np.int32]) -> list[float]:
        mean_a, mean_b = self._vectors[a].mean(axis=0), self._vectors[b].mean(axis=0)
        squares = float(mean_a @ mean_a) * float(mean_b @ mean_b)
        if squares > _SAFE_SQUARES:
            cosine = float(mean_a @ mean_b) / math.sqrt(squares)
        else:  # of zero, or short beside the longest
            unit_a, unit_b = unit_rows(np.stack([mean_a, mean_b]))
            cosine = float(unit_a @ unit_b)
        cosines = self._unit[a] @ self._unit[b].T
        best = [(cosines.max(axis=1), a), (cosines.max(axis=0), b)]
        return [
            cosine,
            *sorted(_mean(of, self._weights[ids]) for of, ids in best),
            *sorted(float(of.min()) for of, _ in best),
            *sorted(math.log1p(max(float((1 - of) @ self._lengths[ids]), 0)) for of, ids in best),
        ]


def unit_rows(vectors: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return vectors (n, d) of any length scaled to length 1; zeros stay zero."""
    scaled, _ = scaled_to_one(vectors, -1)
    lengths = np.linalg.norm(scaled, axis=-1, keepdims=True)
    unit: NDArray[np.floating] = scaled / np.where(lengths > 0, lengths, lengths.dtype.type(1))
    return unit


def _mean(values: NDArray[np.floating], weights: NDArray[np.floating]) -> float:
    return float(values @ weights) / max(float(weights.sum()), 1e-9)
