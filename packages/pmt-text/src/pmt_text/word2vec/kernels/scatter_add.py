"""Adding rows to a table where a row may be named more than once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["RowGroups"]


@dataclass(frozen=True, slots=True, eq=False)
class RowGroups:
    """Which rows of a table an update names, and which it names again.

    `np.add.at` adds repeated rows, too, ten times slower. Here the repeated ones are first
    summed by a product with a matrix of zeros and ones, then every row is read and written once.
    Who stands where is found out for many updates by one sort: for a single one that would take
    longer than the adding.

    Attributes:
        rows: (s + g,) the different rows: s named once, then g named more often.
        single: (s,) the places of those named once.
        members: (p,) the places of the others, those of a row side by side.
        sums: (g, p) 1 where the member belongs to the row, else 0.
    """

    rows: NDArray[np.intp]
    single: NDArray[np.intp]
    members: NDArray[np.intp]
    sums: NDArray[np.float32]

    @staticmethod
    def of_updates(rows: NDArray[np.integer], pad: int) -> list[RowGroups]:
        """rows: (u, n), for each of u updates the n rows that it names, by place. pad: the row
        whose mentions are passed over.
        """
        u, n = rows.shape
        # Row and place in one number: sorting these is faster than finding an order.
        bits = n.bit_length()
        keys = (rows.astype(np.int64) << bits) | np.arange(n)
        keys.sort(axis=1)
        named, places = keys >> bits, keys & ((1 << bits) - 1)
        begins = np.ones((u, n), np.bool_)
        np.not_equal(named[:, 1:], named[:, :-1], out=begins[:, 1:])
        ends = np.ones((u, n), np.bool_)
        ends[:, :-1] = begins[:, 1:]
        alone = begins & ends
        again = ~alone
        wanted = named != pad
        alone &= wanted
        again &= wanted
        single, single_at = _cut(alone)
        heads, head_at = _cut(begins & again)
        members, member_at = _cut(again)
        single_places, member_places = places.take(single), places.take(members)
        single_rows, head_rows = named.take(single), named.take(heads)
        sums = _sums(begins.take(members), head_at, member_at)
        return [
            RowGroups(
                np.concatenate([single_rows[s], head_rows[g]]),
                single_places[s],
                member_places[p],
                one,
            )
            for s, g, p, one in zip(single_at, head_at, member_at, sums, strict=True)
        ]

    def add(self, table: NDArray[np.float32], changes: NDArray[np.float32]) -> None:
        """table[row] += changes[place], for every mention.

        table: (v, d); changes: (n, d).
        """
        s = len(self.single)
        values = np.empty((len(self.rows), table.shape[1]), table.dtype)
        changes.take(self.single, axis=0, out=values[:s], mode="clip")
        np.matmul(self.sums, changes.take(self.members, axis=0), out=values[s:])
        values += table.take(self.rows, axis=0)
        table[self.rows] = values


def _cut(chosen: NDArray[np.bool_]) -> tuple[NDArray[np.intp], list[slice]]:
    """Where the chosen ones of (u, n) are, as if it were flat; which of them are an update's."""
    ends = np.cumsum(np.count_nonzero(chosen, axis=1)).tolist()
    parts = [slice(start, end) for start, end in zip([0, *ends[:-1]], ends, strict=True)]
    return np.flatnonzero(chosen), parts


def _sums(
    begins: NDArray[np.bool_], heads: list[slice], members: list[slice]
) -> list[NDArray[np.float32]]:
    """The matrices (g, p) of all updates, filled at once.

    begins: (all members,) True for the first one of a row.
    """
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
    return [
        flat[offset : offset + size].reshape(height, -1) if size else np.zeros((0, 0), np.float32)
        for offset, size, height in zip(
            offsets.tolist(), sizes.tolist(), heights.tolist(), strict=True
        )
    ]
