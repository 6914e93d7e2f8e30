"""A batch of sentences and their translations as rectangular arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pmt_core import SettingsError

__all__ = ["TranslationBatch"]


@dataclass(frozen=True, slots=True, eq=False)
class TranslationBatch:
    """b sentences and what is to be written for them, padded on the right.

    source: (b, s) int64, ``x1 ... xn <sep>``. source_mask: (b, s) bool, True where a token stands.
    target: (b, t) int64, what the decoder reads: ``<cls> y1 ... ym``. target_mask: (b, t) bool.
    labels: (b, t) int64, what it is to write at the same place: ``y1 ... ym <sep>``; where the
        mask is False they mean nothing.
    index: (b,) int64, the place of each pair in the data set.
    """

    source: NDArray[np.int64]
    source_mask: NDArray[np.bool_]
    target: NDArray[np.int64]
    target_mask: NDArray[np.bool_]
    labels: NDArray[np.int64]
    index: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.index)

    def shard(self, i: int, n: int) -> TranslationBatch:
        """Rows i, i + n, i + 2n, ... as a batch no wider than its longest rows.

        The n shards hold every row once; one is empty, (0, 0), where the batch has too few rows.
        The arrays are views of this batch's.
        """
        if not 0 <= i < n:
            raise SettingsError(f"shard {i} of {n}: expected 0 <= i < n")
        source_mask, target_mask = self.source_mask[i::n], self.target_mask[i::n]
        s = int(source_mask.sum(axis=1).max(initial=0))
        t = int(target_mask.sum(axis=1).max(initial=0))
        return TranslationBatch(
            source=self.source[i::n, :s],
            source_mask=source_mask[:, :s],
            target=self.target[i::n, :t],
            target_mask=target_mask[:, :t],
            labels=self.labels[i::n, :t],
            index=self.index[i::n],
        )
