"""The same elements in another shape: no arithmetic, and no copy where NumPy needs none.

Change of floating dtype.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import DTypeLike

from pmt_autograd.primitive import primitive
from pmt_autograd.registry import Sample, no_flops, samples
from pmt_autograd.types import Array, Result
from pmt_core import unbroadcast


@primitive
def reshape(x: Array, *, shape: tuple[int, ...]) -> Result:
    """x in another shape of as many elements; one axis may be -1."""
    before = x.shape

    def backward(grad: Array) -> Array:
        return grad.reshape(before)

    return x.reshape(shape), backward


@primitive
def transpose(x: Array, *, axes: tuple[int, ...] | None = None) -> Result:
    """Axes in the order `axes`, reversed by default. The gradient takes the inverse order."""
    inverse = None if axes is None else tuple(np.argsort([axis % x.ndim for axis in axes]))

    def backward(grad: Array) -> Array:
        return grad.transpose(inverse)

    return x.transpose(axes), backward


@primitive
def swapaxes(x: Array, *, first: int, second: int) -> Result:
    """Two axes exchanged."""

    def backward(grad: Array) -> Array:
        return grad.swapaxes(first, second)

    return x.swapaxes(first, second), backward


@primitive
def broadcast_to(x: Array, *, shape: tuple[int, ...]) -> Result:
    """x repeated to `shape`. The gradient is summed over the repeats."""
    before = x.shape

    def backward(grad: Array) -> Array:
        return unbroadcast(grad, before)

    return np.broadcast_to(x, shape), backward


@samples(reshape, analytic=True)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    yield Sample((rng.normal(size=(2, 6)),), {"shape": (3, 4)})
    yield Sample((rng.normal(size=(2, 6)),), {"shape": (-1, 2)}, note="one axis inferred")
    yield Sample((rng.normal(size=()),), {"shape": (1, 1)}, note="0-d")
    yield Sample((rng.normal(size=(0, 3)),), {"shape": (3, 0)}, note="empty")


@samples(transpose, analytic=True)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    yield Sample((rng.normal(size=(2, 3, 4)),), note="reversed")
    yield Sample((rng.normal(size=(2, 3, 4)),), {"axes": (1, 2, 0)}, note="a cycle")
    yield Sample((rng.normal(size=(2, 3, 4)),), {"axes": (0, -1, 1)}, note="negative axis")


@samples(swapaxes, analytic=True)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    yield Sample((rng.normal(size=(2, 3, 4)),), {"first": -1, "second": 0})


@samples(broadcast_to, analytic=True)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    yield Sample((rng.normal(size=(3, 1)),), {"shape": (2, 3, 4)})
    yield Sample((rng.normal(size=()),), {"shape": (2,)}, note="0-d")


@primitive
def astype(x: Array, *, dtype: DTypeLike) -> Result:
    """x in another dtype, same shape. The gradient is cast back to the dtype of x."""
    before = x.dtype

    def backward(grad: Array) -> Array:
        return grad.astype(before)

    return x.astype(dtype), backward


no_flops(reshape, transpose, swapaxes, broadcast_to, astype)


@samples(astype)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    yield Sample((rng.normal(size=(2, 3)),), {"dtype": np.float64}, float32=False)
