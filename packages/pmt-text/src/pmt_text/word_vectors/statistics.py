"""Correlation of numbers, and of their ranks.

Vectors seen from where they differ most (Pearson 1901).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pmt_core import ShapeError

__all__ = ["average_ranks", "pearson", "spearman", "principal_components"]


def pearson(x: ArrayLike, y: ArrayLike) -> float:
    """How near n pairs of numbers are to a straight line, -1 to 1 (Pearson 1895).

    x, y: (n,). nan where there are fewer than two pairs, or one side is constant.
    """
    first, second = _checked(x, y)
    if len(first) < 2:
        return float("nan")
    first, second = first - first.mean(), second - second.mean()
    size = float(np.sqrt((first @ first) * (second @ second)))
    return float(np.clip(first @ second / size, -1, 1)) if size > 0 else float("nan")


def spearman(x: ArrayLike, y: ArrayLike) -> float:
    """The Pearson correlation of the ranks (Spearman 1904), tied numbers sharing their mean rank.

    x, y: (n,). nan where `pearson` is.
    """
    first, second = _checked(x, y)
    return pearson(average_ranks(first), average_ranks(second))


def average_ranks(values: ArrayLike) -> NDArray[np.float64]:
    """The ranks 1 ... n of (n,) numbers, smallest first; equal ones get the mean of their ranks."""
    numbers = np.asarray(values, np.float64)
    _, group, counts = np.unique(numbers, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)  # rank of the last of each group
    return (last - (counts - 1) / 2)[group]


def _checked(x: ArrayLike, y: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    first, second = np.asarray(x, np.float64), np.asarray(y, np.float64)
    if first.ndim != 1 or first.shape != second.shape:
        raise ShapeError(f"expected two arrays (n,), got {first.shape} and {second.shape}")
    return first, second


def principal_components(vectors: NDArray[Any], n: int = 2) -> NDArray[np.float64]:
    """The coordinates of vectors (m, d) along the n directions of largest variance: (m, n).

    The mean is at the origin, the first column has the largest variance. The sign of a column is
    chosen so that its largest number is positive, which makes the result unique but for ties.
    """
    if vectors.ndim != 2 or not 1 <= n <= min(vectors.shape, default=0):
        raise ShapeError(f"{n} components want vectors (m, d), both {n} or more: {vectors.shape}")
    centered = vectors - vectors.mean(axis=0, dtype=np.float64)
    u, size, _ = np.linalg.svd(centered, full_matrices=False)
    found = u[:, :n] * size[:n]
    largest = found[np.abs(found).argmax(axis=0), np.arange(n)]
    components: NDArray[np.float64] = found * np.where(largest < 0, -1.0, 1.0)
    return components
