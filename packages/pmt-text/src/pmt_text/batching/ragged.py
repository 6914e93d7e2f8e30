"""Ragged arrays: rows of different lengths in one flat array, gathered into padded batches."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from pmt_core import SettingsError, ShapeError

S = TypeVar("S", bound=np.generic)


@dataclass(frozen=True, slots=True)
class RowIndex:
    """Positions, in flat arrays, of the items of b chosen rows."""

    index: NDArray[np.int64]  # the chosen rows, (b,)
    mask: NDArray[np.bool_]  # True at each item, (b, t)
    positions: NDArray[np.int64]  # of each item in the flat arrays, 0 in the padding, (b, t)

    def take(self, flat: NDArray[Any], padding: S) -> NDArray[S]:
        """Return the rows of a flat array (m,) as (b, t), with the dtype of `padding`."""
        if not len(flat):
            return np.full(self.mask.shape, padding)
        taken = flat[self.positions].astype(padding.dtype)
        taken[~self.mask] = padding
        return taken


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Ragged:
    """n rows of different lengths in flat arrays, which subclasses add.

    Row i has the items offsets[i] to offsets[i + 1] - 1.
    """

    offsets: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Number of items of each row, (n,)."""
        return np.diff(self.offsets)

    def rows(self, indices: NDArray[np.integer]) -> RowIndex:
        """Return the positions of the rows at `indices` (b,), in that order.

        Raises ShapeError if indices are not (b,), or not in 0 to n - 1.
        """
        index = np.asarray(indices, np.int64)
        n = len(self)
        if index.ndim != 1:
            raise ShapeError(f"indices must be (b,), not {index.shape}")
        if index.size and not (index.min() >= 0 and index.max() < n):
            raise ShapeError(f"indices must lie in 0 to {n - 1}: {index.min()} to {index.max()}")
        starts = self.offsets[index]
        lengths = self.offsets[index + 1] - starts
        steps = np.arange(lengths.max(initial=0))
        mask = steps < lengths[:, np.newaxis]
        return RowIndex(index, mask, np.where(mask, starts[:, np.newaxis] + steps, 0))


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class TokenSequences(Ragged):
    """n sequences of ids, m ids in all: 4 bytes per token, whatever the lengths."""

    ids: NDArray[np.int32]

    @classmethod
    def of(cls, sequences: Iterable[NDArray[np.integer]]) -> TokenSequences:
        """Concatenate sequences of ids, (t,) each."""
        parts = [np.asarray(sequence, np.int32) for sequence in sequences]
        offsets = np.zeros(len(parts) + 1, np.int64)
        offsets[1:] = np.cumsum([len(part) for part in parts])
        return cls(ids=np.concatenate([np.empty(0, np.int32), *parts]), offsets=offsets)

    def __getitem__(self, i: int) -> NDArray[np.int32]:
        """Return the ids (t,) of sequence i."""
        return self.ids[self.offsets[i] : self.offsets[i + 1]]

    def padded(
        self, indices: NDArray[np.integer], value: int = 0
    ) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Return the sequences at `indices` (b,), padded with `value`, and their mask, (b, t)."""
        rows = self.rows(indices)
        return rows.take(self.ids, np.int64(value)), rows.mask


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class IndexedBatch:
    """Base of batches of b examples that know their rows in the data set, `index` (b,)."""

    index: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.index)


def shard_rows(i: int, n: int) -> slice:
    """Return the rows of shard i of n of a batch: i, i + n, i + 2n, ...

    The n shards hold every row once. Raises SettingsError if not 0 <= i < n.
    """
    if not 0 <= i < n:
        raise SettingsError(f"shard {i} of {n}: expected 0 <= i < n")
    return slice(i, None, n)


def trimmed(rows: slice, mask: NDArray[np.bool_], *arrays: NDArray[Any]) -> list[NDArray[Any]]:
    """Return these rows of mask and arrays (b, t), without columns that are only padding."""
    width = int(mask[rows].sum(axis=1).max(initial=0))
    return [array[rows, :width] for array in (mask, *arrays)]
