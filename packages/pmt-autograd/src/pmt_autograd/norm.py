"""The Euclidean norm, with a gradient also at zero."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from pmt_autograd.array_types import Array, Result
from pmt_autograd.primitive import primitive
from pmt_autograd.reduction import Axis, expand_reduced
from pmt_autograd.registry import Sample, samples


@primitive
def norm(x: Array, *, axis: Axis = None, keepdims: bool = False) -> Result:
    """sqrt(sum x^2) over `axis` (int, tuple or None for all). d norm = x / norm, 0 at x = 0.

    Scaled by the largest element first, so that squares neither overflow nor vanish.
    """
    largest = np.abs(x).max(axis=axis, keepdims=True, initial=0)
    scale = np.where(largest > 0, largest, x.dtype.type(1))
    scaled = x / scale
    length = np.sqrt(np.square(scaled).sum(axis=axis, keepdims=True))  # 0, or 1 ... sqrt(n)
    value = length * scale

    def backward(grad: Array) -> Array:
        direction = scaled / np.where(length > 0, length, grad.dtype.type(1))
        return expand_reduced(grad, scaled.shape, axis, keepdims) * direction

    return value if keepdims else value.reshape(_reduced(x, axis)), backward


def _reduced(x: Array, axis: Axis) -> tuple[int, ...]:
    """The shape of x without the axes summed over."""
    if axis is None:
        return ()
    gone = {i % x.ndim for i in (axis if isinstance(axis, tuple) else (axis,))}
    return tuple(size for i, size in enumerate(x.shape) if i not in gone)


@samples(norm, kinks="x = 0: 0")
def _(rng: np.random.Generator) -> Iterator[Sample]:
    x = rng.normal(size=(2, 3, 4))
    yield Sample((x,), note="all axes")
    yield Sample((x,), {"axis": -1})
    yield Sample((x,), {"axis": (0, 2), "keepdims": True}, note="two axes, kept")
    yield Sample((np.array(-2.0),), note="0-d")
    yield Sample((np.zeros((0, 3)),), {"axis": 0}, note="empty")
    yield Sample((x[0] * 1e25,), {"axis": 0}, note="squares beyond float32")
