"""Forward-backward with scaled probabilities in place of logarithms (Rabiner 1989, section V.A).

A step of the recursion in logarithms is a logsumexp over (b, n, n) numbers. With probabilities
scaled to sum 1 at every position it is a product with an (n, n) matrix, and the expected numbers
of transitions of all positions are one more product. This needs numbers that do not underflow;
`scaled_forward` returns None if they may.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pmt_autograd import Array
from pmt_nn.crf.forward_backward import Lengths

# In float64, whose smallest numbers are e^-708: a tag's score may lie this far below the best.
_RANGE = 60.0
_SMALLEST_SUM = 1e-30
_FORBIDDEN_BELOW = -1e3  # e to this is 0, however the other scores are scaled


@dataclass(frozen=True, slots=True)
class ScaledForwardMessages:
    """Result of the scaled forward recursion.

    Attributes:
        partition: (b,) log-sum over all tag sequences.
        alpha: (t, b, n) share of each tag among all prefixes that end at a position.
        emitted: (t, b, n) e^emissions, scaled so that the largest of each position is 1.
        steps: (n, n) e^transitions, scaled.
        last: (n,) e^end, scaled.
        sums: (t, b) the divisor of `alpha` at each position.
        total: (b,) alpha . last at the last position.
    """

    partition: Array
    alpha: Array
    emitted: Array
    steps: Array
    last: Array
    sums: Array
    total: Array

    def gradients(self, lengths: Lengths, weight: Array) -> tuple[Array, Array, Array, Array]:
        """Return the gradients of sum(weight * partition) by emissions, transitions, start, end."""
        t, b, n = self.alpha.shape
        beta = np.zeros((t, b, n))  # scaled so that alpha . beta = 1 at every position
        following = np.zeros((t, b, n))  # beta times the emission of its position
        ending = self.last / self.total[:, np.newaxis]
        is_last = lengths == np.arange(1, t + 1)[:, np.newaxis]  # (t, b)
        steps_back = np.ascontiguousarray(self.steps.T)
        scaled = self.emitted / self.sums[..., np.newaxis]
        for i in range(t - 1, -1, -1):
            if i + 1 < t:
                np.matmul(following[i + 1], steps_back, out=beta[i])
            if is_last[i].any():
                beta[i][is_last[i]] = ending[is_last[i]]
            np.multiply(beta[i], scaled[i], out=following[i])
        marginals = self.alpha * beta
        marginals *= weight[:, np.newaxis]
        following *= weight[:, np.newaxis]
        counts = self.alpha[:-1].reshape(-1, n).T @ following[1:].reshape(-1, n)
        by_end = marginals[np.maximum(lengths - 1, 0), np.arange(b)].sum(axis=0)
        return marginals.swapaxes(0, 1), counts * self.steps, marginals[0].sum(axis=0), by_end


def scaled_forward(
    emissions: Array, transitions: Array, start: Array, end: Array, lengths: Lengths
) -> ScaledForwardMessages | None:
    """Run the scaled forward recursion; arguments as for `forward_messages`.

    Returns None if a sequence is empty, or if scores lie too far apart for float64.
    """
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
    alpha, sums = np.empty((t, b, n)), np.empty((t, b))
    ones = np.ones(n)
    np.multiply(first, emitted[0], out=alpha[0])
    for i in range(t):
        current = alpha[i]
        if i:
            np.matmul(alpha[i - 1], steps, out=current)
            current *= emitted[i]
        np.matmul(current, ones, out=sums[i])
        current /= sums[i][:, np.newaxis]
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
    """e^(scores - largest), or None if they lie too far apart; and the largest score.

    Scores of forbidden transitions become 0.
    """
    largest = float(scores.max())
    below = np.asarray(scores, np.float64) - largest
    forbidden = below < _FORBIDDEN_BELOW
    if np.where(forbidden, 0, below).min() < -_RANGE:
        return None, largest
    return np.where(forbidden, 0, np.exp(np.where(forbidden, 0, below))), largest
