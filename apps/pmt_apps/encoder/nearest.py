"""Cosine similarity of vectors, and the nearest of many, in blocks of bounded memory."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pmt_apps.encoder.pooling import unit_rows
from pmt_core import SettingsError, ShapeError

Vectors = NDArray[np.floating]
_BLOCK = 1 << 22  # similarities that are in memory at once: 16 MB


def cosine_matrix(a: Vectors, b: Vectors) -> Vectors:
    """Return the cosines (n, m) of vectors (n, d) and (m, d)."""
    _check(a, b)
    cosines: Vectors = unit_rows(a) @ unit_rows(b).T
    return cosines


def nearest_vectors(queries: Vectors, corpus: Vectors, k: int) -> tuple[NDArray[np.int64], Vectors]:
    """Return the indices and cosines (n, k) of the nearest of the corpus, nearest first.

    Of equal cosines the smaller index is first. queries (n, d), corpus (m, d); k is at most m. At
    most 4 million similarities are in memory at once.
    """
    _check(queries, corpus)
    if k < 1:
        raise SettingsError(f"k is 1 or more, got {k}")
    n, m = len(queries), len(corpus)
    k = min(k, m)
    indices, scores = np.zeros((n, k), np.int64), np.full((n, k), -np.inf, queries.dtype)
    columns = max(min(m, _BLOCK // max(min(n, 1024), 1)), k, 1)
    rows = max(_BLOCK // columns, 1)
    unit_queries = unit_rows(queries)
    for first in range(0, m, columns):
        block = unit_rows(corpus[first : first + columns])
        for start in range(0, n, rows):
            part = slice(start, start + rows)
            cosines = unit_queries[part] @ block.T
            best = _top(cosines, min(k, len(block)))
            joined = np.concatenate(
                [scores[part], np.take_along_axis(cosines, best, axis=1)], axis=1
            )
            ids = np.concatenate([indices[part], best + first], axis=1)
            order = np.lexsort((ids, -joined), axis=1)[:, :k]
            scores[part] = np.take_along_axis(joined, order, axis=1)
            indices[part] = np.take_along_axis(ids, order, axis=1)
    return indices, scores


def _top(cosines: Vectors, k: int) -> NDArray[np.int64]:
    """Return the indices of the k largest of each row, (n, k), in any order."""
    if k == cosines.shape[1]:
        return np.broadcast_to(np.arange(k), cosines.shape)
    return np.argpartition(-cosines, k - 1, axis=1)[:, :k]


def _check(a: Vectors, b: Vectors) -> None:
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1]:
        raise ShapeError(f"expected vectors (n, d) and (m, d), got {a.shape} and {b.shape}")
