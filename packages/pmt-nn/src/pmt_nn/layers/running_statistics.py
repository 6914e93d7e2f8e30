"""What batch normalization found in a pass, on its way to the running statistics.

A forward pass may run in several threads or processes at once, a shard of the batch each. So it
does not write to the module: it tells what it found to whoever collects, and the collector merges
the shards in their order, which gives the same bits whatever thread was first:

    with collecting_statistics() as found:
        loss = ...                         # in the thread of each shard
    apply_statistics([found_of_shard_0, found_of_shard_1, ...])   # once, after the last shard

Where nobody collects, a pass in training updates the running statistics at once, which is right
for a program with one thread.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pmt_autograd import Array
from pmt_nn.module.parameter import Buffer

_writing = threading.Lock()


@dataclass(frozen=True, slots=True, eq=False)
class BatchStatistics:
    """Mean and variance of one batch (or shard), per channel.

    Attributes:
        mean, variance: (c,) arrays; the variance divides by `count`.
        count: how many numbers each was made of.
        running_mean, running_variance: the buffers they go to.
        momentum: share of the new batch in the running statistics.
    """

    mean: Array
    variance: Array
    count: int
    running_mean: Buffer
    running_variance: Buffer
    momentum: float


Found = list[BatchStatistics]


class _Collector(threading.local):
    """Where the calling thread puts what it finds."""

    found: Found | None = None


_collector = _Collector()


@contextmanager
def collecting_statistics() -> Iterator[Found]:
    """Within this context the calling thread's passes change no running statistics; what they
    would have changed is in the list, for `apply_statistics`.
    """
    before = _collector.found
    found: Found = []
    _collector.found = found
    try:
        yield found
    finally:
        _collector.found = before


def tell_statistics(statistics: BatchStatistics) -> None:
    """Hand over to the collector, or apply at once where there is none."""
    if _collector.found is None:
        apply_statistics([[statistics]])
    else:
        _collector.found.append(statistics)


def apply_statistics(shards: Sequence[Found]) -> None:
    """Update the running statistics by what the shards of one batch found.

    The n-th pass of each shard through a layer belongs to one batch: their pooled mean and
    variance are those of the whole batch. Deterministic: depends on the order of `shards` alone.
    """
    by_place: dict[tuple[int, int], Found] = {}
    for found in shards:
        passes: dict[int, int] = {}
        for statistics in found:
            layer = id(statistics.running_mean)
            n = passes[layer] = passes.get(layer, -1) + 1
            by_place.setdefault((layer, n), []).append(statistics)
    with _writing:
        for parts in by_place.values():
            _apply(parts)


def _apply(parts: Found) -> None:
    first = parts[0]
    count, mean, squares = _pooled(parts)
    variance = squares / max(count - 1, 1)  # without bias, as of a sample
    for buffer, value in ((first.running_mean, mean), (first.running_variance, variance)):
        buffer.data[...] = (1 - first.momentum) * buffer.data + first.momentum * value


def _pooled(parts: Found) -> tuple[int, NDArray[np.float64], NDArray[np.float64]]:
    """Count, mean, and sum of squared deviations of all parts together (Chan et al. 1979)."""
    count, mean, squares = 0, np.zeros(1), np.zeros(1)
    for part in parts:
        if not part.count:
            continue
        total = count + part.count
        gap = part.mean.astype(np.float64) - mean
        mean = mean + gap * (part.count / total)
        squares = squares + part.variance.astype(np.float64) * part.count
        squares = squares + np.square(gap) * (count * part.count / total)
        count = total
    return count, mean, squares
