"""Many sequences of ids as one flat array."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pmt_text.ragged_places import ragged_places

__all__ = ["TokenSequences"]


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
        places = ragged_places(self.offsets, indices)
        return places.take(self.ids, np.int64(value)), places.mask
