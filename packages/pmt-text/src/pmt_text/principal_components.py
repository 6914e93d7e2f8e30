"""Vectors seen from where they differ most (Pearson 1901)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pmt_core import ShapeError

__all__ = ["principal_components"]


def principal_components(vectors: NDArray[Any], n: int = 2) -> NDArray[np.float64]:
    """The coordinates of vectors (m, d) along the n directions of largest variance: (m, n).

    The mean is at the origin, the first column has the largest variance. The sign of a column is
    chosen so that its largest number is positive, which makes the result unique but for ties.
    """
    if vectors.ndim != 2 or not 1 <= n <= min(vectors.shape, default=0):
        raise ShapeError(f"{n} components want vectors (m, d), both {n} or more: {vectors.shape}")
    centred = vectors - vectors.mean(axis=0, dtype=np.float64)
    u, size, _ = np.linalg.svd(centred, full_matrices=False)
    found = u[:, :n] * size[:n]
    largest = found[np.abs(found).argmax(axis=0), np.arange(n)]
    components: NDArray[np.float64] = found * np.where(largest < 0, -1.0, 1.0)
    return components
