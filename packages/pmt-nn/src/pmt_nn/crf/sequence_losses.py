"""The loss of a linear-chain CRF, -log p(tags), in one step."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

import pmt_autograd as ag
from pmt_autograd import Array, Gradients, Result, Sample, Tensor, masked
from pmt_core import as_floats
from pmt_nn.crf.forward_backward import Lengths
from pmt_nn.crf.log_partition import crf_log_partition, log_partition
from pmt_nn.masks import Ids


@ag.primitive
def crf_losses(
    emissions: Array, transitions: Array, start: Array, end: Array, *, tags: Ids, lengths: Lengths
) -> Result:
    """Return -log p(tags) of each sequence of a linear-chain CRF, (b,): log-partition - score.

    emissions: (b, t, n), transitions: (n, n) from row to column, start and end: (n,), tags: (b, t)
    with 0 beyond the lengths (b,). An empty sequence has the loss 0. The gradients are the expected
    counts of tags and transitions under the model minus those of the given tags.
    """
    emissions = as_floats(emissions)
    b, t, n = emissions.shape
    partition, backward_partition = log_partition(emissions, transitions, start, end, lengths)
    inside = np.arange(t) < lengths[:, np.newaxis]
    tokens = np.arange(b * t).reshape(b, t) * n + tags
    pairs = tags[:, :-1] * n + tags[:, 1:]
    first = tags[:, 0] if t else np.zeros(b, np.int64)
    last = tags[np.arange(b), np.maximum(lengths - 1, 0)] if t else first
    score = np.where(inside, emissions.reshape(-1).take(tokens), 0).sum(axis=1)
    score += np.where(inside[:, 1:], transitions.reshape(-1).take(pairs), 0).sum(axis=1)
    score += np.where(lengths > 0, start.take(first) + end.take(last), 0)

    def backward(grad: Array) -> Gradients:
        by_emissions, by_transitions, by_start, by_end = backward_partition(grad)
        by_emissions = np.ascontiguousarray(by_emissions)
        weights = np.broadcast_to(grad[:, np.newaxis], (b, t))
        by_emissions.reshape(-1)[tokens[inside]] -= weights[inside]
        follows = inside[:, 1:]
        counts = np.bincount(pairs[follows], weights[:, 1:][follows], n * n)
        filled = lengths > 0
        firsts = np.bincount(first[filled], grad[filled], n)
        lasts = np.bincount(last[filled], grad[filled], n)
        dtype = emissions.dtype
        return (
            by_emissions,
            (by_transitions - counts.reshape(n, n)).astype(dtype, copy=False),
            (by_start - firsts).astype(dtype, copy=False),
            (by_end - lasts).astype(dtype, copy=False),
        )

    return (partition - score).astype(emissions.dtype, copy=False), backward


@ag.composed_form(crf_losses)
def crf_losses_composed(
    emissions: Tensor,
    transitions: Tensor,
    start: Tensor,
    end: Tensor,
    *,
    tags: Ids,
    lengths: Lengths,
) -> Tensor:
    """Return the log-partition minus the scores of the tags, in plain operations."""
    b, t, _ = emissions.shape
    inside = np.arange(t) < lengths[:, np.newaxis]
    partition = crf_log_partition(emissions, transitions, start, end, lengths=lengths)
    emitted = emissions[np.arange(b)[:, np.newaxis], np.arange(t), tags]
    steps = transitions[tags[:, :-1], tags[:, 1:]]
    first = tags[:, 0] if t else np.zeros(b, np.int64)
    last = tags[np.arange(b), np.maximum(lengths - 1, 0)] if t else first
    score = masked(emitted, mask=inside).sum(axis=1) + masked(steps, mask=inside[:, 1:]).sum(axis=1)
    return partition - score - masked(start[first] + end[last], mask=lengths > 0)


@ag.samples(crf_losses)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    for t, n, lengths, note in (
        (4, 3, [4, 4], ""),
        (4, 3, [4, 2, 1, 0], "padded, and an empty row"),
        (1, 3, [1, 1], "t = 1"),
        (3, 2, [3, 2], "2 tags"),
        (0, 2, [0, 0], "no positions"),
    ):
        b = len(lengths)
        tags = rng.integers(n, size=(b, t))
        tags[np.arange(t) >= np.array(lengths)[:, np.newaxis]] = 0
        arrays = rng.normal(size=(b, t, n)), rng.normal(size=(n, n)), *rng.normal(size=(2, n))
        yield Sample(arrays, {"tags": tags, "lengths": np.array(lengths)}, note)


ag.no_flops(crf_losses)
