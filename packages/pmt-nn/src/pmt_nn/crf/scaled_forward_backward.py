"""The sums of `chain` without logarithms: probabilities, scaled to sum 1 at every place.

A step of the recursion in logarithms takes a logsumexp over (b, n, n) numbers; with scaled
probabilities (Rabiner 1989, section V.A) it is a product with an (n, n) matrix, and the expected
numbers of transitions of all places are one product more. That works as long as no number that
matters becomes too small to be stored; `scaled_chain` says when it does not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pmt_autograd import Array
from pmt_nn.crf.forward_backward import Lengths

# In float64, whose smallest numbers are e^-708: a tag's score may lie this far below the best.
_RANGE = 60.0
_SMALLEST_SUM = 1e-30
_FORBIDDEN_BELOW = -1e3  # e to it is 0 in any case, however the others are scaled


@dataclass(frozen=True, slots=True)
class ScaledChain:
    """What the forward recursion found.

    Attributes:
        partition: (b,) log of the sum over all tag sequences; 0 for an empty one.
        before: (t, b, n) share of each tag among all beginnings that end at a place.
        emitted: (t, b, n) e^emissions, their largest at each place scaled to 1.
        steps: (n, n) e^transitions, scaled. last: (n,) e^end, scaled.
        sums: (t, b) what `before` was divided by. total: (b,) before . last at the last place.
    """

    partition: Array
    before: Array
    emitted: Array
    steps: Array
    last: Array
    sums: Array
    total: Array

    def gradients(self, lengths: Lengths, weight: Array) -> tuple[Array, Array, Array, Array]:
        """Of sum(weight * partition) by emissions (b, t, n), transitions, start and end."""
        t, b, n = self.before.shape
        after = np.zeros((t, b, n))  # share of all endings, in units in which before . after = 1
        coming = np.zeros((t, b, n))  # the same with the place's own emission
        ending = self.last / self.total[:, np.newaxis]
        ends_here = lengths == np.arange(1, t + 1)[:, np.newaxis]  # (t, b)
        steps_back = np.ascontiguousarray(self.steps.T)
        scaled = self.emitted / self.sums[..., np.newaxis]
        for i in range(t - 1, -1, -1):
            if i + 1 < t:
                np.matmul(coming[i + 1], steps_back, out=after[i])
            if ends_here[i].any():
                after[i][ends_here[i]] = ending[ends_here[i]]
            np.multiply(after[i], scaled[i], out=coming[i])
        chances = self.before * after
        chances *= weight[:, np.newaxis]
        coming *= weight[:, np.newaxis]
        counts = self.before[:-1].reshape(-1, n).T @ coming[1:].reshape(-1, n)
        by_end = chances[np.maximum(lengths - 1, 0), np.arange(b)].sum(axis=0)
        return chances.swapaxes(0, 1), counts * self.steps, chances[0].sum(axis=0), by_end


def scaled_chain(
    emissions: Array, transitions: Array, start: Array, end: Array, lengths: Lengths
) -> ScaledChain | None:
    """The forward recursion, or None where scores lie too far apart for it. b, t and n above 0.

    Arguments as for `forward_sums`; every sequence has a tag or more.
    """
    b, t, n = emissions.shape
    if not (b and t and n) or lengths.min() < 1:
        return None
    steps, highest_step = _scaled(transitions)
    first, highest_first = _scaled(start)
    last, highest_last = _scaled(end)
    if steps is None or first is None or last is None:
        return None
    inside = np.arange(t)[:, np.newaxis] < lengths  # (t, b)
    scores = emissions.swapaxes(0, 1)
    highest = scores.max(axis=2)
    emitted = np.subtract(scores, highest[..., np.newaxis], dtype=np.float64)
    emitted[~inside] = 0
    if emitted.min() < -_RANGE:
        return None
    np.exp(emitted, out=emitted)
    before, sums = np.empty((t, b, n)), np.empty((t, b))
    ones = np.ones(n)
    np.multiply(first, emitted[0], out=before[0])
    for i in range(t):
        here = before[i]
        if i:
            np.matmul(before[i - 1], steps, out=here)
            here *= emitted[i]
        np.matmul(here, ones, out=sums[i])
        here /= sums[i][:, np.newaxis]
    if not sums.min() > _SMALLEST_SUM:
        return None
    total = before[lengths - 1, np.arange(b)] @ last
    if not total.min() > _SMALLEST_SUM:
        return None
    places = np.where(inside, np.log(sums) + highest, 0).sum(axis=0)
    partition = places + np.log(total) + (lengths - 1) * highest_step
    partition += highest_first + highest_last
    return ScaledChain(partition, before, emitted, steps, last, sums, total)


def _scaled(scores: Array) -> tuple[Array | None, float]:
    """e^(scores - highest), and the highest; None where they lie too far apart.

    Those so low that they are forbidden become 0.
    """
    highest = float(scores.max())
    below = np.asarray(scores, np.float64) - highest
    forbidden = below < _FORBIDDEN_BELOW
    if np.where(forbidden, 0, below).min() < -_RANGE:
        return None, highest
    return np.where(forbidden, 0, np.exp(np.where(forbidden, 0, below))), highest
