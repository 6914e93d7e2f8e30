"""Reductions over axes: sum, mean, var, std, max, min, norm."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np

from pmt_autograd.ops.shape import normalize_axis
from pmt_autograd.primitive import primitive
from pmt_autograd.registry import Sample, samples
from pmt_autograd.types import Array, Axis, Result
from pmt_core import cut, scaled_to_one


def expand_reduced(reduced: Array, shape: tuple[int, ...], axis: Axis, keepdims: bool) -> Array:
    """Restore the axes of length 1 of an array reduced over `axis`, and broadcast it to `shape`."""
    if not keepdims and axis is not None and shape:  # a 0-d array has the axes 0 and -1, too
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
        return math.prod(shape)
    axes = (axis,) if isinstance(axis, int) else axis
    return math.prod(shape[normalize_axis(i, len(shape))] for i in axes)


@primitive
def sum(x: Array, *, axis: Axis = None, keepdims: bool = False) -> Result:
    """Return the sum over `axis` (all axes if None). d sum = the sum of dx.

    Examples:
        >>> from pmt_autograd import Tensor
        >>> x = Tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
        >>> x.sum(axis=0).data
        array([4., 6.], dtype=float32)
        >>> x.sum(axis=1, keepdims=True).shape
        (2, 1)
        >>> x.sum().backward()
        >>> x.grad
        GradientArray([[1., 1.],
                       [1., 1.]], dtype=float32)
    """
    shape = x.shape

    def backward(grad: Array) -> Array:
        return expand_reduced(grad, shape, axis, keepdims)

    return x.sum(axis=axis, keepdims=keepdims), backward


@primitive
def mean(x: Array, *, axis: Axis = None, keepdims: bool = False) -> Result:
    """Return the mean over `axis` (all axes if None). d mean = (the sum of dx) / n.

    Examples:
        >>> from pmt_autograd import Tensor
        >>> x = Tensor([1.0, 2.0, 3.0, 6.0], requires_grad=True)
        >>> y = x.mean()
        >>> y.item()
        3.0
        >>> y.backward()
        >>> x.grad
        GradientArray([0.25, 0.25, 0.25, 0.25], dtype=float32)
    """
    shape = x.shape
    n = reduced_size(shape, axis)

    def backward(grad: Array) -> Array:
        return expand_reduced(grad / (n or 1), shape, axis, keepdims)

    return x.mean(axis=axis, keepdims=keepdims), backward


@primitive
def var(x: Array, *, axis: Axis = None, ddof: float = 0, keepdims: bool = False) -> Result:
    """Return the variance over `axis`: the sum of (x - mean)^2, divided by n - ddof.

    ddof: 0 for the variance of these numbers, 1 for the estimate from a sample (Bessel's
    correction). d var = 2 (x - mean) / (n - ddof). If n <= ddof, the value is nan, or inf if the
    numbers differ, with NumPy's warning, and the gradient as well.

    Examples:
        >>> from pmt_autograd import Tensor
        >>> x = Tensor([1.0, 2.0, 3.0, 6.0], requires_grad=True)
        >>> y = x.var()
        >>> y.item()
        3.5
        >>> y.backward()
        >>> x.grad
        GradientArray([-1. , -0.5,  0. ,  1.5], dtype=float32)
        >>> round(x.var(ddof=1).item(), 3)
        4.667
    """
    shape = x.shape
    freedom = _freedom(shape, axis, ddof)
    centered = x - x.mean(axis=axis, keepdims=True)

    def backward(grad: Array) -> Array:
        factor = 2 / freedom if freedom else math.inf
        with np.errstate(invalid="ignore"):
            return expand_reduced(grad * factor, shape, axis, keepdims) * centered

    if ddof:
        return np.square(centered).sum(axis=axis, keepdims=keepdims) / freedom, backward
    return np.square(centered).mean(axis=axis, keepdims=keepdims), backward


def _freedom(shape: tuple[int, ...], axis: Axis, ddof: float) -> float:
    """Return n - ddof, at least 0."""
    left = reduced_size(shape, axis) - ddof
    return left if left > 0 else 0


@primitive
def std(x: Array, *, axis: Axis = None, ddof: float = 0, keepdims: bool = False) -> Result:
    """Return the standard deviation over `axis`, the root of `var`.

    d std = (x - mean) / ((n - ddof) std), and 0 if std = 0. If n <= ddof, the value and the
    gradient are as for `var`.

    Examples:
        >>> from pmt_autograd import Tensor
        >>> x = Tensor([0.0, 6.0, 8.0, 10.0], requires_grad=True)
        >>> y = x.std()
        >>> round(y.item(), 3)
        3.742
        >>> y.backward()
        >>> x.grad.round(3)
        array([-0.401,  0.   ,  0.134,  0.267], dtype=float32)
    """
    freedom = _freedom(x.shape, axis, ddof)
    centered = x - x.mean(axis=axis, keepdims=True)
    value, direction = _length_and_direction(centered, axis, keepdims)
    root = math.sqrt(freedom)

    def backward(grad: Array) -> Array:
        if freedom:
            return direction(grad / root)
        with np.errstate(invalid="ignore"):
            return expand_reduced(grad * math.inf, centered.shape, axis, keepdims) * centered

    return value / root, backward


@primitive
def max(x: Array, *, axis: Axis = None, keepdims: bool = False) -> Result:
    """Return the largest value over `axis` (all axes if None). Ties share the gradient evenly.

    nan counts as the largest value, so it has the gradient.

    Examples:
        >>> from pmt_autograd import Tensor
        >>> x = Tensor([[1.0, 5.0], [4.0, 4.0]], requires_grad=True)
        >>> y = x.max(axis=1)
        >>> y.data
        array([5., 4.], dtype=float32)
        >>> y.sum().backward()
        >>> x.grad
        GradientArray([[0. , 1. ],
                       [0.5, 0.5]], dtype=float32)
    """
    return _extreme(x, x.max(axis=axis, keepdims=keepdims), axis, keepdims)


@primitive
def min(x: Array, *, axis: Axis = None, keepdims: bool = False) -> Result:
    """Return the smallest value over `axis` (all axes if None). Ties share the gradient evenly.

    nan counts as the smallest value, so it has the gradient.

    Examples:
        >>> from pmt_autograd import Tensor
        >>> x = Tensor([3.0, 1.0, 2.0], requires_grad=True)
        >>> y = x.min()
        >>> y.item()
        1.0
        >>> y.backward()
        >>> x.grad
        GradientArray([0., 1., 0.], dtype=float32)
    """
    return _extreme(x, x.min(axis=axis, keepdims=keepdims), axis, keepdims)


def _extreme(x: Array, value: Array, axis: Axis, keepdims: bool) -> Result:
    def backward(grad: Array) -> Array:
        chosen = x == expand_reduced(value, x.shape, axis, keepdims)
        if np.isnan(value).any():
            chosen |= np.isnan(x)
        count = chosen.sum(axis=axis, keepdims=keepdims)
        share = grad / count.astype(grad.dtype) if (count > 1).any() else grad
        return cut(expand_reduced(share, x.shape, axis, keepdims), chosen)

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


@samples(sum, mean, analytic=True)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    yield from _reductions(rng, empty=True)


@samples(var, analytic=True)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    yield from _reductions(rng, empty=True)
    yield from _with_ddof(rng)


@samples(std, kinks="std = 0: 0")
def _(rng: np.random.Generator) -> Iterator[Sample]:
    yield from _reductions(rng, empty=True, single=False)
    yield from _with_ddof(rng)


def _with_ddof(rng: np.random.Generator) -> Iterator[Sample]:
    for axis, ddof in ((None, 1), (0, 1), ((0, 2), 1.5)):
        yield Sample((rng.normal(size=(3, 2, 4)),), {"axis": axis, "ddof": ddof}, f"ddof {ddof}")


@samples(max, min, kinks="ties: the gradient is shared evenly")
def _(rng: np.random.Generator) -> Iterator[Sample]:
    yield from _reductions(rng, empty=False)


@primitive
def norm(x: Array, *, axis: Axis = None, keepdims: bool = False) -> Result:
    """Return the Euclidean norm |x| over `axis` (all axes if None). d |x| = x / |x|, 0 at 0.

    x is scaled first, so that squares neither overflow nor underflow.

    Examples:
        >>> from pmt_autograd import Tensor, norm
        >>> x = Tensor([3.0, 4.0], requires_grad=True)
        >>> y = norm(x)
        >>> y.item()
        5.0
        >>> y.backward()
        >>> x.grad.round(3)
        array([0.6, 0.8], dtype=float32)
    """
    return _length_and_direction(x, axis, keepdims)


def _length_and_direction(
    x: Array, axis: Axis, keepdims: bool
) -> tuple[Array, Callable[[Array], Array]]:
    """Return |x|, and the function that multiplies a gradient by x / |x|, 0 at 0."""
    scaled, scale = scaled_to_one(x, axis)
    length = np.sqrt(np.square(scaled).sum(axis=axis, keepdims=True))  # 0, or 1 ... 2 sqrt(n)
    value = length * scale

    def direction(grad: Array) -> Array:
        wide = expand_reduced(grad, scaled.shape, axis, keepdims)
        if length.all():
            return wide * (scaled / length)
        divisor = np.where(length == 0, length.dtype.type(1), length)
        return cut(wide, length != 0) * (scaled / divisor)

    return value if keepdims else value.reshape(_reduced(x, axis)), direction


def _reduced(x: Array, axis: Axis) -> tuple[int, ...]:
    """Return the shape of x without the reduced axes."""
    if axis is None or not x.shape:
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
