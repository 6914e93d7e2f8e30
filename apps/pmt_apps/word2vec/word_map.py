"""`word_map`: words as points of a plane, by the principal components of their vectors."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pmt_core import DataError
from pmt_text import WordVectors


@dataclass(frozen=True, slots=True, eq=False)
class WordMap:
    """Words in a plane.

    Attributes:
        points: (n, 2), of each word.
        explained: share of the variance of the vectors that the plane shows, 0 to 1.
    """

    points: NDArray[np.float64]
    explained: float


def word_map(vectors: WordVectors, words: Sequence[str], others: Sequence[str] = ()) -> WordMap:
    """Return the plane of the first two principal components of the unit vectors of words.

    The sign of each component is such that its largest value by magnitude is positive.

    Args:
        vectors: of all words.
        words: the plane is theirs.
        others: are projected to it; their points follow.
    """
    rows = vectors.unit[[vectors.row_of(word) for word in (*words, *others)]].astype(np.float64)
    n = len(words)
    rows -= rows[:n].mean(axis=0)
    _, s, axes = np.linalg.svd(rows[:n], full_matrices=False)
    points = np.zeros((len(rows), 2))
    width = min(2, len(s))
    points[:, :width] = rows @ axes[:width].T
    largest = points[:n][np.abs(points[:n]).argmax(axis=0), [0, 1]]
    total = float((s**2).sum())
    explained = float((s[:2] ** 2).sum()) / total if total > 0 else 1.0
    return WordMap(points * np.where(largest < 0, -1.0, 1.0), explained)


def signed_words(text: str) -> list[tuple[str, int]]:
    """Return the words of a sum such as "king - man + woman", each with 1 or -1.

    A sign has white space around it, so "e-mail" and "c++" are words.

    Raises:
        DataError: if a word is missing.
    """
    parts = re.split(r"\s([+-])(?=\s|$)", f" {text.strip()}")
    words = [part.strip() for part in parts[::2]]
    signs = [1, *(1 if sign == "+" else -1 for sign in parts[1::2])]
    if len(words) > 1 and not words[0]:  # the text begins with a sign
        del words[0], signs[0]
    if len(parts) > 1 and not all(words):
        raise DataError('expected a word after each sign, as in "king - man + woman"')
    return list(zip(words, signs, strict=True))
