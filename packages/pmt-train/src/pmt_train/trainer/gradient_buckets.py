"""`GradientBuckets`: gradients are summed over the ranks while the backward pass still runs."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from enum import Enum
from typing import TypeVar

from pmt_autograd import Array, Tensor
from pmt_core import RowSparse
from pmt_train.optim.flat_gradients import FlatGradients, ParameterSlot
from pmt_train.optim.flat_parameters import FlatParameters, Shard
from pmt_train.parallel.process_group import ProcessGroup
from pmt_train.trainer.all_reduce import neighboring_slots, sum_over_ranks

T = TypeVar("T")


class _Kind(Enum):
    DENSE, ABSENT = range(2)


OnFinal = Callable[[Tensor, Array | RowSparse], None]


class GradientBuckets:
    """Ranges of the flat gradients that are summed over the ranks as soon as they are complete.

    The first step sums all gradients at its end, and notes which are dense and when each was
    complete on rank 0. From the second step on, neighboring dense gradients form buckets, and a
    thread sums a bucket while the backward pass computes the next ones (Li et al. 2020, section
    3.2). All ranks sum the buckets in the same order. Every element is added in the order of the
    ranks, so the sums do not depend on the buckets, to the bit.

    A step of several batches is summed at its end.

    Args:
        flat: the parameters.
        group: the ranks; `group.bucket_bytes` is the size of a bucket, 0: no buckets.
    """

    def __init__(self, flat: FlatParameters, group: ProcessGroup) -> None:
        self._flat = flat
        self._group = group
        self._slot_of = {slot.parameter: slot for slot in flat.slots}
        self._buckets: list[list[ParameterSlot]] | None = None
        self._arrivals: list[int] = []  # slots in the order in which they were complete
        self._lock = threading.Lock()
        self._thread: ThreadPoolExecutor | None = None
        self._running = False

    @property
    def active(self) -> bool:
        """Whether there are ranks to wait for, and buckets are wanted."""
        return self._group.size > 1 and self._group.bucket_bytes > 0

    def start(self, shards: Sequence[T], is_only: bool) -> list[tuple[T, OnFinal | None]]:
        """Begin a batch; return its shards, each with what is called for complete gradients.

        is_only: whether it is the only batch of the step.
        """
        self._running = self.active and is_only
        if not self._running:
            return [(shard, None) for shard in shards]
        self._shards = len(shards)
        self._parts: dict[int, dict[int, Array | RowSparse]] = {}
        self._done: dict[int, RowSparse | _Kind] = {}  # slots that are in a bucket
        self._missing = [len(bucket) for bucket in self._buckets or ()]
        self._next = 0  # bucket
        self._sums: list[Future[None]] = []
        self._bucket_of = {
            slot.index: i for i, bucket in enumerate(self._buckets or ()) for slot in bucket
        }
        return [(shard, self._receiver(i)) for i, shard in enumerate(shards)]

    def finish(self, shards: Sequence[Shard]) -> Sequence[Shard]:
        """Sum the buckets that are left, wait for all; return the gradients that are in none."""
        if not self._running:
            return shards
        for bucket in (self._buckets or ())[self._next :]:
            for slot in bucket:
                if slot.index not in self._done:  # not on this rank, or not in all of its shards
                    parts = [shard[slot.parameter] for shard in shards if slot.parameter in shard]
                    self._add(slot, parts)
            self._submit(bucket)
        for future in self._sums:
            future.result()
        done = {self._flat.slots[index].parameter for index in self._done}
        return [{p: part for p, part in shard.items() if p not in done} for shard in shards]

    def sum(self, gathered: FlatGradients) -> FlatGradients:
        """Return the sum over the ranks of what was gathered and of what the buckets hold."""
        if not self._running:
            return sum_over_ranks(self._flat, gathered, self._group)
        slots = [(self._flat.slots[index], part) for index, part in sorted(self._done.items())]
        dense = [slot for slot, part in slots if part is _Kind.DENSE]
        sparse = [(slot, part) for slot, part in slots if isinstance(part, RowSparse)]
        local = FlatGradients(
            gathered.buffers,
            tuple(sorted([*gathered.dense, *dense], key=lambda slot: slot.index)),
            tuple(sorted([*gathered.sparse, *sparse], key=lambda item: item[0].index)),
            math.nan,  # that of this rank alone is not used
        )
        total = sum_over_ranks(self._flat, local, self._group, frozenset(self._done))
        if self._buckets is None:
            order = self._group.broadcast(self._arrivals)
            self._buckets = _buckets(total.dense, order, self._group.bucket_bytes)
        return total

    def _receiver(self, shard: int) -> OnFinal:
        def receive(parameter: Tensor, gradient: Array | RowSparse) -> None:
            slot = self._slot_of.get(parameter)  # type: ignore[call-overload]
            if slot is None:
                return  # no parameter of the model, which is an error that `gather` raises
            if isinstance(gradient, RowSparse):
                gradient = gradient.coalesce()
            with self._lock:
                parts = self._parts.setdefault(slot.index, {})
                parts[shard] = gradient
                if len(parts) == self._shards:
                    self._complete(slot, [parts[i] for i in range(self._shards)])

        return receive

    def _complete(self, slot: ParameterSlot, parts: Sequence[Array | RowSparse]) -> None:
        """Put the gradient of a parameter into its bucket; sum the buckets that are full."""
        if self._buckets is None:
            self._arrivals.append(slot.index)
        bucket = self._bucket_of.get(slot.index)
        if self._buckets is None or bucket is None:
            return
        self._add(slot, parts)
        self._missing[bucket] -= 1
        while self._next < len(self._buckets) and not self._missing[self._next]:
            self._submit(self._buckets[self._next])
            self._next += 1

    def _add(self, slot: ParameterSlot, parts: Sequence[Array | RowSparse]) -> None:
        """Write the sum of the shards' gradients to flat memory, zeros if there are none."""
        rows = self._flat.add(slot, parts) if parts else None
        if rows is not None or not parts:
            view = self._flat.gradient_of(slot)
            view[...] = 0
            if rows is not None:
                rows.add_to(view)
        self._done[slot.index] = (
            rows if rows is not None else _Kind.DENSE if parts else _Kind.ABSENT
        )

    def _submit(self, bucket: Sequence[ParameterSlot]) -> None:
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, "pmt-buckets")
        flat = self._flat.gradients[bucket[0].dtype][bucket[0].start : bucket[-1].end]
        self._sums.append(self._thread.submit(self._group.all_reduce_sum, flat))


def _buckets(
    dense: Sequence[ParameterSlot], order: Sequence[int], size: int
) -> list[list[ParameterSlot]]:
    """Cut neighboring slots into buckets of at least `size` bytes, the first complete one first."""
    buckets: list[list[ParameterSlot]] = []
    for neighbors in neighboring_slots(dense):
        start = neighbors[0].start
        buckets.append([])
        for slot in neighbors:
            if buckets[-1] and (slot.start - start) * slot.dtype.itemsize >= size:
                buckets.append([])
                start = slot.start
            buckets[-1].append(slot)
    position = {index: i for i, index in enumerate(order)}
    latest = len(order)
    return sorted(buckets, key=lambda b: max(position.get(slot.index, latest) for slot in b))
