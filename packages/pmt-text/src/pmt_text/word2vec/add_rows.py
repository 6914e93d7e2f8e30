"""Adding rows to a table where a row may be named more than once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["add_rows"]

_PLACE_BITS = 24  # of the key that is sorted; the rest holds the row number
_LARGEST_MATRIX = 1 << 21


def add_rows(
    table: NDArray[np.float32],
    rows: NDArray[np.integer],
    updates: NDArray[np.float32],
    rate: float,
) -> None:
    """table[rows[i]] += rate * updates[i] for every i; rows that are named again are added up.

    table: (v, d); rows: (m,), m below 2^24; updates: (m, d), overwritten. `np.add.at` does the
    same ten times slower: here the few repeated rows are first summed by a product with a matrix
    of zeros and ones, then every row is read and written once.
    """
    keys = (rows.astype(np.int64) << _PLACE_BITS) | np.arange(len(rows))
    keys.sort()
    ids, places = keys >> _PLACE_BITS, keys & ((1 << _PLACE_BITS) - 1)
    starts = np.flatnonzero(np.concatenate([[True], ids[1:] != ids[:-1]]))
    sizes = np.empty_like(starts)
    np.subtract(starts[1:], starts[:-1], out=sizes[:-1])
    sizes[-1] = len(ids) - starts[-1]
    first = places[starts]
    repeated = sizes > 1
    if repeated.any():
        groups, members = sizes[repeated], places[np.repeat(repeated, sizes)]
        updates[first[repeated]] = _group_sums(updates.take(members, axis=0), groups)
    unique = ids[starts]
    values = updates.take(first, axis=0)
    values *= np.float32(rate)
    values += table.take(unique, axis=0)
    table[unique] = values


def _group_sums(values: NDArray[np.float32], sizes: NDArray[np.integer]) -> NDArray[np.float32]:
    """Sums of consecutive rows: (m, d) and the sizes (g,) of the groups -> (g, d)."""
    m, g = len(values), len(sizes)
    if m * g > _LARGEST_MATRIX:
        starts = np.cumsum(sizes) - sizes
        summed: NDArray[np.float32] = np.add.reduceat(values, starts, axis=0)
        return summed
    chosen = np.zeros((g, m), np.float32)
    chosen[np.repeat(np.arange(g), sizes), np.arange(m)] = 1
    return chosen @ values
