"""A batch of question pairs as rectangular arrays."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pmt_core import SettingsError

__all__ = ["PairBatch"]


@dataclass(frozen=True, slots=True, eq=False)
class PairBatch:
    """b question pairs, each as ``<cls> question1 <sep> question2 <sep>``, padded on the right.

    ids: (b, t) int64, token ids; 0, the id of ``<pad>``, in the padding.
    segments: (b, t) int64, 0 up to the first ``<sep>``, 1 after it.
    match_types: (b, t) int64, 0 special token or padding, 1 a token that does not occur in the
        other question, 2 one that does; or the output of `match_types`, see `PairEncoder`.
    mask: (b, t) bool, True where a token stands ("attend here").
    labels: (b,) int64, 1 duplicate or 0 not; None where they are not known.
    index: (b,) int64, the place of each pair in the data set.
    features: (b, k) float32, what is known of each pair beside its tokens; None: nothing.
    """

    ids: NDArray[np.int64]
    segments: NDArray[np.int64]
    match_types: NDArray[np.int64]
    mask: NDArray[np.bool_]
    labels: NDArray[np.int64] | None
    index: NDArray[np.int64]
    features: NDArray[np.float32] | None = None

    def __len__(self) -> int:
        return len(self.index)

    def shard(self, i: int, n: int) -> PairBatch:
        """Rows i, i + n, i + 2n, ... as a batch no wider than its longest row.

        The n shards hold every row once; one is empty, (0, 0), where the batch has too few rows.
        The arrays are views of this batch's.
        """
        if not 0 <= i < n:
            raise SettingsError(f"shard {i} of {n}: expected 0 <= i < n")
        mask = self.mask[i::n]
        width = int(mask.sum(axis=1).max(initial=0))
        return PairBatch(
            ids=self.ids[i::n, :width],
            segments=self.segments[i::n, :width],
            match_types=self.match_types[i::n, :width],
            mask=mask[:, :width],
            labels=None if self.labels is None else self.labels[i::n],
            index=self.index[i::n],
            features=None if self.features is None else self.features[i::n],
        )

    def swapped(self) -> PairBatch:
        """The same pairs with the questions in the other order: ``<cls> question2 <sep> ...``.

        Matches and features say the same of a pair in either order.
        """
        later = np.where(self.segments == 1, 1, 2)  # question2 and its <sep>, then question1's
        later[:, :1] = 0  # but first of all <cls>
        order = np.argsort(np.where(self.mask, later, 3), axis=1, kind="stable")
        segments = np.where(self.mask, 1 - self.segments, 0)
        segments[:, :1] = 0

        def sorted_like(x: NDArray[np.int64]) -> NDArray[np.int64]:
            return np.take_along_axis(x, order, axis=1)

        return replace(
            self,
            ids=sorted_like(self.ids),
            segments=sorted_like(segments),
            match_types=sorted_like(self.match_types),
        )
