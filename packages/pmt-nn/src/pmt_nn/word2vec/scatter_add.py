"""`RowGroups`: add rows to a table whose indices may repeat, faster than `np.add.at`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class RowGroups:
    """The changes of an update, grouped by the row of a table that they are added to.

    `np.add.at` is ten times slower. The changes of a row are numbered from 0. Round k adds number
    (2 i + 1) 2^k to number 2 i 2^k, for all rows and i together, so after log2(p) rounds number 0
    is the sum of p changes; then every row of the table is read and written once. The groups of
    many updates are found by one sort; sorting for a single update would take longer than the
    addition.

    Attributes:
        rows: (g,) distinct rows.
        order: (p,) indices of the changes: number 0 of each row, then what the rounds add, by
            round.
        rounds: Slice of `order` that a round adds, and the indices into `order` it is added to.
    """

    rows: NDArray[np.integer]
    order: NDArray[np.integer]
    rounds: tuple[tuple[slice, NDArray[np.integer]], ...]

    @staticmethod
    def of_updates(
        rows: NDArray[np.integer], pad: int, changes: NDArray[np.integer] | None = None
    ) -> list[RowGroups]:
        """Group the rows (u, n) of u updates.

        pad: row that is ignored. changes: (u, n) index of the change that is added to each row;
        None: that of the row.
        """
        u, n = rows.shape
        if changes is None:
            changes = np.broadcast_to(np.arange(n, dtype=np.int32), (u, n))
        sorted_rows, indices = sort_rows(rows, changes)
        begins = np.ones((u, n), np.bool_)
        np.not_equal(sorted_rows[:, 1:], sorted_rows[:, :-1], out=begins[:, 1:])
        is_row = sorted_rows != pad
        begins &= is_row
        heads = np.flatnonzero(begins)
        heights = np.count_nonzero(begins, axis=1)
        lengths = np.count_nonzero(is_row, axis=1)
        slots = np.zeros(u * n, np.int64)  # index into `order` of the update
        slots[heads] = _numbers(heights)
        again = np.flatnonzero(is_row & ~begins)
        number = again - heads[np.cumsum(begins.reshape(-1)).take(again) - 1]
        rounds = _rounds(again, number & -number, heights, slots, n)
        valid = np.flatnonzero(is_row)
        order = np.empty(len(valid), np.intp)  # what NumPy converts other indices to
        order[np.repeat(np.cumsum(lengths) - lengths, lengths) + slots[valid]] = indices[valid]
        head_rows = sorted_rows.reshape(-1)[heads].astype(np.intp)
        return [
            RowGroups(row, part, tuple(of_update))
            for row, part, of_update in zip(
                _split(head_rows, heights), _split(order, lengths), rounds, strict=True
            )
        ]

    @staticmethod
    def of_lists(
        rows: NDArray[np.integer],
        changes: NDArray[np.integer],
        counts: NDArray[np.integer],
        pad: int,
    ) -> list[RowGroups]:
        """Group the rows of updates that are one behind the other, `counts` (u,) of each.

        rows, changes: (p,), see `of_updates`.
        """
        u, n = len(counts), int(counts.max(initial=0))
        shifts = np.arange(u) * n - (np.cumsum(counts) - counts)
        slots = np.arange(len(rows)) + np.repeat(shifts, counts)
        padded = np.full((2, u, n), pad, np.int32)
        padded[1] = 0
        for table, values in zip(padded, (rows, changes), strict=True):
            table.reshape(-1)[slots] = values
        return RowGroups.of_updates(padded[0], pad, padded[1])

    def add(self, table: NDArray[np.float32], changes: NDArray[np.float32]) -> None:
        """Add changes (n, d) to the rows of a table (v, d), in place."""
        self.add_sums(table, self.sums(changes))

    def add_sums(self, table: NDArray[np.float32], sums: NDArray[np.float32]) -> None:
        """Add one change (g, d) to each row of a table (v, d), in place; `sums` is overwritten."""
        sums += table.take(self.rows, axis=0, mode="clip")
        put_rows(table, self.rows, sums)

    def sums(self, changes: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the sum of the changes (n, d) of each row, (g, d)."""
        values = changes.take(self.order, axis=0, mode="clip")
        for part, targets in self.rounds:
            total = values.take(targets, axis=0, mode="clip")  # half the time of an index
            total += values[part]
            values[targets] = total
        return values[: len(self.rows)]


def put_rows(
    table: NDArray[np.float32], rows: NDArray[np.integer], values: NDArray[np.float32]
) -> None:
    """Set distinct rows of a table (v, d) to values (g, d).

    NumPy copies a row at once if it is one value of d numbers: 0.6 of the time.
    """
    if table.flags.c_contiguous and values.flags.c_contiguous and table.dtype == values.dtype:
        row = np.dtype((np.void, table.itemsize * table.shape[1]))
        table.view(row)[:, 0][rows] = values.view(row)[:, 0]
    else:
        table[rows] = values


def sort_rows(
    rows: NDArray[np.integer], changes: NDArray[np.integer]
) -> tuple[NDArray[np.integer], NDArray[np.integer]]:
    """Sort each update by row and index of the change; return both, the indices as (u n,)."""
    # Both in one integer: sorting is faster than argsort, and most so if the integer is short.
    bits = int(changes.max(initial=0)).bit_length()
    kind = np.int32 if int(rows.max(initial=0)) < 1 << (31 - bits) else np.int64
    keys: NDArray[np.integer] = rows.astype(kind)
    keys <<= bits
    keys |= changes.astype(kind)
    keys.sort(axis=1)
    return keys >> bits, (keys & ((1 << bits) - 1)).reshape(-1)


def _rounds(
    members: NDArray[np.intp],
    lowest_bits: NDArray[np.intp],
    heights: NDArray[np.intp],
    slots: NDArray[np.int64],
    n: int,
) -> list[list[tuple[slice, NDArray[np.integer]]]]:
    """Return the rounds of each update, and write the slots of what they add.

    members: flat indices of all but the first change of each row, in updates of n. lowest_bits: of
    their numbers, which tell the round. heights: (u,) number of rows of each update.
    """
    starts = heights.copy()
    sources = []
    for k in range(int(lowest_bits.max(initial=0)).bit_length()):
        chosen = members[lowest_bits == 1 << k]
        counts = np.bincount(chosen // n, minlength=len(heights))
        slots[chosen] = np.repeat(starts, counts) + _numbers(counts)
        sources.append((chosen - (1 << k), counts, starts.tolist()))
        starts = starts + counts
    rounds: list[list[tuple[slice, NDArray[np.integer]]]] = [[] for _ in heights]
    for targets, counts, firsts in sources:
        parts = _split(slots[targets], counts)
        for of_update, first, part in zip(rounds, firsts, parts, strict=True):
            if len(part):
                of_update.append((slice(first, first + len(part)), part))
    return rounds


def _numbers(counts: NDArray[np.integer]) -> NDArray[np.integer]:
    """Return 0 ... c - 1 for each count c, one behind the other."""
    starts = np.cumsum(counts) - counts
    numbers: NDArray[np.integer] = np.arange(counts.sum()) - np.repeat(starts, counts)
    return numbers


def _split(values: NDArray[np.integer], counts: NDArray[np.integer]) -> list[NDArray[np.integer]]:
    """Cut values into consecutive parts of the given lengths."""
    ends = np.cumsum(counts).tolist()
    return [values[start:end] for start, end in zip([0, *ends[:-1]], ends, strict=True)]
