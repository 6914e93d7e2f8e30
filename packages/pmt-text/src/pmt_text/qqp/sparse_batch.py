"""Examples as bags of weighted features: what a linear model reads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pmt_core import SettingsError, ShapeError
from pmt_text.batching.ragged import gather_rows

__all__ = ["BagBatch", "EncodedBags"]


@dataclass(frozen=True, slots=True, eq=False)
class BagBatch:
    """b bags, padded on the right with feature 0 at value 0, which adds nothing to a sum.

    ids: (b, t) int64 feature numbers. values: (b, t) float32, how much there is of each.
    scores: (b, k) float32, features that every example has. labels: (b,) int64 or None.
    index: (b,) int64, the place of each example in the data set.
    """

    ids: NDArray[np.int64]
    values: NDArray[np.float32]
    scores: NDArray[np.float32]
    labels: NDArray[np.int64] | None
    index: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.index)

    def shard(self, i: int, n: int) -> BagBatch:
        """Rows i, i + n, i + 2n, ...; the n shards hold every row once. Views, no copies."""
        if not 0 <= i < n:
            raise SettingsError(f"shard {i} of {n}: expected 0 <= i < n")
        return BagBatch(
            self.ids[i::n],
            self.values[i::n],
            self.scores[i::n],
            None if self.labels is None else self.labels[i::n],
            self.index[i::n],
        )


@dataclass(frozen=True, slots=True, eq=False)
class EncodedBags:
    """n bags, m features in all, laid end to end; bag i has those of offsets[i : i + 2].

    ids: (m,) int32. values: (m,) float32. offsets: (n + 1,) int64. scores: (n, k) float32.
    labels: (n,) int64 or None.
    """

    ids: NDArray[np.int32]
    values: NDArray[np.float32]
    offsets: NDArray[np.int64]
    scores: NDArray[np.float32]
    labels: NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        if len(self.scores) != len(self):
            raise ShapeError(f"{len(self)} bags need {len(self)} rows of scores")
        if self.labels is not None and self.labels.shape != (len(self),):
            raise ShapeError(f"{len(self)} bags need labels ({len(self)},): {self.labels.shape}")

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def lengths(self) -> NDArray[np.int64]:
        """The features in each bag, (n,)."""
        return np.diff(self.offsets)

    def batch(self, indices: NDArray[np.integer]) -> BagBatch:
        """The bags at `indices` (b,), in that order, as wide as the largest of them."""
        places = gather_rows(self.offsets, indices)
        ids = places.take(self.ids, np.int64(0))
        values = places.take(self.values, np.float32(0))
        index = places.index
        labels = None if self.labels is None else self.labels[index]
        return BagBatch(ids, values, self.scores[index], labels, index)
