"""The blocks and ranges of flat memory that an optimizer step passes over."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from pmt_autograd import Array
from pmt_train.optim.flat_gradients import ParameterSlot
from pmt_train.optim.flat_parameters import aligned_zeros

Scratch = Mapping[np.dtype[Any], list[Array]]
"""Arrays with undefined content by dtype, which one thread uses for one block after the other."""


@dataclass(frozen=True, slots=True)
class Block:
    """The elements that one call of `Optimizer.update` changes; all have equal settings.

    Attributes:
        p: parameters, updated in place.
        g: gradient; `scale * g` is the gradient to use. Not to be changed.
        state: the arrays named by `state_names`, updated in place.
        scratch: two arrays with undefined content.
        lr, decay: learning rate and weight decay (0 for none).

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import Parameter
        >>> from pmt_train import Block, Optimizer
        >>> class SignSGD(Optimizer):
        ...     def update(self, block: Block) -> None:
        ...         block.p[...] -= block.lr * np.sign(block.g)
        >>> p = Parameter([1.0, -100.0])
        >>> (p * p).sum().backward()
        >>> SignSGD([p], lr=0.5).step()
        >>> p.data
        array([  0.5, -99.5], dtype=float32)
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


def new_scratch(dtypes: Iterable[np.dtype[Any]], size: int) -> Scratch:
    """Return the two scratch arrays of a thread, of `size` elements, for each dtype."""
    return {dtype: [aligned_zeros(size, dtype) for _ in range(2)] for dtype in dtypes}


def scratch_like(scratch: Array, like: Array) -> Array:
    """Return scratch of the shape of `like`; a new array if a row is longer than a block."""
    if like.size > scratch.size:
        return np.empty_like(like)
    return scratch[: like.size].reshape(like.shape)
