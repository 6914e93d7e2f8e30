"""Forward-backward and Viterbi algorithms of a linear chain, in logarithms.

Letters: b batch, t length, n tags. A tag sequence y has the score
start[y_1] + sum_i emissions[i, y_i] + sum_i transitions[y_i, y_(i+1)] + end[y_t]
(Lafferty et al. 2001). All functions take sequences padded on the right and their lengths (b,);
`left_packed` converts a mask of any pattern.
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
    """Result of the forward recursion.

    Attributes:
        alpha: (b, t, n) log-sum over all prefixes that end in a tag, its emission included.
            Positions beyond the length of a sequence are undefined.
        partition: (b,) log-sum over all tag sequences; 0 for an empty sequence.
    """

    alpha: Array
    partition: Array


def left_packed(mask: NDArray[np.bool_]) -> tuple[NDArray[np.int64], Lengths]:
    """Return the positions of each row, True ones first and in order, and the number of True."""
    return np.argsort(~mask, axis=1, kind="stable"), mask.sum(axis=1)


def forward_messages(
    emissions: Array, transitions: Array, start: Array, end: Array, lengths: Lengths
) -> ForwardMessages:
    """Run the forward recursion, alpha_i = logsumexp_j(alpha_(i-1) + transitions) + e_i.

    It starts with alpha_1 = start + e_1.
    """
    b, t, n = emissions.shape
    alpha = np.empty((b, t, n), emissions.dtype)
    if t:
        alpha[:, 0] = start + emissions[:, 0]
    for i in range(1, t):
        steps = alpha[:, i - 1, :, np.newaxis] + transitions
        alpha[:, i] = logsumexp(steps, axis=1) + emissions[:, i]
    last = alpha[np.arange(b), np.maximum(lengths - 1, 0)] if t else np.zeros((b, n))
    partition = np.where(lengths > 0, logsumexp(last + end, axis=1), 0)
    return ForwardMessages(alpha, partition.astype(emissions.dtype))


def backward_messages(emissions: Array, transitions: Array, end: Array, lengths: Lengths) -> Array:
    """Run the backward recursion, beta_i = logsumexp_j(transitions + e_(i+1) + beta_(i+1)).

    Returns beta (b, t, n), the log-sum over all suffixes that follow a tag: `end` at the last
    position of a sequence, -inf beyond it.
    """
    b, t, n = emissions.shape
    beta = np.full((b, t, n), -np.inf, emissions.dtype)
    for i in range(t - 1, -1, -1):
        if i + 1 < t:
            following = (emissions[:, i + 1] + beta[:, i + 1])[:, np.newaxis, :]
            beta[:, i] = logsumexp(transitions + following, axis=2)
        beta[:, i] = np.where((lengths == i + 1)[:, np.newaxis], end, beta[:, i])
    return beta


def tag_marginals(messages: ForwardMessages, beta: Array, lengths: Lengths) -> Array:
    """Return p(y_i = tag) of every position (b, t, n), zeros beyond the length."""
    inside = np.arange(beta.shape[1]) < lengths[:, np.newaxis]
    logs = messages.alpha + beta - messages.partition[:, np.newaxis, np.newaxis]
    return np.where(inside[..., np.newaxis], np.exp(np.where(inside[..., np.newaxis], logs, 0)), 0)


def transition_counts(
    emissions: Array,
    transitions: Array,
    messages: ForwardMessages,
    beta: Array,
    lengths: Lengths,
    weight: Array,
) -> Array:
    """Return the expected number of each transition (n, n), weighted over the batch by (b,)."""
    total = np.zeros(transitions.shape, emissions.dtype)
    for i in range(1, emissions.shape[1]):
        rows = np.flatnonzero(lengths > i)
        if not rows.size:
            break
        following = emissions[rows, i] + beta[rows, i] - messages.partition[rows, np.newaxis]
        logs = messages.alpha[rows, i - 1, :, np.newaxis] + transitions + following[:, np.newaxis]
        total += np.tensordot(weight[rows], np.exp(logs), axes=1)
    return total


def viterbi_decode(
    emissions: Array, transitions: Array, start: Array, end: Array, lengths: Lengths
) -> tuple[NDArray[np.int64], Array]:
    """Return the tag sequence of the highest score and its score (Viterbi 1967).

    Returns:
        Tags (b, t), 0 beyond the length, and scores (b,). Of equal scores the lowest tags win.
    """
    b, t, n = emissions.shape
    tags = np.zeros((b, t), np.int64)
    if not t:
        return tags, np.zeros(b, emissions.dtype)
    shortest = int(lengths.min(initial=t))
    previous = np.empty((t, b, n), np.int64)
    incoming = np.ascontiguousarray(transitions.T)  # the maximum is then over contiguous rows
    best = start + emissions[:, 0]  # (b, n): score of the best prefix that ends in each tag
    for i in range(1, t):
        steps = best[:, np.newaxis] + incoming
        steps.argmax(axis=2, out=previous[i])
        longer = steps.max(axis=2)
        longer += emissions[:, i]
        best = longer if i < shortest else np.where((i < lengths)[:, np.newaxis], longer, best)
    best = best + end
    score = np.where(lengths > 0, best.max(axis=1), 0)
    rows = np.arange(b)
    tag = best.argmax(axis=1)
    for i in range(t - 1, -1, -1):
        if i < shortest:
            tags[:, i] = tag
            tag = previous[i, rows, tag] if i else tag
        else:
            inside = i < lengths
            tags[:, i] = np.where(inside, tag, 0)
            tag = np.where(inside, previous[i, rows, tag], tag)
    return tags, score.astype(emissions.dtype)
