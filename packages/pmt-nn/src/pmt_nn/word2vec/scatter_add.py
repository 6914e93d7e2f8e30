"""`RowGroups`: add rows to a table whose indices may repeat, faster than `np.add.at`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class RowGroups:
    """The table rows of an update, grouped by whether they occur once or several times.

    `np.add.at` is ten times slower. Repeated rows are first summed by a product with a matrix of
    zeros and ones, then every row is read and written once. The groups of many updates are found by
    one sort; sorting for a single update would take longer than the addition.

    Attributes:
        rows: (s + g,) distinct rows: s that occur once, then g that occur several times.
        single: (s,) positions of the rows that occur once.
        members: (p,) positions of the others, sorted by row.
        sums: (g, p) 1 if the member belongs to the row, else 0.
    """

    rows: NDArray[np.intp]
    single: NDArray[np.intp]
    members: NDArray[np.intp]
    sums: NDArray[np.float32]

    @staticmethod
    def of_updates(rows: NDArray[np.integer], pad: int) -> list[RowGroups]:
        """Group the rows (u, n) of u updates. pad: row that is ignored."""
        u, n = rows.shape
        # Row and position in one integer: sorting is faster than argsort.
        bits = n.bit_length()
        keys = (rows.astype(np.int64) << bits) | np.arange(n)
        keys.sort(axis=1)
        sorted_rows, positions = keys >> bits, keys & ((1 << bits) - 1)
        begins = np.ones((u, n), np.bool_)
        np.not_equal(sorted_rows[:, 1:], sorted_rows[:, :-1], out=begins[:, 1:])
        ends = np.ones((u, n), np.bool_)
        ends[:, :-1] = begins[:, 1:]
        alone = begins & ends
        again = ~alone
        is_word = sorted_rows != pad
        alone &= is_word
        again &= is_word
        single, single_slices = _split(alone)
        heads, head_slices = _split(begins & again)
        members, member_slices = _split(again)
        single_positions, member_positions = positions.take(single), positions.take(members)
        single_rows, head_rows = sorted_rows.take(single), sorted_rows.take(heads)
        sums = _sums(begins.take(members), head_slices, member_slices)
        groups = []
        for s, g, p, matrix in zip(single_slices, head_slices, member_slices, sums, strict=True):
            rows_of = np.concatenate([single_rows[s], head_rows[g]])
            groups.append(RowGroups(rows_of, single_positions[s], member_positions[p], matrix))
        return groups

    def add(self, table: NDArray[np.float32], changes: NDArray[np.float32]) -> None:
        """Add changes (n, d) to the rows of a table (v, d), in place."""
        s = len(self.single)
        values = np.empty((len(self.rows), table.shape[1]), table.dtype)
        changes.take(self.single, axis=0, out=values[:s], mode="clip")
        np.matmul(self.sums, changes.take(self.members, axis=0), out=values[s:])
        values += table.take(self.rows, axis=0)
        table[self.rows] = values


def _split(chosen: NDArray[np.bool_]) -> tuple[NDArray[np.intp], list[slice]]:
    """Return the flat indices where (u, n) is True, and the slice of them for each update."""
    ends = np.cumsum(np.count_nonzero(chosen, axis=1)).tolist()
    parts = [slice(start, end) for start, end in zip([0, *ends[:-1]], ends, strict=True)]
    return np.flatnonzero(chosen), parts


def _sums(
    begins: NDArray[np.bool_], heads: list[slice], members: list[slice]
) -> list[NDArray[np.float32]]:
    """Build the matrices (g, p) of all updates. begins: True for the first member of a row."""
    widths = np.array([part.stop - part.start for part in members], np.intp)
    heights = np.array([part.stop - part.start for part in heads], np.intp)
    firsts = np.array([part.start for part in heads], np.intp)
    starts = np.array([part.start for part in members], np.intp)
    sizes = heights * widths
    offsets = np.cumsum(sizes) - sizes
    flat = np.zeros(int(sizes.sum()), np.float32)
    row = np.cumsum(begins) - 1 - np.repeat(firsts, widths)
    column = np.arange(len(begins)) - np.repeat(starts, widths)
    flat[np.repeat(offsets, widths) + row * np.repeat(widths, widths) + column] = 1
    none = np.zeros((0, 0), np.float32)
    parts = zip(offsets.tolist(), sizes.tolist(), heights.tolist(), strict=True)
    return [flat[o : o + size].reshape(h, -1) if size else none for o, size, h in parts]
