"""The log-partition of a linear-chain CRF, with the expected counts as its gradients."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

import pmt_autograd as ag
from pmt_autograd import Array, Result, Sample, Tensor, logsumexp, masked, where
from pmt_core import as_floats, cut
from pmt_nn.crf.forward_backward import (
    Lengths,
    backward_messages,
    forward_messages,
    scaled_forward,
    tag_marginals,
    transition_counts,
)


@ag.primitive
def crf_log_partition(
    emissions: Array, transitions: Array, start: Array, end: Array, *, lengths: Array
) -> Result:
    """Return the log-partition of a linear-chain CRF: logsumexp of all sequence scores, (b,).

    emissions: (b, t, n), transitions: (n, n) from row to column, start and end: (n,), lengths:
    (b,) up to t; an empty row gives 0. The gradients are the expected counts under the model:
    d / d emissions = p(tag), d / d transitions = expected number of transitions.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import crf_log_partition
        >>> emissions, transitions = np.zeros((2, 4, 3)), np.zeros((3, 3))
        >>> start = end = np.zeros(3)
        >>> logs = crf_log_partition(emissions, transitions, start, end, lengths=np.array([4, 2]))
        >>> np.exp(logs.data).round(6)  # all scores are 0: the number of sequences, 3^4 and 3^2
        array([81.,  9.])
    """
    return log_partition(as_floats(emissions), transitions, start, end, np.asarray(lengths))


def log_partition(
    emissions: Array, transitions: Array, start: Array, end: Array, lengths: Lengths
) -> tuple[Array, Callable[[Array], tuple[Array, Array, Array, Array]]]:
    """Return the log-partition of arrays, and its backward; see `crf_log_partition`."""
    inside = np.arange(emissions.shape[1]) < lengths[:, np.newaxis]
    if not np.isfinite(emissions).all():
        emissions = cut(emissions, inside[..., np.newaxis])
    scaled = scaled_forward(emissions, transitions, start, end, lengths)
    if scaled is not None:

        def backward_scaled(grad: Array) -> tuple[Array, Array, Array, Array]:
            return scaled.gradients(lengths, grad)

        return scaled.partition.astype(emissions.dtype), backward_scaled
    messages = forward_messages(emissions, transitions, start, end, lengths)

    def backward(grad: Array) -> tuple[Array, Array, Array, Array]:
        beta = backward_messages(emissions, transitions, end, lengths)
        marginals = tag_marginals(messages, beta, lengths)
        marginals = cut(marginals * grad[:, np.newaxis, np.newaxis], inside[..., np.newaxis])
        b, t, n = emissions.shape
        last = marginals[np.arange(b), np.maximum(lengths - 1, 0)] if t else np.zeros((b, n))
        first = marginals[:, 0] if t else last
        counts = transition_counts(emissions, transitions, messages, beta, lengths, grad)
        by_end = cut(last, (lengths > 0)[:, np.newaxis]).sum(axis=0)
        return marginals, counts, first.sum(axis=0), by_end.astype(emissions.dtype)

    return messages.partition, backward


@ag.composed_form(crf_log_partition)
def crf_log_partition_composed(
    emissions: Tensor, transitions: Tensor, start: Tensor, end: Tensor, *, lengths: Array
) -> Tensor:
    """Compute `crf_log_partition` in plain operations: the forward recursion on the tape."""
    t, n = emissions.shape[1], emissions.shape[2]
    inside = np.arange(t) < lengths[:, np.newaxis]
    emissions = masked(emissions, mask=inside[..., np.newaxis])
    total = start + emissions[:, 0]  # (b, n)
    for i in range(1, t):
        steps = total.reshape(-1, n, 1) + transitions
        longer = logsumexp(steps, axis=1) + emissions[:, i]
        total = where((i < lengths)[:, np.newaxis], longer, total)
    return where(lengths > 0, logsumexp(total + end, axis=1), np.zeros((), emissions.dtype))


@ag.samples(crf_log_partition)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    def numbers(n: int) -> tuple[Array, Array, Array]:
        return rng.normal(size=(n, n)), rng.normal(size=n), rng.normal(size=n)

    for t, n, lengths, note in (
        (4, 3, [4, 4], ""),
        (4, 3, [4, 2, 1, 0], "padded, and an empty row"),
        (1, 3, [1, 1], "t = 1"),
        (3, 1, [3, 2], "1 tag"),
    ):
        arrays = rng.normal(size=(len(lengths), t, n)), *numbers(n)
        yield Sample(arrays, {"lengths": np.array(lengths)}, note)
    far = np.array([[[1000.0, -1000.0], [0.0, 1000.0], [-1000.0, 0.5]]])
    yield Sample((far, *numbers(2)), {"lengths": np.array([3])}, "scores of +-1000")
