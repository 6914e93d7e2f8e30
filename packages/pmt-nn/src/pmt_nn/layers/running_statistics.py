"""Batch statistics of normalization layers, from the pass to the running statistics.

Several threads or processes may run a forward pass at once, each on a shard of the batch. A pass
therefore does not write to the module: it reports its statistics to the collector of its thread,
and the shards are merged in their order, which gives the same bits whatever thread was first:

    with collecting_statistics() as statistics:
        loss = ...                                        # in the thread of each shard
    apply_statistics([statistics_of_shard_0, ...])        # once, after the last shard

Without a collector, a training pass updates the running statistics at once, which is right for a
program with one thread. This is no `operation_hook`, because it changes state even if nobody looks,
and must not cost the fast path of every operation in training.
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
    """Mean and variance of one batch or shard, per channel, and the buffers that receive them.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import BatchNorm1d, collecting_statistics
        >>> norm = BatchNorm1d(1)
        >>> with collecting_statistics() as statistics:
        ...     y = norm(np.array([[1], [3]], np.float32))
        >>> statistics[0].mean, statistics[0].variance, statistics[0].count
        (array([2.], dtype=float32), array([1.], dtype=float32), 2)
    """

    mean: Array  # (c,)
    variance: Array  # (c,), divided by `count`
    count: int  # number of elements per channel
    running_mean: Buffer
    running_variance: Buffer
    momentum: float  # weight of the new batch in the running statistics


ShardStatistics = list[BatchStatistics]


class _Collector(threading.local):
    """The statistics of the calling thread's passes; None if they are applied at once."""

    statistics: ShardStatistics | None = None


_collector = _Collector()


@contextmanager
def collecting_statistics() -> Iterator[ShardStatistics]:
    """Collect the thread's batch statistics for `apply_statistics`, instead of applying them.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import BatchNorm1d, apply_statistics, collecting_statistics
        >>> norm = BatchNorm1d(1, momentum=0.5)
        >>> with collecting_statistics() as statistics:
        ...     y = norm(np.array([[1], [3]], np.float32))
        >>> norm.running_mean.data  # not yet
        array([0.], dtype=float32)
        >>> apply_statistics([statistics])
        >>> norm.running_mean.data
        array([1.], dtype=float32)
    """
    before, statistics = _collector.statistics, ShardStatistics()
    _collector.statistics = statistics
    try:
        yield statistics
    finally:
        _collector.statistics = before


def report_statistics(statistics: BatchStatistics) -> None:
    """Add statistics to the collector, or apply them at once if there is none."""
    if _collector.statistics is None:
        apply_statistics([[statistics]])
    else:
        _collector.statistics.append(statistics)


def apply_statistics(shards: Sequence[ShardStatistics]) -> None:
    """Update the running statistics with those of the shards of one batch.

    The n-th passes of all shards through a layer belong to one batch: their pooled mean and
    variance are those of the whole batch. The result depends on the order of `shards` only.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import BatchNorm1d, apply_statistics, collecting_statistics
        >>> norm, x = BatchNorm1d(1, momentum=1.0), np.array([[1], [3], [6], [10]], np.float32)
        >>> shards = []
        >>> for part in (x[:2], x[2:]):
        ...     with collecting_statistics() as statistics:
        ...         y = norm(part)
        ...     shards.append(statistics)
        >>> apply_statistics(shards)
        >>> norm.running_mean.data, float(x.mean())  # of all four examples
        (array([5.], dtype=float32), 5.0)
    """
    by_pass: dict[tuple[int, int], ShardStatistics] = {}
    for shard in shards:
        passes: dict[int, int] = {}
        for statistics in shard:
            layer = id(statistics.running_mean)
            n = passes[layer] = passes.get(layer, -1) + 1
            by_pass.setdefault((layer, n), []).append(statistics)
    with _writing:
        for parts in by_pass.values():
            first, (count, mean, squares) = parts[0], _pooled(parts)
            variance = squares / max(count - 1, 1)  # unbiased
            for buffer, value in ((first.running_mean, mean), (first.running_variance, variance)):
                buffer.data[...] = (1 - first.momentum) * buffer.data + first.momentum * value


def _pooled(parts: ShardStatistics) -> tuple[int, NDArray[np.float64], NDArray[np.float64]]:
    """Return count, mean and sum of squared deviations of all parts (Chan et al. 1979)."""
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
