"""Products and cumulative sums along axes; the gradients of products divide by nothing."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from pmt_autograd.ops.reduction import expand_reduced
from pmt_autograd.ops.shape import normalize_axis
from pmt_autograd.primitive import primitive
from pmt_autograd.registry import Sample, samples
from pmt_autograd.types import Array, Axis, Result


@primitive
def prod(x: Array, *, axis: Axis = None, keepdims: bool = False) -> Result:
    """Return the product over `axis` (all axes if None).

    d prod = the sum of dx_i times the product of the other elements. That product is computed from
    those before and after x_i and not by a division, so that zeros have their exact gradient too.

    Examples:
        >>> from pmt_autograd import Tensor, prod
        >>> x = Tensor([2.0, 0.0, 5.0], requires_grad=True)
        >>> y = prod(x)
        >>> y.item()
        0.0
        >>> y.backward()
        >>> x.grad  # the product of the others, at a zero too
        GradientArray([ 0., 10.,  0.], dtype=float32)
    """

    def backward(grad: Array) -> Array:
        wide = expand_reduced(grad, x.shape, axis, keepdims)
        return wide * _products_of_others(x, axis)

    return np.asarray(x.prod(axis=axis, keepdims=keepdims)), backward


def _products_of_others(x: Array, axis: Axis) -> Array:
    """Return for each element the product of all others that are multiplied with it."""
    axes = range(x.ndim) if axis is None else (axis,) if isinstance(axis, int) else axis
    reduced = sorted(normalize_axis(i, x.ndim) for i in axes) if x.ndim else []
    order = [i for i in range(x.ndim) if i not in reduced] + reduced
    moved = x.transpose(order)
    rows = moved.reshape(*moved.shape[: x.ndim - len(reduced)], _size(moved, len(reduced)))
    before, after = np.ones_like(rows), np.ones_like(rows)
    np.cumprod(rows[..., :-1], axis=-1, out=before[..., 1:])
    np.cumprod(rows[..., :0:-1], axis=-1, out=after[..., -2::-1])
    return (before * after).reshape(moved.shape).transpose(np.argsort(order))


def _size(x: Array, last: int) -> int:
    """Return the number of elements along the last axes."""
    size = 1
    for length in x.shape[x.ndim - last :]:
        size *= length
    return size


@primitive
def cumprod(x: Array, *, axis: int = -1) -> Result:
    """Return y_i = x_0 ... x_i along an axis.

    dx_i = x_0 ... x_(i-1) s_i with s_i = dy_i + x_(i+1) s_(i+1), from the last element to the
    first: no division, so zeros have their exact gradient.

    Examples:
        >>> from pmt_autograd import Tensor, cumprod
        >>> x = Tensor([2.0, 3.0, 5.0], requires_grad=True)
        >>> y = cumprod(x)
        >>> y.data
        array([ 2.,  6., 30.], dtype=float32)
        >>> y.sum().backward()
        >>> x.grad  # of x_0: 1 + 3 + 3 * 5
        GradientArray([19., 12.,  6.], dtype=float32)
    """
    shape = x.shape
    y = np.cumprod(x, axis=axis)

    def backward(grad: Array) -> Array:
        if not grad.size:
            return grad.reshape(shape)
        along = np.moveaxis(x if x.ndim else x.reshape(1), axis, 0)
        values, sums = np.moveaxis(y, axis, 0), np.moveaxis(grad, axis, 0).copy()
        for i in range(len(sums) - 2, -1, -1):
            sums[i] += along[i + 1] * sums[i + 1]
        sums[1:] *= values[:-1]
        return np.moveaxis(sums, 0, axis).reshape(shape)

    return y, backward


@primitive
def cumsum(x: Array, *, axis: int = -1) -> Result:
    """Return y_i = x_0 + ... + x_i along an axis. dx_i = the sum of dy_j for j >= i.

    Examples:
        >>> from pmt_autograd import Tensor, cumsum
        >>> x = Tensor([1.0, 2.0, 3.0], requires_grad=True)
        >>> y = cumsum(x)
        >>> y.data
        array([1., 3., 6.], dtype=float32)
        >>> y.sum().backward()
        >>> x.grad  # x_0 is in all three sums
        GradientArray([3., 2., 1.], dtype=float32)
    """
    shape = x.shape

    def backward(grad: Array) -> Array:
        summed = np.flip(np.cumsum(np.flip(grad, axis), axis=axis, dtype=grad.dtype), axis)
        return summed.reshape(shape)

    return np.cumsum(x, axis=axis, dtype=x.dtype), backward


@samples(prod, analytic=True)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    x = rng.normal(size=(2, 3, 4))
    for axis in (None, 0, -1, (0, 2), (2, 0)):
        yield Sample((x,), {"axis": axis}, note=f"axis {axis}")
    yield Sample((x,), {"axis": (1,), "keepdims": True}, note="kept")
    yield Sample((np.array([[3.0, 0, 2, 5], [0, 1.5, 0, 2], [1, 2, 3, 4]]),), {"axis": 1}, "zeros")
    yield Sample((np.array(1.5),), note="0-d")
    yield Sample((np.zeros((0, 3)),), {"axis": -1}, note="empty")
    yield Sample((np.zeros((2, 0)),), {"axis": -1}, note="of nothing")


@samples(cumprod, analytic=True)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    yield Sample((rng.normal(size=5),))
    yield Sample((rng.normal(size=(3, 4)),), {"axis": 0}, note="first axis")
    yield Sample((rng.normal(size=(2, 3, 4)),), {"axis": 1}, note="middle axis")
    yield Sample((np.array([[3.0, 0, 2, 5], [0, 1.5, 0, 2]]),), note="zeros")
    yield Sample((rng.normal(size=(0, 4)),), {"axis": 0}, note="empty")


@samples(cumsum, analytic=True)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    yield Sample((rng.normal(size=5),))
    yield Sample((rng.normal(size=(3, 4)),), {"axis": 0}, note="first axis")
    yield Sample((rng.normal(size=(2, 3, 4)),), {"axis": 1}, note="middle axis")
    yield Sample((rng.normal(size=(0, 4)),), {"axis": 0}, note="empty")
