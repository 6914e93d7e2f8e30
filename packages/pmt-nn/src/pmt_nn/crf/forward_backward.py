"""The forward-backward algorithm of a linear chain, in logarithms or scaled.

Letters: b batch, t length, n tags. A tag sequence y has the score
start[y_1] + sum_i emissions[i, y_i] + sum_i transitions[y_i, y_(i+1)] + end[y_t]
(Lafferty et al. 2001). All functions take sequences padded on the right and their lengths (b,);
`left_packed` converts a mask of any pattern.

A step of the recursion in logarithms is a logsumexp over (b, n, n) numbers. With probabilities
scaled to sum 1 at every position (Rabiner 1989, section V.A) it is a product with an (n, n) matrix,
and the expected numbers of transitions of all positions are one more product. This needs numbers
that do not underflow; `scaled_forward` returns None if they may.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pmt_autograd import Array
from pmt_core import cut, logsumexp

Lengths = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class ForwardMessages:
    """Result of the forward recursion."""

    alpha: Array
    """(b, t, n) log-sum over all prefixes that end in a tag, undefined beyond the length."""
    partition: Array
    """(b,) log-sum over all tag sequences; 0 for an empty sequence."""


def left_packed(mask: NDArray[np.bool_]) -> tuple[NDArray[np.int64], Lengths]:
    """Return the positions of each row, True ones first and in order, and the number of True."""
    return np.argsort(~mask, axis=1, kind="stable"), mask.sum(axis=1)


def forward_messages(
    emissions: Array, transitions: Array, start: Array, end: Array, lengths: Lengths
) -> ForwardMessages:
    """Run alpha_1 = start + e_1, alpha_i = logsumexp_j(alpha_(i-1) + transitions) + e_i."""
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

    Returns the log-sums (b, t, n) over all suffixes after a tag: `end` at the last, -inf beyond.
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
        pairs = _pairs_before(i, rows, emissions, transitions, messages, beta)
        total += np.tensordot(weight[rows], pairs, axes=1)
    return total


def neighbor_marginals(
    emissions: Array, transitions: Array, messages: ForwardMessages, beta: Array, lengths: Lengths
) -> Array:
    """Return p(tag of i, tag of i + 1), (b, t - 1, n, n); 0 beyond the length."""
    b, t, n = emissions.shape
    result = np.zeros((b, max(t - 1, 0), n, n), emissions.dtype)
    for i in range(1, t):
        rows = np.flatnonzero(lengths > i)
        result[rows, i - 1] = _pairs_before(i, rows, emissions, transitions, messages, beta)
    return result


def _pairs_before(
    i: int,
    rows: Lengths,
    emissions: Array,
    transitions: Array,
    messages: ForwardMessages,
    beta: Array,
) -> Array:
    """Return p(tag of i - 1, tag of i) for some rows of a batch, (rows, n, n)."""
    following = emissions[rows, i] + beta[rows, i] - messages.partition[rows, np.newaxis]
    logs = messages.alpha[rows, i - 1, :, np.newaxis] + transitions + following[:, np.newaxis]
    pairs: Array = np.exp(logs)
    return pairs


# In float64, whose smallest numbers are e^-708: a tag's score may lie this far below the best.
_RANGE = 60.0
_SCALED_EVERY = 4  # positions: as many factors of e^-60, twice, are still numbers
_SMALLEST_SUM = 1e-100
_FORBIDDEN_BELOW = -1e3  # e to this is 0, however the other scores are scaled


@dataclass(frozen=True, slots=True)
class ScaledForwardMessages:
    """Result of the scaled forward recursion."""

    partition: Array  # (b,) log-sum over all tag sequences
    alpha: Array  # (t, b, n) sums of prefixes by their last tag; shares if just divided by a sum
    emitted: Array  # (t, b, n) e^emissions, scaled so that the largest of each position is 1
    steps: Array  # (n, n) e^transitions, scaled
    last: Array  # (n,) e^end, scaled
    sums: Array  # (t, b) the divisor of `alpha` at each position, 1 at most of them
    total: Array  # (b,) alpha . last at the last position

    def gradients(self, lengths: Lengths, weight: Array) -> tuple[Array, Array, Array, Array]:
        """Return the gradients of sum(weight * partition) by emissions, transitions, start, end.

        They are of the dtype of `weight`.
        """
        t, b, n = self.alpha.shape
        beta = np.zeros((t, b, n))  # scaled so that alpha . beta = 1 at every position
        following = np.zeros((t, b, n))  # beta times the emission of its position
        ending = self.last / self.total[:, np.newaxis]
        is_last = lengths == np.arange(1, t + 1)[:, np.newaxis]  # (t, b)
        steps_back = np.ascontiguousarray(self.steps.T)
        scaled = self.emitted / self.sums[..., np.newaxis]
        any_last = is_last.any(axis=1).tolist()
        for i in range(t - 1, -1, -1):
            if i + 1 < t:
                np.matmul(following[i + 1], steps_back, out=beta[i])
            if any_last[i]:
                np.copyto(beta[i], ending, where=is_last[i][:, np.newaxis])
            np.multiply(beta[i], scaled[i], out=following[i])
        marginals = np.empty((b, t, n), weight.dtype)
        beta *= weight[:, np.newaxis]
        np.multiply(self.alpha, beta, out=marginals.swapaxes(0, 1), casting="same_kind")
        following *= weight[:, np.newaxis]
        if not np.isfinite(weight).all():
            inside = np.arange(t) < lengths[:, np.newaxis]
            marginals = cut(marginals, inside[..., np.newaxis])
            following = cut(following, inside.T[..., np.newaxis])
        counts = self.alpha[:-1].reshape(-1, n).T @ following[1:].reshape(-1, n)
        counts *= self.steps
        by_end = marginals[np.arange(b), np.maximum(lengths - 1, 0)].sum(axis=0)
        return marginals, counts.astype(weight.dtype), marginals[:, 0].sum(axis=0), by_end


def scaled_forward(
    emissions: Array, transitions: Array, start: Array, end: Array, lengths: Lengths
) -> ScaledForwardMessages | None:
    """Run the forward recursion, scaled; None if a row is empty or scores lie too far apart."""
    b, t, n = emissions.shape
    if not (b and t and n) or lengths.min() < 1:
        return None
    steps, largest_step = _scaled(transitions)
    first, largest_first = _scaled(start)
    last, largest_last = _scaled(end)
    if steps is None or first is None or last is None:
        return None
    inside = np.arange(t)[:, np.newaxis] < lengths  # (t, b)
    scores = emissions.swapaxes(0, 1)
    largest = scores.max(axis=2)
    emitted = np.subtract(scores, largest[..., np.newaxis], dtype=np.float64)
    emitted[~inside] = 0
    if emitted.min() < -_RANGE:
        return None
    np.exp(emitted, out=emitted)
    alpha, sums = np.empty((t, b, n)), np.ones((t, b))
    ones = np.ones(n)
    current = np.multiply(first, emitted[0], out=alpha[0])
    for i in range(t):
        if i:
            current = np.matmul(current, steps, out=alpha[i])
            current *= emitted[i]
        if i % _SCALED_EVERY == 0 or i == t - 1:
            current /= np.matmul(current, ones, out=sums[i])[:, np.newaxis]
    if not sums.min() > _SMALLEST_SUM:
        return None
    total = alpha[lengths - 1, np.arange(b)] @ last
    if not total.min() > _SMALLEST_SUM:
        return None
    logs = np.where(inside, np.log(sums) + largest, 0).sum(axis=0)
    partition = logs + np.log(total) + (lengths - 1) * largest_step
    partition += largest_first + largest_last
    return ScaledForwardMessages(partition, alpha, emitted, steps, last, sums, total)


def _scaled(scores: Array) -> tuple[Array | None, float]:
    """Return e^(scores - largest), 0 if forbidden, or None if too far apart; and the largest."""
    largest = float(scores.max())
    below = np.asarray(scores, np.float64) - largest
    forbidden = below < _FORBIDDEN_BELOW
    if np.where(forbidden, 0, below).min() < -_RANGE:
        return None, largest
    return np.where(forbidden, 0, np.exp(np.where(forbidden, 0, below))), largest
