"""Batches of examples of like length."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from pmt_core import RandomStream, SettingsError, ShapeError

__all__ = ["BucketBatches"]

B = TypeVar("B")

_POOL = 64  # batches; large enough that a sorted pool has little padding, small against an epoch


class BucketBatches(Generic[B]):
    """Parts examples into batches whose lengths are alike, so that padding is rare.

    lengths: (n,), of the examples. batch_size: the most examples of a batch; one batch an epoch
    may have fewer. collate: makes the batch of an array of indices (b,) int64. stream: names the
    random order; None sorts all examples by length, the same in every epoch, as for evaluation.

    With a stream, epoch e shuffles the examples, sorts pools of 64 batches by length, cuts them
    into batches and shuffles those: a pure function of (stream, e), so that an interrupted epoch
    can be taken up again. Every example comes once an epoch. May be iterated as often as wanted.
    """

    def __init__(
        self,
        lengths: Sequence[int] | NDArray[np.integer],
        batch_size: int,
        collate: Callable[[NDArray[np.int64]], B],
        stream: RandomStream | None = None,
    ) -> None:
        self.lengths = np.asarray(lengths, np.int64)
        if self.lengths.ndim != 1:
            raise ShapeError(f"lengths must be (n,), not {self.lengths.shape}")
        if batch_size < 1:
            raise SettingsError(f"batch_size must be 1 or more, not {batch_size}")
        self.batch_size = batch_size
        self.collate = collate
        self.stream = stream

    def __len__(self) -> int:
        """The number of batches in an epoch."""
        return -(-len(self.lengths) // self.batch_size)

    def __iter__(self) -> Iterator[B]:
        """Epoch 0."""
        return self.epoch(0)

    def epoch(self, number: int, start: int = 0) -> Iterator[B]:
        """The batches of one epoch, from its batch `start` on; those before are not collated."""
        for indices in self.indices(number)[start:]:
            yield self.collate(indices)

    def indices(self, number: int) -> list[NDArray[np.int64]]:
        """The indices (b,) of the examples of each batch of one epoch."""
        if self.stream is None:
            order = np.argsort(self.lengths, kind="stable")
            return self._cut(order)
        rng = self.stream.child("epoch", number).generator()
        order = rng.permutation(len(self.lengths))
        pool = _POOL * self.batch_size
        for begin in range(0, len(order), pool):
            part = order[begin : begin + pool]
            order[begin : begin + pool] = part[np.argsort(self.lengths[part], kind="stable")]
        batches = self._cut(order)
        return [batches[i] for i in rng.permutation(len(batches))]

    def _cut(self, order: NDArray[np.int64]) -> list[NDArray[np.int64]]:
        size = self.batch_size
        return [order[begin : begin + size] for begin in range(0, len(order), size)]
