"""Sums and maxima over all tag sequences of a chain, by dynamic programming.

Letters: b batch, t length, n tags. A sequence y has the score
start[y_1] + sum_i emissions[i, y_i] + sum_i transitions[y_i, y_(i+1)] + end[y_t]
(Lafferty et al. 2001). The functions here take sequences that are padded on the right and their
lengths; `left_packed` makes them so.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pmt_autograd import Array
from pmt_core import logsumexp

Lengths = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class ForwardMessages:
    """What the forward and backward recursions give.

    Attributes:
        before: (b, t, n) log of the sum over all beginnings that end in a tag, its emission
            included; what stands beyond a sequence's length means nothing.
        partition: (b,) log of the sum over all tag sequences; 0 for an empty one.
    """

    before: Array
    partition: Array


def left_packed(mask: NDArray[np.bool_]) -> tuple[NDArray[np.int64], Lengths]:
    """Where the True places of each row are, in order, the False ones after them; and how many."""
    return np.argsort(~mask, axis=1, kind="stable"), mask.sum(axis=1)


def forward_sums(
    emissions: Array, transitions: Array, start: Array, end: Array, lengths: Lengths
) -> ForwardMessages:
    """The forward recursion: a_1 = start + e_1, a_i = logsumexp_j(a_(i-1) + transitions) + e_i."""
    b, t, n = emissions.shape
    before = np.empty((b, t, n), emissions.dtype)
    if t:
        before[:, 0] = start + emissions[:, 0]
    for i in range(1, t):
        steps = before[:, i - 1, :, np.newaxis] + transitions
        before[:, i] = logsumexp(steps, axis=1) + emissions[:, i]
    last = before[np.arange(b), np.maximum(lengths - 1, 0)] if t else np.zeros((b, n))
    partition = np.where(lengths > 0, logsumexp(last + end, axis=1), 0)
    return ForwardMessages(before, partition.astype(emissions.dtype))


def backward_sums(emissions: Array, transitions: Array, end: Array, lengths: Lengths) -> Array:
    """Log of the sum over all endings after each place and tag: (b, t, n); -inf beyond the length.

    c_t = end, c_i = logsumexp_j(transitions + e_(i+1) + c_(i+1)).
    """
    b, t, n = emissions.shape
    after = np.full((b, t, n), -np.inf, emissions.dtype)
    for i in range(t - 1, -1, -1):
        if i + 1 < t:
            coming = (emissions[:, i + 1] + after[:, i + 1])[:, np.newaxis, :]
            after[:, i] = logsumexp(transitions + coming, axis=2)
        after[:, i] = np.where((lengths == i + 1)[:, np.newaxis], end, after[:, i])
    return after


def tag_probabilities(sums: ForwardMessages, after: Array, lengths: Lengths) -> Array:
    """p(y_i = tag) of every place: (b, t, n), zeros beyond the length."""
    inside = np.arange(after.shape[1]) < lengths[:, np.newaxis]
    logs = sums.before + after - sums.partition[:, np.newaxis, np.newaxis]
    return np.where(inside[..., np.newaxis], np.exp(np.where(inside[..., np.newaxis], logs, 0)), 0)


def transition_counts(
    emissions: Array,
    transitions: Array,
    sums: ForwardMessages,
    after: Array,
    lengths: Lengths,
    weight: Array,
) -> Array:
    """Expected number of each transition, summed over the batch with `weight` (b,): (n, n)."""
    total = np.zeros(transitions.shape, emissions.dtype)
    for i in range(1, emissions.shape[1]):
        rows = np.flatnonzero(lengths > i)
        if not rows.size:
            break
        here = emissions[rows, i] + after[rows, i] - sums.partition[rows, np.newaxis]
        logs = sums.before[rows, i - 1, :, np.newaxis] + transitions + here[:, np.newaxis, :]
        total += np.tensordot(weight[rows], np.exp(logs), axes=1)
    return total


def best_path(
    emissions: Array, transitions: Array, start: Array, end: Array, lengths: Lengths
) -> tuple[NDArray[np.int64], Array]:
    """The tag sequence of the highest score, and the score (Viterbi 1967).

    -> tags (b, t), 0 beyond the length, and (b,); of equal scores the lowest tags.
    """
    b, t, n = emissions.shape
    tags = np.zeros((b, t), np.int64)
    if not t:
        return tags, np.zeros(b, emissions.dtype)
    shortest = int(lengths.min(initial=t))
    came_from = np.empty((t, b, n), np.int64)
    into = np.ascontiguousarray(transitions.T)  # to each tag, from all: the maximum is over a row
    best = start + emissions[:, 0]  # (b, n): score of the best beginning that ends in each tag
    for i in range(1, t):
        steps = best[:, np.newaxis] + into
        steps.argmax(axis=2, out=came_from[i])
        going_on = steps.max(axis=2)
        going_on += emissions[:, i]
        best = going_on if i < shortest else np.where((i < lengths)[:, np.newaxis], going_on, best)
    best = best + end
    score = np.where(lengths > 0, best.max(axis=1), 0)
    rows = np.arange(b)
    tag = best.argmax(axis=1)
    for i in range(t - 1, -1, -1):
        if i < shortest:
            tags[:, i] = tag
            tag = came_from[i, rows, tag] if i else tag
        else:
            inside = i < lengths
            tags[:, i] = np.where(inside, tag, 0)
            tag = np.where(inside, came_from[i, rows, tag], tag)
    return tags, score.astype(emissions.dtype)
