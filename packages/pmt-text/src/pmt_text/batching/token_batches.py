"""Batches of about the same number of tokens, their examples of like length."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from pmt_core import RandomStream, SettingsError, ShapeError

__all__ = ["TokenBatches"]

B = TypeVar("B")

_NOISE = 2.0  # tokens; examples whose lengths differ by less may come in any order


class TokenBatches(Generic[B]):
    """Parts examples into batches of up to `tokens` tokens: many short ones or a few long ones.

    lengths: (n,), or (n, k) for examples of k sequences, e.g. a sentence and its translation. The
    tokens of a batch are its rows times its longest sequence, of whatever kind, so padding counts
    too. An example longer than `tokens` is a batch of its own. collate: makes the batch of an
    array of indices (b,) int64. stream: names the random order; None: sorted by length, the same
    in every epoch, as for evaluation.

    All examples are sorted by their longest sequence, so that the number of batches and their
    sizes are the same in every epoch. Which of the examples of equal length stand together, those
    with other sequences of about one length side by side, and the order of the batches are drawn
    anew: epoch e is a pure function of (stream, e), so that an interrupted epoch can be taken up
    again. Every example comes once an epoch. May be iterated as often as wanted.
    """

    def __init__(
        self,
        lengths: Sequence[int] | NDArray[np.integer],
        tokens: int,
        collate: Callable[[NDArray[np.int64]], B],
        stream: RandomStream | None = None,
    ) -> None:
        self.lengths = np.asarray(lengths, np.int64)
        if self.lengths.ndim == 1:
            self.lengths = self.lengths[:, np.newaxis]
        if self.lengths.ndim != 2 or not self.lengths.shape[1]:
            raise ShapeError(f"lengths must be (n,) or (n, k), not {np.shape(lengths)}")
        if tokens < 1:
            raise SettingsError(f"tokens must be 1 or more, not {tokens}")
        self.tokens = tokens
        self.collate = collate
        self.stream = stream
        self._longest = self.lengths.max(axis=1)
        self._ends = _batch_ends(np.sort(self._longest), tokens)

    def __len__(self) -> int:
        """The number of batches in an epoch."""
        return len(self._ends)

    def __iter__(self) -> Iterator[B]:
        """Epoch 0."""
        return self.epoch(0)

    def epoch(self, number: int, start: int = 0) -> Iterator[B]:
        """The batches of one epoch, from its batch `start` on; those before are not collated."""
        for indices in self.indices(number)[start:]:
            yield self.collate(indices)

    def indices(self, number: int) -> list[NDArray[np.int64]]:
        """The indices (b,) of the examples of each batch of one epoch."""
        others = self.lengths.sum(axis=1).astype(np.float64)
        if self.stream is None:
            return self._cut(np.lexsort((others, self._longest)))
        rng = self.stream.child("epoch", number).generator()
        others += rng.random(len(others)) * _NOISE
        batches = self._cut(np.lexsort((others, self._longest)))
        return [batches[i] for i in rng.permutation(len(batches))]

    def _cut(self, order: NDArray[np.int64]) -> list[NDArray[np.int64]]:
        return np.split(order, self._ends[:-1]) if self._ends else []


def _batch_ends(longest: NDArray[np.int64], tokens: int) -> list[int]:
    """Where each batch ends when examples of these lengths, sorted, are put into batches."""
    ends = []
    start = 0
    for i, length in enumerate(longest.tolist()):
        if i > start and (i + 1 - start) * length > tokens:
            ends.append(i)
            start = i
    return [*ends, len(longest)] if len(longest) else []
