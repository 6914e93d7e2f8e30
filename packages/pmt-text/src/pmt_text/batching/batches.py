"""Batches of examples of similar length, and a curriculum of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from pmt_core import RandomStream, SettingsError, ShapeError
from pmt_text.files.errors import check_at_least

B = TypeVar("B")

_POOL = 64  # batches; large enough that a sorted pool has little padding, small against an epoch
_NOISE = 2.0  # tokens; examples whose lengths differ by less may come in any order


class _LengthBatches(ABC, Generic[B]):
    """Epochs of batches, given the indices of the examples of each batch."""

    def __init__(
        self, collate: Callable[[NDArray[np.int64]], B], stream: RandomStream | None
    ) -> None:
        self.collate = collate
        self.stream = stream

    @abstractmethod
    def _batches(self, rng: np.random.Generator | None) -> list[NDArray[np.int64]]:
        """Return the indices of the examples of each batch; without an rng, sorted by length."""

    def indices(self, number: int) -> list[NDArray[np.int64]]:
        """Return the indices (b,) of the examples of each batch of one epoch."""
        if self.stream is None:
            return self._batches(None)
        rng = self.stream.child("epoch", number).generator()
        batches = self._batches(rng)
        return [batches[i] for i in rng.permutation(len(batches))]

    def __iter__(self) -> Iterator[B]:
        return self.epoch(0)

    def epoch(self, number: int, start: int = 0) -> Iterator[B]:
        """Yield the batches of an epoch from batch `start` on; earlier ones are not collated."""
        for indices in self.indices(number)[start:]:
            yield self.collate(indices)


class BucketBatches(_LengthBatches[B]):
    """Batches of a fixed number of examples of similar length, so that there is little padding.

    With a stream, an epoch shuffles the examples, sorts pools of 64 batches by length, cuts them
    into batches and shuffles those. Epoch e is a pure function of (stream, e), so an interrupted
    epoch can be resumed. Each example occurs once per epoch; one batch may have fewer examples.

    Args:
        lengths: of the n examples, (n,).
        batch_size: examples of a batch.
        collate: makes a batch from an array of indices (b,) int64.
        stream: names the random order; if None, examples are sorted by length, as for evaluation.

    Raises:
        ShapeError: if the lengths are not (n,).
        SettingsError: if the batch size is below 1.

    Examples:
        >>> from pmt_core import RandomStream
        >>> from pmt_text import BucketBatches
        >>> lengths = [3, 9, 2, 8, 3, 7]
        >>> batches = BucketBatches(lengths, 2, lambda rows: [lengths[row] for row in rows])
        >>> list(batches)  # similar lengths together, so there is little padding
        [[2, 3], [3, 7], [8, 9]]
        >>> shuffled = BucketBatches(lengths, 2, batches.collate, RandomStream(0))
        >>> list(shuffled.epoch(3)) == list(shuffled.epoch(3))
        True
    """

    def __init__(
        self,
        lengths: Sequence[int] | NDArray[np.integer],
        batch_size: int,
        collate: Callable[[NDArray[np.int64]], B],
        stream: RandomStream | None = None,
    ) -> None:
        super().__init__(collate, stream)
        self.lengths = np.asarray(lengths, np.int64)
        if self.lengths.ndim != 1:
            raise ShapeError(f"lengths must be (n,), not {self.lengths.shape}")
        check_at_least(1, batch_size=batch_size)
        self.batch_size = batch_size

    def __len__(self) -> int:
        return -(-len(self.lengths) // self.batch_size)

    def _batches(self, rng: np.random.Generator | None) -> list[NDArray[np.int64]]:
        n, size = len(self.lengths), self.batch_size
        order = np.arange(n) if rng is None else rng.permutation(n)
        pool = n if rng is None else _POOL * size
        for begin in range(0, n, max(pool, 1)):
            part = order[begin : begin + pool]
            order[begin : begin + pool] = part[np.argsort(self.lengths[part], kind="stable")]
        return [order[begin : begin + size] for begin in range(0, n, size)]


class TokenBatches(_LengthBatches[B]):
    """Batches of up to `tokens` tokens: many short examples or a few long ones.

    The tokens of a batch are its rows times its longest sequence, so padding counts. An example
    longer than `tokens` is a batch by itself. All examples are sorted by their longest sequence, so
    the number and sizes of the batches are the same in each epoch. The order of the batches and of
    examples of equal length, grouped by their other sequences, is random: epoch e is a pure
    function of (stream, e). Each example occurs once per epoch.

    Args:
        lengths: (n,), or (n, k) for examples of k sequences, e.g. a sentence and its translation.
        tokens: largest number of tokens of a batch.
        collate: makes a batch from an array of indices (b,) int64.
        stream: names the random order; if None, batches are sorted by length.

    Raises:
        ShapeError: if the lengths are not (n,) or (n, k).
        SettingsError: if the number of tokens is below 1.

    Examples:
        >>> from pmt_text import TokenBatches
        >>> lengths = [3, 9, 2, 8, 3, 7]
        >>> batches = TokenBatches(lengths, 10, lambda rows: [lengths[row] for row in rows])
        >>> list(batches)  # rows times the longest: at most 10 tokens
        [[2, 3, 3], [7], [8], [9]]
    """

    def __init__(
        self,
        lengths: Sequence[int] | NDArray[np.integer],
        tokens: int,
        collate: Callable[[NDArray[np.int64]], B],
        stream: RandomStream | None = None,
    ) -> None:
        super().__init__(collate, stream)
        self.lengths = np.asarray(lengths, np.int64)
        if self.lengths.ndim == 1:
            self.lengths = self.lengths[:, np.newaxis]
        if self.lengths.ndim != 2 or not self.lengths.shape[1]:
            raise ShapeError(f"lengths must be (n,) or (n, k), not {np.shape(lengths)}")
        check_at_least(1, tokens=tokens)
        self.tokens = tokens
        self._max_lengths = self.lengths.max(axis=1)
        self._ends = _batch_ends(np.sort(self._max_lengths), tokens)

    def __len__(self) -> int:
        return len(self._ends)

    def _batches(self, rng: np.random.Generator | None) -> list[NDArray[np.int64]]:
        totals = self.lengths.sum(axis=1).astype(np.float64)
        if rng is not None:
            totals += rng.random(len(totals)) * _NOISE
        order = np.lexsort((totals, self._max_lengths))
        return np.split(order, self._ends[:-1]) if self._ends else []


def _batch_ends(lengths: NDArray[np.int64], tokens: int) -> list[int]:
    """Return the end of each batch of examples with these sorted lengths."""
    ends = []
    start = 0
    for i, length in enumerate(lengths.tolist()):
        if i > start and (i + 1 - start) * length > tokens:
            ends.append(i)
            start = i
    return [*ends, len(lengths)] if len(lengths) else []


class Curriculum(Generic[B]):
    """Epochs over one data set, then epochs over another (Bengio et al. 2009).

    Args:
        phases: (batches, number of epochs) of each phase. Epochs after the last phase repeat it.

    Raises:
        SettingsError: if there is no phase, or a number of epochs is negative.

    Examples:
        >>> from pmt_text import BucketBatches, Curriculum
        >>> easy = BucketBatches([1, 1], 1, lambda rows: f"easy {rows}")
        >>> hard = BucketBatches([5, 5], 2, lambda rows: f"hard {rows}")
        >>> curriculum = Curriculum([(easy, 2), (hard, 1)])
        >>> curriculum.steps()
        [4, 1]
        >>> list(curriculum.epoch(1)), list(curriculum.epoch(2))
        (['easy [0]', 'easy [1]'], ['hard [0 1]'])
    """

    def __init__(self, phases: Sequence[tuple[BucketBatches[B], int]]) -> None:
        if not phases or any(epochs < 0 for _, epochs in phases):
            raise SettingsError(
                "phases are (batches, number of epochs, 0 or more), at least one of them"
            )
        self.phases = tuple(phases)

    def __len__(self) -> int:
        return sum(self.steps())

    def steps(self) -> list[int]:
        """Return the number of batches of each phase, over all its epochs."""
        return [len(batches) * epochs for batches, epochs in self.phases]

    def epoch_length(self, n: int) -> int:
        """Return the number of batches of epoch n."""
        return len(self._phase(n)[0])

    def epoch(self, n: int) -> Iterator[B]:
        """Yield the batches of epoch n (0, 1, ...), counted over all phases."""
        batches, n = self._phase(n)
        return batches.epoch(n)

    def _phase(self, n: int) -> tuple[BucketBatches[B], int]:
        """Return the batches of the phase of epoch n, and the number of that epoch within it."""
        for batches, epochs in self.phases[:-1]:
            if n < epochs:
                return batches, n
            n -= epochs
        return self.phases[-1][0], n
