"""Forward and backward messages of connectionist temporal classification, of whole batches.

Letters: b batch, t steps, v classes, s labels of the longest target, e = 2 s + 1 positions of a
target with a blank before, between and after its labels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pmt_autograd import Array

Log = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class TargetPositions:
    """The positions of each target, and how many of them and of the steps there are."""

    labels: NDArray[np.intp]  # (b, e), blanks at even positions
    skips: NDArray[np.bool_]  # (b, e), whether a position can follow that two before it
    steps: NDArray[np.intp]  # (b,)
    last: NDArray[np.intp]  # (b,), the last position: 2 s
    blank: int

    @classmethod
    def of(cls, targets: Array, steps: Array, sizes: Array, blank: int) -> TargetPositions:
        """Return the positions of targets (b, s) of `sizes` labels."""
        b, s = targets.shape
        labels = np.full((b, 2 * s + 1), blank, np.intp)
        labels[:, 1::2] = np.where(np.arange(s) < sizes[:, np.newaxis], targets, blank)
        skips = np.zeros(labels.shape, np.bool_)
        skips[:, 2:] = (labels[:, 2:] != blank) & (labels[:, 2:] != labels[:, :-2])
        return cls(labels, skips, steps.astype(np.intp), 2 * sizes.astype(np.intp), blank)

    def emissions(self, x: Array) -> Log:
        """Return the log-probabilities of the labels, (t, b, e), from x (b, t, v)."""
        b, t, _ = x.shape
        index = np.broadcast_to(self.labels[:, np.newaxis], (b, t, self.labels.shape[1]))
        taken = np.take_along_axis(x, index, axis=2).astype(np.float64)
        return np.ascontiguousarray(taken.swapaxes(0, 1))

    def is_step(self, t: int) -> NDArray[np.bool_]:
        """Return which steps count, (t, b)."""
        mask: NDArray[np.bool_] = np.arange(t)[:, np.newaxis] < self.steps
        return mask

    def is_end(self) -> NDArray[np.bool_]:
        """Return at which positions an alignment may end, (b, e): the last two."""
        index = np.arange(self.labels.shape[1])
        last = self.last[:, np.newaxis]
        ends: NDArray[np.bool_] = (index == last) | (index == last - 1)
        return ends

    def by_class(self, share: Log, x: Array) -> Array:
        """Return the sums (b, t, v) of share (t, b, e) over the positions of each class."""
        by_x = np.zeros(x.shape, x.dtype)
        rows = np.arange(len(x))
        by_step = share.swapaxes(0, 1)
        if x.shape[2]:
            by_x[:, :, self.blank] += by_step[:, :, ::2].sum(axis=2).astype(x.dtype)
        for i in range(1, self.labels.shape[1], 2):  # each row once: no index is repeated
            by_x[rows, :, self.labels[:, i]] += by_step[:, :, i]
        return by_x


def ctc_forward(emissions: Log, positions: TargetPositions) -> Log:
    """Return alpha (t, b, e); after the last step of a row it is repeated."""
    alpha = np.full(emissions.shape, -np.inf)
    counts = positions.is_step(len(emissions))[..., np.newaxis]
    for i, emission in enumerate(emissions):
        if i == 0:
            alpha[0, :, :2] = np.where(counts[0], emission[:, :2], -np.inf)
            continue
        before = alpha[i - 1]
        step = _log_sum(before, _shifted(before, 1), _shifted(before, 2), positions.skips)
        step += np.where(counts[i], emission, 0)
        np.copyto(alpha[i], np.where(counts[i], step, before))
    return alpha


def ctc_backward(emissions: Log, positions: TargetPositions) -> Log:
    """Return beta (t, b, e), the log-probability of the steps after t from each position."""
    t, _, e = emissions.shape
    beta = np.full(emissions.shape, -np.inf)
    ends = np.where(positions.is_end(), 0.0, -np.inf)
    skips = np.zeros((len(ends), e), np.bool_)
    skips[:, :-2] = positions.skips[:, 2:]
    for i in range(t - 1, -1, -1):
        is_last = (positions.steps == i + 1)[:, np.newaxis]
        if i == t - 1:
            beta[i] = np.where(is_last, ends, -np.inf)
            continue
        follows = (positions.steps > i + 1)[:, np.newaxis]
        after = beta[i + 1] + np.where(follows, emissions[i + 1], 0)
        step = _log_sum(after, _shifted(after, -1), _shifted(after, -2), skips)
        beta[i] = np.where(is_last, ends, step)
    return beta


def _shifted(messages: Log, by: int) -> Log:
    """Return messages (b, e) moved by some positions, -inf at those that none moves to."""
    moved = np.full(messages.shape, -np.inf)
    if by > 0:
        moved[:, by:] = messages[:, :-by]
    else:
        moved[:, :by] = messages[:, -by:]
    return moved


def _log_sum(stays: Log, moves: Log, skips: Log, may_skip: NDArray[np.bool_]) -> Log:
    """Return log(e^stays + e^moves + e^skips), without the last where it may not be."""
    skips = np.where(may_skip, skips, -np.inf)
    top = np.maximum(np.maximum(stays, moves), skips)
    base = np.where(top == -np.inf, 0, top)
    total = np.exp(stays - base)
    total += np.exp(moves - base)
    total += np.exp(skips - base)
    with np.errstate(divide="ignore"):
        np.log(total, out=total)
    total += base
    return total


def ctc_end(alpha: Log, positions: TargetPositions) -> Log:
    """Return log p of each target, (b,): the sum at the last two positions."""
    if not len(alpha):
        return np.where(positions.last == 0, 0.0, -np.inf)
    ends = np.where(positions.is_end(), alpha[-1], -np.inf)
    top = ends.max(axis=1)
    base = np.where(top == -np.inf, 0, top)
    with np.errstate(divide="ignore"):
        total: Log = np.log(np.exp(ends - base[:, np.newaxis]).sum(axis=1)) + base
    return np.where((positions.steps == 0) & (positions.last == 0), 0.0, total)
