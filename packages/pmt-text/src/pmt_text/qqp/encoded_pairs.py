"""A data set of question pairs as flat arrays of ids."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pmt_core import ShapeError
from pmt_text.batching.ragged import gather_rows
from pmt_text.qqp.pair_batch import PairBatch

__all__ = ["EncodedPairs"]


@dataclass(frozen=True, slots=True, eq=False)
class EncodedPairs:
    """n encoded pairs, m tokens in all, laid end to end; pair i has those of offsets[i : i + 2].

    ids: (m,) int32. segments, match_types: (m,) int8; what they mean is told at `PairBatch`.
    offsets: (n + 1,) int64. labels: (n,) int64 or None. features: (n, k) float32 or None.
    About 6 bytes a token: 400,000 pairs take some 70 MB, and 4 k bytes each for their features.
    """

    ids: NDArray[np.int32]
    segments: NDArray[np.int8]
    match_types: NDArray[np.int8]
    offsets: NDArray[np.int64]
    labels: NDArray[np.int64] | None = None
    features: NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        if self.features is not None and len(self.features) != len(self):
            raise ShapeError(f"{len(self)} pairs need as many features: {self.features.shape}")
        if self.labels is not None and self.labels.shape != (len(self),):
            raise ShapeError(f"{len(self)} pairs need labels ({len(self)},): {self.labels.shape}")

    @classmethod
    def joined(cls, parts: Sequence[EncodedPairs]) -> EncodedPairs:
        """All pairs of several data sets, in their order; labels and features where all have them.

        Raises ShapeError where there are no parts.
        """
        if not parts:
            raise ShapeError("to join data sets there must be at least one")
        labels = [part.labels for part in parts if part.labels is not None]
        features = [part.features for part in parts if part.features is not None]
        lengths = np.concatenate([np.zeros(1, np.int64), *(part.lengths for part in parts)])
        return cls(
            ids=np.concatenate([part.ids for part in parts]),
            segments=np.concatenate([part.segments for part in parts]),
            match_types=np.concatenate([part.match_types for part in parts]),
            offsets=np.cumsum(lengths),
            labels=np.concatenate(labels) if len(labels) == len(parts) else None,
            features=np.concatenate(features) if len(features) == len(parts) else None,
        )

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def lengths(self) -> NDArray[np.int64]:
        """The tokens in each pair, (n,), special tokens included."""
        return np.diff(self.offsets)

    def batch(self, indices: NDArray[np.integer]) -> PairBatch:
        """The pairs at `indices` (b,), in that order, as wide as the longest of them."""
        rows = gather_rows(self.offsets, indices)
        return PairBatch(
            ids=rows.take(self.ids, np.int64(0)),
            segments=rows.take(self.segments, np.int64(0)),
            match_types=rows.take(self.match_types, np.int64(0)),
            mask=rows.mask,
            labels=None if self.labels is None else self.labels[rows.index],
            index=rows.index,
            features=None if self.features is None else self.features[rows.index],
        )
