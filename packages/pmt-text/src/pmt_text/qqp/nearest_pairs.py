"""Pairs of texts that are near each other, as one may be asked to tell apart."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from pmt_core import SettingsError, ShapeError

__all__ = ["nearest_pairs"]

_BLOCK = 100  # texts compared at once with the pool: (100, 60,000) cosines and places take 80 MB


def nearest_pairs(
    vectors: NDArray[np.floating],
    groups: NDArray[np.integer],
    rng: np.random.Generator,
    *,
    texts: int = 60_000,
    nearest: int = 16,
    each: int = 2,
    progress: Callable[[int], object] | None = None,
) -> NDArray[np.int64]:
    """Pairs (m, 2) of the numbers of texts: one, and a text drawn from those nearest to it.

    vectors: (n, d), compared by cosine. groups: (n,), texts of one group are never paired (they
    are known to say the same). At most `texts` texts, drawn at random, each get up to `each`
    different partners from their `nearest` nearest of as many texts drawn anew: so work and
    memory stay the same however many texts there are. No pair comes twice, in either order.
    progress: called with the number of texts done, block by block.
    """
    if min(texts, nearest, each) < 1:
        raise SettingsError(
            f"texts, nearest and each are 1 or more, got {texts}, {nearest}, {each}"
        )
    n = len(vectors)
    if groups.shape != (n,):
        raise ShapeError(f"{n} texts want as many groups, got {groups.shape}")
    anchors, pool = rng.permutation(n)[:texts], rng.permutation(n)[:texts]
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = (vectors / np.maximum(lengths, 1e-12)).astype(np.float32)
    among = np.ascontiguousarray(unit[pool].T)
    k = min(nearest, len(pool))
    found: list[NDArray[np.int64]] = [np.empty((0, 2), np.int64)]
    for start in range(0, len(anchors), _BLOCK):
        block = anchors[start : start + _BLOCK]
        cosines = unit[block] @ among
        cosines[groups[block][:, np.newaxis] == groups[pool]] = -np.inf  # itself among them
        near = np.argpartition(cosines, -k, axis=1)[:, -k:]
        allowed = np.take_along_axis(cosines, near, axis=1) > -np.inf
        # A random order of those allowed; the first `each` are taken.
        lot = np.where(allowed, rng.random(near.shape), 2.0)
        chosen = np.argsort(lot, axis=1, kind="stable")[:, :each]
        rows, columns = np.nonzero(np.take_along_axis(allowed, chosen, axis=1))
        partners = pool[np.take_along_axis(near, chosen, axis=1)[rows, columns]]
        found.append(np.stack([block[rows], partners], axis=1))
        if progress is not None:
            progress(len(block))
    pairs = np.concatenate(found)
    _, first = np.unique(np.sort(pairs, axis=1), axis=0, return_index=True)
    return pairs[np.sort(first)]
