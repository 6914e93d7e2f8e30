"""The sum of gradients over ranks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pmt_core import RowSparse
from pmt_nn import BatchStatistics, Buffer, Module
from pmt_train.optim.flat_gradients import FlatGradients, ParameterSlot, squared_norm
from pmt_train.optim.flat_parameters import FlatParameters
from pmt_train.parallel.ranks import ProcessGroup

_SPARSE, _DENSE = 1, 2  # 0: took no part


def sum_over_ranks(
    flat: FlatParameters, gradients: FlatGradients, ranks: ProcessGroup
) -> FlatGradients:
    """The gradients of all ranks together, the same bits on every one.

    gradients: of this rank's part of the batch; it may be empty. Dense ones are added by one
    all-reduce for each run of neighboring parameters (mostly one or two runs), row-sparse ones
    by gathering their rows.
    """
    if ranks.size == 1:
        return gradients
    kinds = np.zeros(len(flat.slots), np.uint8)
    rows_of = {slot.index: rows for slot, rows in gradients.sparse}
    kinds[list(rows_of)] = _SPARSE
    kinds[[slot.index for slot in gradients.dense]] = _DENSE
    together = np.max(ranks.all_gather(kinds), axis=0)
    dense = tuple(slot for slot in flat.slots if together[slot.index] == _DENSE)
    for slot in dense:
        if kinds[slot.index] != _DENSE:  # dense on another rank only
            part = gradients.buffers[slot.dtype][slot.start : slot.stop]
            part[...] = 0
            if slot.index in rows_of:
                rows_of[slot.index].add_to(slot.view_of(gradients.buffers[slot.dtype]))
    for run in _runs(dense):
        ranks.all_reduce_sum(gradients.buffers[run[0].dtype][run[0].start : run[-1].end])
    sparse = tuple(
        (slot, _sum_rows(slot, rows_of.get(slot.index), ranks))
        for slot in flat.slots
        if together[slot.index] == _SPARSE
    )
    squares = {s.index: squared_norm(s.view_of(gradients.buffers[s.dtype])) for s in dense}
    squares |= {slot.index: squared_norm(rows.values) for slot, rows in sparse}
    total = sum(squares[index] for index in sorted(squares))
    return FlatGradients(gradients.buffers, dense, sparse, total)


def gather_statistics(
    model: Module, shards: Sequence[Sequence[BatchStatistics]], ranks: ProcessGroup
) -> list[list[BatchStatistics]]:
    """What the batch norms measured on the shards of all ranks, in the order of the shards."""
    if ranks.size == 1:  # before the buffers are looked for: a step of a small model feels that
        return [list(found) for found in shards]
    buffers: list[Buffer] = [buffer for _, buffer in model.named_buffers()]
    if not buffers:
        return [list(found) for found in shards]
    number = {id(buffer): i for i, buffer in enumerate(buffers)}
    packed: list[float] = []
    for shard, found in enumerate(shards):
        for one in found:
            places = [number[id(one.running_mean)], number[id(one.running_variance)]]
            packed += [shard, *places, one.count, one.momentum, len(one.mean)]
            packed += [*one.mean.tolist(), *one.variance.tolist()]
    result: list[list[BatchStatistics]] = []
    for message in ranks.all_gather(np.array(packed, np.float64)):
        of_rank: dict[int, list[BatchStatistics]] = {}
        values = message.tolist()
        at = 0
        while at < len(values):
            shard, mean_at, variance_at, count, momentum, n = values[at : at + 6]
            begin, n = at + 6, int(n)
            mean, variance = buffers[int(mean_at)], buffers[int(variance_at)]
            of_rank.setdefault(int(shard), []).append(
                BatchStatistics(
                    np.array(values[begin : begin + n], mean.dtype),
                    np.array(values[begin + n : begin + 2 * n], variance.dtype),
                    int(count),
                    mean,
                    variance,
                    momentum,
                )
            )
            at = begin + 2 * n
        result += [of_rank[shard] for shard in sorted(of_rank)]
    return result


def _sum_rows(slot: ParameterSlot, mine: RowSparse | None, ranks: ProcessGroup) -> RowSparse:
    rows = mine.rows if mine is not None else np.empty(0, np.int64)
    values = mine.values if mine is not None else np.empty((0, *slot.shape[1:]), slot.dtype)
    all_rows = np.concatenate(ranks.all_gather(rows))
    all_values = np.concatenate(ranks.all_gather(values.reshape(-1)))
    shape = (len(all_rows), *slot.shape[1:])
    return RowSparse(all_rows, all_values.reshape(shape), slot.shape).coalesce()


def _runs(dense: Sequence[ParameterSlot]) -> list[list[ParameterSlot]]:
    """Neighboring slots of one dtype."""
    runs: list[list[ParameterSlot]] = []
    for slot in dense:
        if runs and (runs[-1][-1].end, runs[-1][-1].dtype) == (slot.start, slot.dtype):
            runs[-1].append(slot)
        else:
            runs.append([slot])
    return runs
