"""Reductions over axes: sum, mean, var, std, max, min, norm; and the cumulative sum."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from pmt_autograd.primitive import primitive
from pmt_autograd.registry import Sample, samples
from pmt_autograd.types import Array, Axis, Result


def expand_reduced(reduced: Array, shape: tuple[int, ...], axis: Axis, keepdims: bool) -> Array:
    """Restore the axes of length 1 of an array reduced over `axis`, and broadcast it to `shape`."""
    if not keepdims and axis is not None:
        reduced = np.expand_dims(reduced, axis)
    if math.prod(shape) > _SMALL:
        return np.broadcast_to(reduced, shape)
    full = np.empty(shape, reduced.dtype)  # faster than a view, which takes a microsecond
    full[...] = reduced
    return full


_SMALL = 4096


def reduced_size(shape: tuple[int, ...], axis: Axis) -> int:
    """Return the number of elements that are reduced to one."""
    if axis is None:
        return int(np.prod(shape, dtype=np.int64))
    axes = (axis,) if isinstance(axis, int) else axis
    return int(np.prod([shape[i] for i in axes], dtype=np.int64))


@primitive
def sum(x: Array, *, axis: Axis = None, keepdims: bool = False) -> Result:
    """Return the sum over `axis` (all axes if None). d sum = the sum of dx."""
    shape = x.shape

    def backward(grad: Array) -> Array:
        return expand_reduced(grad, shape, axis, keepdims)

    return x.sum(axis=axis, keepdims=keepdims), backward


@primitive
def mean(x: Array, *, axis: Axis = None, keepdims: bool = False) -> Result:
    """Return the mean over `axis` (all axes if None). d mean = (the sum of dx) / n."""
    shape = x.shape
    n = reduced_size(shape, axis)

    def backward(grad: Array) -> Array:
        return expand_reduced(grad / n, shape, axis, keepdims)

    return x.mean(axis=axis, keepdims=keepdims), backward


@primitive
def var(x: Array, *, axis: Axis = None, keepdims: bool = False) -> Result:
    """Return the variance over `axis`, the mean of (x - mean)^2. d var = 2 (x - mean) / n."""
    shape = x.shape
    n = reduced_size(shape, axis)
    centered = x - x.mean(axis=axis, keepdims=True)

    def backward(grad: Array) -> Array:
        return expand_reduced(grad * (2 / n), shape, axis, keepdims) * centered

    return np.square(centered).mean(axis=axis, keepdims=keepdims), backward


@primitive
def std(x: Array, *, axis: Axis = None, keepdims: bool = False) -> Result:
    """Return the standard deviation over `axis`. d std = (x - mean) / (n std), 0 if std = 0."""
    shape = x.shape
    n = reduced_size(shape, axis)
    centered = x - x.mean(axis=axis, keepdims=True)
    deviation = np.sqrt(np.square(centered).mean(axis=axis, keepdims=keepdims))

    def backward(grad: Array) -> Array:
        per_unit = grad / (n * np.where(deviation > 0, deviation, grad.dtype.type(1)))
        return expand_reduced(per_unit, shape, axis, keepdims) * centered

    return deviation, backward


@primitive
def max(x: Array, *, axis: Axis = None, keepdims: bool = False) -> Result:
    """Return the largest value over `axis` (all axes if None). Ties share the gradient evenly."""
    return _extreme(x, x.max(axis=axis, keepdims=keepdims), axis, keepdims)


@primitive
def min(x: Array, *, axis: Axis = None, keepdims: bool = False) -> Result:
    """Return the smallest value over `axis` (all axes if None). Ties share the gradient evenly."""
    return _extreme(x, x.min(axis=axis, keepdims=keepdims), axis, keepdims)


def _extreme(x: Array, value: Array, axis: Axis, keepdims: bool) -> Result:
    def backward(grad: Array) -> Array:
        chosen = x == expand_reduced(value, x.shape, axis, keepdims)
        share = chosen / chosen.sum(axis=axis, keepdims=True)
        return expand_reduced(grad, x.shape, axis, keepdims) * share.astype(x.dtype)

    return value, backward


def _reductions(rng: np.random.Generator, *, empty: bool, single: bool = True) -> Iterator[Sample]:
    x = rng.permutation(24).reshape(2, 3, 4) / 5 + rng.uniform(0, 0.05, (2, 3, 4))  # no ties
    for axis in (None, 0, -1, (0, 2)):
        yield Sample((x,), {"axis": axis}, note=f"axis {axis}")
        yield Sample((x,), {"axis": axis, "keepdims": True}, note=f"axis {axis}, kept")
    if single:
        yield Sample((np.array(1.5),), note="0-d")
    if empty:
        yield Sample((np.zeros((0, 3)),), {"axis": -1}, note="empty")


@samples(sum, mean, var, analytic=True)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    yield from _reductions(rng, empty=True)


@samples(std, kinks="std = 0: 0")
def _(rng: np.random.Generator) -> Iterator[Sample]:
    yield from _reductions(rng, empty=True, single=False)


@samples(max, min, kinks="ties: the gradient is shared evenly")
def _(rng: np.random.Generator) -> Iterator[Sample]:
    yield from _reductions(rng, empty=False)


@primitive
def cumsum(x: Array, *, axis: int = -1) -> Result:
    """Return y_i = x_0 + ... + x_i along an axis. dx_i = the sum of dy_j for j >= i."""

    def backward(grad: Array) -> Array:
        return np.flip(np.cumsum(np.flip(grad, axis), axis=axis, dtype=grad.dtype), axis)

    return np.cumsum(x, axis=axis, dtype=x.dtype), backward


@samples(cumsum, analytic=True)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    yield Sample((rng.normal(size=5),))
    yield Sample((rng.normal(size=(3, 4)),), {"axis": 0}, note="first axis")
    yield Sample((rng.normal(size=(2, 3, 4)),), {"axis": 1}, note="middle axis")
    yield Sample((rng.normal(size=(0, 4)),), {"axis": 0}, note="empty")


@primitive
def norm(x: Array, *, axis: Axis = None, keepdims: bool = False) -> Result:
    """Return the Euclidean norm over `axis` (all axes if None). d norm = x / norm, 0 at x = 0.

    Divides by the largest element first, so that squares neither overflow nor underflow.
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
    """Return the shape of x without the reduced axes."""
    if axis is None:
        return ()
    removed = {i % x.ndim for i in (axis if isinstance(axis, tuple) else (axis,))}
    return tuple(size for i, size in enumerate(x.shape) if i not in removed)


@samples(norm, kinks="x = 0: 0")
def _(rng: np.random.Generator) -> Iterator[Sample]:
    x = rng.normal(size=(2, 3, 4))
    yield Sample((x,), note="all axes")
    yield Sample((x,), {"axis": -1})
    yield Sample((x,), {"axis": (0, 2), "keepdims": True}, note="two axes, kept")
    yield Sample((np.array(-2.0),), note="0-d")
    yield Sample((np.zeros((0, 3)),), {"axis": 0}, note="empty")
    yield Sample((x[0] * 1e25,), {"axis": 0}, note="squares beyond float32")
