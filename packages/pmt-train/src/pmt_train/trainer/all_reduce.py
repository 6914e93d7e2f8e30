"""Sums of gradients, losses and batch statistics over the ranks of a process group."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from pmt_autograd import Array
from pmt_core import RowSparse
from pmt_nn import BatchStatistics, Buffer, Module
from pmt_train.optim.flat_gradients import FlatGradients, ParameterSlot, squared_norm
from pmt_train.optim.flat_parameters import FlatParameters
from pmt_train.parallel.process_group import ProcessGroup

_SPARSE, _DENSE = 1, 2  # 0: no gradient


def sum_over_ranks(
    flat: FlatParameters,
    gradients: FlatGradients,
    group: ProcessGroup,
    summed: Collection[int] = frozenset(),
) -> FlatGradients:
    """Return the sum of the gradients of all ranks, bit-identical on each of them.

    Dense gradients are added by one all-reduce for each range of neighboring parameters (usually
    one or two ranges), row-sparse ones by gathering their rows. `gradients` are those of this
    rank's part of the batch, which may be empty. summed: indices of slots whose flat memory holds
    the sum already.
    """
    if group.size == 1:
        return gradients
    kinds = np.zeros(len(flat.slots), np.uint8)
    rows_of = {slot.index: rows for slot, rows in gradients.sparse}
    kinds[list(rows_of)] = _SPARSE
    kinds[[slot.index for slot in gradients.dense]] = _DENSE
    together = np.max(group.all_gather(kinds), axis=0)
    dense = tuple(slot for slot in flat.slots if together[slot.index] == _DENSE)
    left = [slot for slot in dense if slot.index not in summed]
    for slot in left:
        if kinds[slot.index] != _DENSE:  # dense on another rank only
            write_rows(rows_of.get(slot.index), slot.view_of(gradients.buffers[slot.dtype]))
    _sum_dense(gradients, left, group)
    sparse = tuple(
        (slot, _sum_rows(slot, rows_of.get(slot.index), group))
        for slot in flat.slots
        if together[slot.index] == _SPARSE
    )
    squares = {s.index: squared_norm(s.view_of(gradients.buffers[s.dtype])) for s in dense}
    squares |= {slot.index: squared_norm(rows.values) for slot, rows in sparse}
    total = sum(squares[index] for index in sorted(squares))
    return FlatGradients(gradients.buffers, dense, sparse, total)


def _sum_dense(
    gradients: FlatGradients, slots: Sequence[ParameterSlot], group: ProcessGroup
) -> None:
    """Sum the dense gradients of these parameters over the ranks, in flat memory."""
    for neighbors in neighboring_slots(slots):
        buffer = gradients.buffers[neighbors[0].dtype]
        group.all_reduce_sum(buffer[neighbors[0].start : neighbors[-1].end])


def write_rows(rows: RowSparse | None, view: Array) -> None:
    """Write a row-sparse gradient, or none, to the dense memory of its parameter."""
    view[...] = 0
    if rows is not None:
        rows.add_to(view)


def total_loss(losses: Sequence[tuple[float, int]], group: ProcessGroup) -> tuple[float, int]:
    """Return the sums of (loss, count) over the shards of all ranks, added in their order."""
    loss = sum(loss for loss, _ in losses)
    count = sum(count for _, count in losses)
    if group.size == 1:
        return loss, count
    totals = group.all_gather(np.array([loss, count], np.float64))
    return sum(float(total[0]) for total in totals), int(sum(total[1] for total in totals))


def gather_statistics(
    model: Module, shards: Sequence[Sequence[BatchStatistics]], group: ProcessGroup
) -> list[list[BatchStatistics]]:
    """Return the statistics of batch norms on the shards of all ranks, in the order of shards."""
    # The size is checked first: a search for buffers costs time in small models.
    buffers: list[Buffer] = [b for _, b in model.named_buffers()] if group.size > 1 else []
    if not buffers:
        return [list(statistics) for statistics in shards]
    number = {id(buffer): i for i, buffer in enumerate(buffers)}
    packed: list[float] = []
    for shard, statistics in enumerate(shards):
        for norm in statistics:
            numbers = [number[id(norm.running_mean)], number[id(norm.running_variance)]]
            packed += [shard, *numbers, norm.count, norm.momentum, len(norm.mean)]
            packed += [*norm.mean.tolist(), *norm.variance.tolist()]
    result: list[list[BatchStatistics]] = []
    for message in group.all_gather(np.array(packed, np.float64)):
        of_rank: dict[int, list[BatchStatistics]] = {}
        values = message.tolist()
        at = 0
        while at < len(values):
            shard, mean_at, variance_at, count, momentum, n = values[at : at + 6]
            middle, end = at + 6 + int(n), at + 6 + 2 * int(n)
            mean, variance = buffers[int(mean_at)], buffers[int(variance_at)]
            means = np.array(values[at + 6 : middle], mean.dtype)
            variances = np.array(values[middle:end], variance.dtype)
            of_rank.setdefault(int(shard), []).append(
                BatchStatistics(means, variances, int(count), mean, variance, momentum)
            )
            at = end
        result += [of_rank[shard] for shard in sorted(of_rank)]
    return result


def _sum_rows(slot: ParameterSlot, local: RowSparse | None, group: ProcessGroup) -> RowSparse:
    rows = local.rows if local is not None else np.empty(0, np.int64)
    values = local.values if local is not None else np.empty((0, *slot.shape[1:]), slot.dtype)
    all_rows = np.concatenate(group.all_gather(rows))
    all_values = np.concatenate(group.all_gather(values.reshape(-1)))
    shape = (len(all_rows), *slot.shape[1:])
    return RowSparse(all_rows, all_values.reshape(shape), slot.shape).coalesce()


def neighboring_slots(dense: Sequence[ParameterSlot]) -> list[list[ParameterSlot]]:
    """Return groups of neighboring slots of one dtype."""
    groups: list[list[ParameterSlot]] = []
    for slot in dense:
        if groups and (groups[-1][-1].end, groups[-1][-1].dtype) == (slot.start, slot.dtype):
            groups[-1].append(slot)
        else:
            groups.append([slot])
    return groups
