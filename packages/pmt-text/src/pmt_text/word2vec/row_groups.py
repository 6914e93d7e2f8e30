"""Adding rows to a table where a row may be named more than once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["RowGroups"]

_GROUPS = 64


@dataclass(frozen=True, slots=True, eq=False)
class RowGroups:
    """Which rows of a table an update names, and where it names one again.

    `np.add.at` adds repeated rows, too, ten times slower. Here the few repeated ones are first
    summed by a product with a matrix of zeros and ones, then every row is read and written once.
    Who stands where is found out for many updates by one sort: for a single one that would take
    longer than the adding.

    Attributes:
        rows: (u,) the different rows.
        first: (u,) the place of one mention of each.
        heads: (g,) those places of the rows that are named again, each with as many
        members: places of mentions, itself among them, as `sizes`, (g,), says.
    """

    rows: NDArray[np.integer]
    first: NDArray[np.integer]
    heads: NDArray[np.integer]
    members: NDArray[np.integer]
    sizes: NDArray[np.integer]

    @staticmethod
    def of_updates(
        rows: NDArray[np.integer],
        update: NDArray[np.integer],
        place: NDArray[np.integer],
        updates: int,
    ) -> Iterator[RowGroups]:
        """For each of so many updates, in their order.

        rows: (n,) row numbers, 0 or more; update: (n,) which update names them; place: (n,) where
        in its array of changes.
        """
        keys = update * (np.int64(rows.max(initial=0)) + 1) + rows
        order = np.argsort(keys)
        keys = keys[order]
        is_new = np.ones(len(keys), np.bool_)
        np.not_equal(keys[1:], keys[:-1], out=is_new[1:])
        starts = np.flatnonzero(is_new)
        sizes = np.diff(starts, append=len(keys))
        repeated = sizes > 1
        places = place[order]
        first, unique, owner = places[starts], rows[order[starts]], update[order[starts]]
        members = places[np.repeat(repeated, sizes)]
        heads, group_sizes = first[repeated], sizes[repeated]
        bounds = np.arange(updates + 1)
        row_at = np.searchsorted(owner, bounds)
        group_at = np.searchsorted(owner[repeated], bounds)
        member_at = np.concatenate([[0], np.cumsum(group_sizes)])[group_at]
        for i in range(updates):
            row = slice(row_at[i], row_at[i + 1])
            group = slice(group_at[i], group_at[i + 1])
            member = slice(member_at[i], member_at[i + 1])
            yield RowGroups(
                unique[row], first[row], heads[group], members[member], group_sizes[group]
            )

    def add(self, table: NDArray[np.float32], changes: NDArray[np.float32], rate: float) -> None:
        """table[row] += rate * changes[place], for every mention.

        table: (v, d); changes: (m, d), overwritten.
        """
        if len(self.heads):
            changes[self.heads] = _group_sums(changes.take(self.members, axis=0), self.sizes)
        values = changes.take(self.first, axis=0)
        values *= np.float32(rate)
        values += table.take(self.rows, axis=0)
        table[self.rows] = values


def _group_sums(values: NDArray[np.float32], sizes: NDArray[np.integer]) -> NDArray[np.float32]:
    """Sums of consecutive rows: (m, d) and the sizes (g,) of the groups -> (g, d).

    A few groups at a time: the matrix has a row for each group and a column for each member.
    """
    summed = np.empty((len(sizes), values.shape[1]), values.dtype)
    ends = np.cumsum(sizes)
    done = 0
    for start in range(0, len(sizes), _GROUPS):
        some = sizes[start : start + _GROUPS]
        end = int(ends[start + len(some) - 1])
        chosen = np.zeros((len(some), end - done), values.dtype)
        chosen[np.repeat(np.arange(len(some)), some), np.arange(end - done)] = 1
        np.matmul(chosen, values[done:end], out=summed[start : start + len(some)])
        done = end
    return summed
