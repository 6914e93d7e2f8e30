"""Pearson and Spearman correlation, and principal components."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pmt_core import ShapeError


def pearson(x: ArrayLike, y: ArrayLike) -> float:
    """Return the Pearson correlation of x and y, -1 to 1 (Pearson 1895).

    It is nan if there are fewer than two pairs, or x or y is constant.

    Args:
        x: numbers, (n,).
        y: numbers, (n,).

    Raises:
        ShapeError: if the shapes are others.

    Examples:
        >>> from pmt_text import pearson
        >>> round(pearson([1, 2, 3], [2, 4, 6]), 6), round(pearson([1, 2, 3], [1, 8, 27]), 3)
        (1.0, 0.966)
    """
    first, second = _checked(x, y)
    if len(first) < 2:
        return float("nan")
    first, second = first - first.mean(), second - second.mean()
    size = float(np.sqrt((first @ first) * (second @ second)))
    return float(np.clip(first @ second / size, -1, 1)) if size > 0 else float("nan")


def spearman(x: ArrayLike, y: ArrayLike) -> float:
    """Return the Pearson correlation of the ranks of x and y (Spearman 1904).

    Tied numbers have the mean of their ranks. It is nan if `pearson` is.

    Args:
        x: numbers, (n,).
        y: numbers, (n,).

    Raises:
        ShapeError: if the shapes are others.

    Examples:
        >>> from pmt_text import spearman
        >>> round(spearman([1, 2, 3], [1, 8, 27]), 6)  # the same order, whatever the distances
        1.0
    """
    first, second = _checked(x, y)
    return pearson(average_ranks(first), average_ranks(second))


def average_ranks(values: ArrayLike) -> NDArray[np.float64]:
    """Return the ranks 1 ... n of (n,) numbers, smallest first; ties have their mean rank."""
    numbers = np.asarray(values, np.float64)
    _, group, counts = np.unique(numbers, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)  # rank of the last number of each group
    return (last - (counts - 1) / 2)[group]


def _checked(x: ArrayLike, y: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    first, second = np.asarray(x, np.float64), np.asarray(y, np.float64)
    if first.ndim != 1 or first.shape != second.shape:
        raise ShapeError(f"expected two arrays (n,), got {first.shape} and {second.shape}")
    return first, second


def principal_components(vectors: NDArray[Any], n: int = 2) -> NDArray[np.float64]:
    """Return the coordinates of vectors along the directions of largest variance (Pearson 1901).

    The mean is the origin, and the first column has the largest variance. The sign of a column is
    chosen so that its largest number is positive.

    Args:
        vectors: (m, d).
        n: number of directions.

    Returns:
        (m, n) float64.

    Raises:
        ShapeError: if m or d is below n.

    Examples:
        >>> import numpy as np
        >>> from pmt_text import principal_components
        >>> vectors = np.array([[1.0, 1.0], [2.0, 2.0], [6.0, 6.0]])  # on a line
        >>> principal_components(vectors, 1).round(3)
        array([[-2.828],
               [-1.414],
               [ 4.243]])
    """
    if vectors.ndim != 2 or not 1 <= n <= min(vectors.shape, default=0):
        raise ShapeError(f"{n} components need vectors (m, d), m and d >= {n}: {vectors.shape}")
    centered = vectors - vectors.mean(axis=0, dtype=np.float64)
    u, size, _ = np.linalg.svd(centered, full_matrices=False)
    coordinates = u[:, :n] * size[:n]
    largest = coordinates[np.abs(coordinates).argmax(axis=0), np.arange(n)]
    components: NDArray[np.float64] = coordinates * np.where(largest < 0, -1.0, 1.0)
    return components
