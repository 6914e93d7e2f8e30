"""Rows of different lengths, laid end to end, gathered into a padded batch.

Many sequences of ids as one flat array.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from pmt_core import ShapeError

__all__ = ["TokenSequences"]

S = TypeVar("S", bound=np.generic)


@dataclass(frozen=True, slots=True, eq=False)
class RaggedPlaces:
    """Where the items of chosen rows stand in the flat arrays.

    index: (b,) int64, the chosen rows. mask: (b, t), True where a row has an item. places: (b, t),
    the items' places in the flat arrays, 0 in the padding.
    """

    index: NDArray[np.int64]
    mask: NDArray[np.bool_]
    places: NDArray[np.int64]

    def take(self, flat: NDArray[Any], padding: S) -> NDArray[S]:
        """The rows of a flat array (m,) -> (b, t) of the dtype of `padding`, which fills up."""
        if not len(flat):
            return np.full(self.mask.shape, padding)
        taken = flat[self.places].astype(padding.dtype)
        taken[~self.mask] = padding
        return taken


def gather_rows(offsets: NDArray[np.int64], indices: NDArray[np.integer]) -> RaggedPlaces:
    """Where the rows at `indices` (b,) stand, in that order, as wide as the longest of them.

    offsets: (n + 1,); row i has the items offsets[i] to offsets[i + 1] - 1 of the flat arrays.
    Raises ShapeError for indices that are not (b,), or not in 0 to n - 1.
    """
    index = np.asarray(indices, np.int64)
    n = len(offsets) - 1
    if index.ndim != 1:
        raise ShapeError(f"indices must be (b,), not {index.shape}")
    if index.size and not (index.min() >= 0 and index.max() < n):
        raise ShapeError(f"indices must lie in 0 to {n - 1}: {index.min()} to {index.max()}")
    starts = offsets[index]
    lengths = offsets[index + 1] - starts
    steps = np.arange(lengths.max(initial=0))
    mask = steps < lengths[:, np.newaxis]
    return RaggedPlaces(index, mask, np.where(mask, starts[:, np.newaxis] + steps, 0))


@dataclass(frozen=True, slots=True, eq=False)
class TokenSequences:
    """n sequences, m ids in all, laid end to end; sequence i has those of offsets[i : i + 2].

    ids: (m,) int32. offsets: (n + 1,) int64. 4 bytes a token, whatever the lengths.
    """

    ids: NDArray[np.int32]
    offsets: NDArray[np.int64]

    @classmethod
    def of(cls, sequences: Iterable[NDArray[np.integer]]) -> TokenSequences:
        """Lay sequences (each (t,), of ids) end to end."""
        parts = [np.asarray(sequence, np.int32) for sequence in sequences]
        offsets = np.zeros(len(parts) + 1, np.int64)
        offsets[1:] = np.cumsum([len(part) for part in parts])
        return cls(np.concatenate([np.empty(0, np.int32), *parts]), offsets)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, i: int) -> NDArray[np.int32]:
        """The ids (t,) of sequence i."""
        return self.ids[self.offsets[i] : self.offsets[i + 1]]

    @property
    def lengths(self) -> NDArray[np.int64]:
        """The ids in each sequence, (n,)."""
        return np.diff(self.offsets)

    def padded(
        self, indices: NDArray[np.integer], value: int = 0
    ) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """The sequences at `indices` (b,), in that order, as wide as the longest of them.

        Returns (ids (b, t), `value` in the padding; mask (b, t), True where an id stands).
        """
        places = gather_rows(self.offsets, indices)
        return places.take(self.ids, np.int64(value)), places.mask
