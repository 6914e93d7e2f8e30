"""Encoded question pairs: flat arrays of a data set, and padded batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pmt_core import ShapeError
from pmt_text.batching.ragged import IndexedBatch, Ragged, shard_rows, trimmed


@dataclass(frozen=True, slots=True, eq=False)
class PairBatch(IndexedBatch):
    """b question pairs, ``<cls> question1 <sep> question2 <sep>``, padded on the right.

    Attributes:
        ids: token ids, 0 (``<pad>``) in the padding, (b, t) int64.
        segments: 0 up to the first ``<sep>``, 1 after it, (b, t) int64.
        match_types: 0 for special tokens and padding, 1 for a token that does not occur in the
            other question, 2 for one that does, (b, t) int64; or those of `match_types`, if the
            encoder has an idf.
        mask: True at each token, (b, t) bool.
        labels: 1 duplicate, 0 not, (b,) int64; None if unknown.
        features: further features of each pair, (b, k) float32, or None.

    Examples:
        >>> import numpy as np
        >>> from pmt_text import PairEncoder, Vocabulary
        >>> encoder = PairEncoder(Vocabulary.build([["who", "is", "he"]]))
        >>> data = encoder.encode([("Who is he?", "Who?"), ("He?", "Is he?")])
        >>> batch = data.batch(np.array([0, 1]))
        >>> batch.ids.shape, batch.mask.sum(axis=1)
        ((2, 9), array([9, 8]))
        >>> batch.segments[0]
        array([0, 0, 0, 0, 0, 0, 1, 1, 1])
        >>> batch.swapped().ids[0]  # 2 is <cls>, 3 is <sep>
        array([2, 7, 1, 3, 7, 6, 5, 1, 3])
    """

    ids: NDArray[np.int64]
    segments: NDArray[np.int64]
    match_types: NDArray[np.int64]
    mask: NDArray[np.bool_]
    labels: NDArray[np.int64] | None
    features: NDArray[np.float32] | None = None

    def shard(self, i: int, n: int) -> PairBatch:
        """Return views of rows i, i + n, ..., without needless padding; see `shard_rows`."""
        rows = shard_rows(i, n)
        mask, ids, segments, match_types = trimmed(
            rows, self.mask, self.ids, self.segments, self.match_types
        )
        labels = None if self.labels is None else self.labels[rows]
        features = None if self.features is None else self.features[rows]
        return PairBatch(ids, segments, match_types, mask, labels, features, index=self.index[rows])

    def swapped(self) -> PairBatch:
        """Return the pairs with their questions in the other order: ``<cls> question2 <sep> ...``.

        Match types and features of a pair are the same in either order.
        """
        later = np.where(self.segments == 1, 1, 2)  # question2 and its <sep>, then question1's
        later[:, :1] = 0  # but <cls> first
        order = np.argsort(np.where(self.mask, later, 3), axis=1, kind="stable")
        segments = np.where(self.mask, 1 - self.segments, 0)
        segments[:, :1] = 0

        ids, segments, match_types = (
            np.take_along_axis(x, order, axis=1) for x in (self.ids, segments, self.match_types)
        )
        return replace(self, ids=ids, segments=segments, match_types=match_types)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class EncodedPairs(Ragged):
    """n encoded pairs of m tokens in all; see `PairBatch`.

    About 6 bytes per token: 400,000 pairs take some 70 MB, and 4 k bytes each for their features.

    Attributes:
        ids: token ids, (m,) int32.
        segments: 0 or 1 for each token, (m,) int8.
        match_types: of each token, (m,) int8.
        labels: (n,) int64, or None if unknown.
        features: (n, k) float32, or None.

    Examples:
        >>> import numpy as np
        >>> from pmt_text import EncodedPairs, PairEncoder, Vocabulary
        >>> encoder = PairEncoder(Vocabulary.build([["who", "is", "he"]]))
        >>> train = encoder.encode([("Who is he?", "Who?"), ("He?", "Is he?")], [0, 1])
        >>> len(train), train.lengths
        (2, array([9, 8]))
        >>> more = encoder.encode([("Is he?", "Is he who?")], [0])
        >>> EncodedPairs.joined([train, more]).batch(np.array([2, 0])).labels
        array([0, 0])
    """

    ids: NDArray[np.int32]
    segments: NDArray[np.int8]
    match_types: NDArray[np.int8]
    labels: NDArray[np.int64] | None = None
    features: NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        if self.features is not None and len(self.features) != len(self):
            raise ShapeError(f"{len(self)} pairs need as many features: {self.features.shape}")
        if self.labels is not None and self.labels.shape != (len(self),):
            raise ShapeError(f"{len(self)} pairs need labels ({len(self)},): {self.labels.shape}")

    @classmethod
    def joined(cls, parts: Sequence[EncodedPairs]) -> EncodedPairs:
        """Concatenate data sets (at least one); labels and features are kept if all have them."""
        if not parts:
            raise ShapeError("expected at least one data set to join")
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

    def batch(self, indices: NDArray[np.integer]) -> PairBatch:
        """Return the pairs at `indices` (b,), in that order."""
        rows = self.rows(indices)
        arrays = (self.ids, self.segments, self.match_types)
        ids, segments, match_types = (rows.take(flat, np.int64(0)) for flat in arrays)
        labels = None if self.labels is None else self.labels[rows.index]
        features = None if self.features is None else self.features[rows.index]
        return PairBatch(ids, segments, match_types, rows.mask, labels, features, index=rows.index)
