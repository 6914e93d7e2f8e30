"""The blocks and ranges of flat memory that an optimizer step passes over."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from pmt_autograd import Array
from pmt_train.optim.flat_gradients import ParameterSlot


@dataclass(frozen=True, slots=True)
class Block:
    """The elements that one call of `Optimizer.update` changes; all have equal settings.

    Attributes:
        p: parameters, updated in place.
        g: gradient; `scale * g` is the gradient to use. Not to be changed.
        state: the arrays named by `state_names`, updated in place.
        scratch: two arrays with undefined content.
        lr, decay: learning rate and weight decay (0 for none).
    """

    p: Array
    g: Array
    state: Sequence[Array]
    scratch: Sequence[Array]
    lr: float
    scale: float
    decay: float

    def decayed_gradient(self, out: Array, scratch: Array) -> None:
        """Write `scale * g + decay * p` to `out` (L2 regularization)."""
        np.multiply(self.g, self.scale, out=out)
        if self.decay:
            np.multiply(self.p, self.decay, out=scratch)
            out += scratch


@dataclass(frozen=True, slots=True)
class ParameterRange:
    """A range of flat memory whose parameters have equal settings."""

    dtype: np.dtype[Any]
    start: int
    stop: int
    lr_factor: float
    decay: float


def join_ranges(
    slots: Sequence[ParameterSlot], lr_factors: Sequence[float], decays: Sequence[float]
) -> list[ParameterRange]:
    """Return the memory of the slots; neighbors with equal settings are joined to one range.

    The slots are in order of the memory; the settings of a slot have its index.
    """
    ranges: list[ParameterRange] = []
    for slot in slots:
        settings = (lr_factors[slot.index], decays[slot.index])
        present = ParameterRange(slot.dtype, slot.start, slot.end, *settings)
        if ranges and ranges[-1] == replace(present, start=ranges[-1].start, stop=slot.start):
            present = replace(present, start=ranges.pop().start)
        ranges.append(present)
    return ranges


def split_ranges(ranges: Sequence[ParameterRange], size: int) -> Iterator[ParameterRange]:
    """Yield the ranges in blocks of at most `size` elements."""
    for whole in ranges:
        for start in range(whole.start, whole.stop, size):
            stop = min(start + size, whole.stop)
            yield ParameterRange(whole.dtype, start, stop, whole.lr_factor, whole.decay)
