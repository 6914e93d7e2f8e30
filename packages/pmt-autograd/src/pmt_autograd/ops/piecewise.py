"""Piecewise functions of each element: relu, elu, absolute, maximum, minimum, clip."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from pmt_autograd.primitive import primitive
from pmt_autograd.promotion import promote
from pmt_autograd.registry import Sample, samples
from pmt_autograd.tensor import Tensor
from pmt_autograd.types import Array, Gradients, NeedsGrad, Result
from pmt_core import as_floats, cut, unbroadcast


@primitive
def relu(x: Array) -> Result:
    """Return max(x, 0). d relu = 1 if x > 0 or nan, else 0.

    Examples:
        >>> from pmt_autograd import Tensor, relu
        >>> x = Tensor([-1.0, 0.0, 2.0], requires_grad=True)
        >>> y = relu(x)
        >>> y.data
        array([0., 0., 2.], dtype=float32)
        >>> y.sum().backward()
        >>> x.grad
        GradientArray([0., 0., 1.], dtype=float32)
    """
    return _relu(x)


def _relu(x: Array) -> Result:
    y = np.maximum(x, 0)
    return y, lambda grad: cut(_in_order_of(y, grad), y != 0)


def _in_order_of(y: Array, grad: Array) -> Array:
    """Return a gradient in the memory order of y: two orders at once take three times as long."""
    if y.flags.c_contiguous or not grad.flags.c_contiguous:
        return grad
    ordered = np.empty_like(y, grad.dtype)
    ordered[...] = grad
    return ordered


@primitive
def leaky_relu(x: Array, *, slope: float = 0.01) -> Result:
    """Return x if x > 0, else slope * x (Maas et al. 2013).

    Examples:
        >>> from pmt_autograd import Tensor, leaky_relu
        >>> x = Tensor([-1.0, 2.0], requires_grad=True)
        >>> y = leaky_relu(x, slope=0.25)
        >>> y.data
        array([-0.25,  2.  ], dtype=float32)
        >>> y.sum().backward()
        >>> x.grad
        GradientArray([0.25, 1.  ], dtype=float32)
    """
    x = as_floats(x)
    if not slope:
        return _relu(x)
    factor = np.where(x > 0, x.dtype.type(1), x.dtype.type(slope))
    return x * factor, lambda grad: grad * factor


@primitive
def elu(x: Array, *, alpha: float = 1.0) -> Result:
    """Return x if x > 0, else alpha (e^x - 1) (Clevert et al. 2016). d elu = 1 or alpha e^x.

    Examples:
        >>> from pmt_autograd import Tensor, elu
        >>> x = Tensor([-1.0, 2.0], requires_grad=True)
        >>> y = elu(x)
        >>> y.data.round(3)
        array([-0.632,  2.   ], dtype=float32)
        >>> y.sum().backward()
        >>> x.grad.round(3)
        array([0.368, 1.   ], dtype=float32)
    """
    if not alpha:
        return _relu(x)
    negative = x <= 0
    bounded = np.minimum(x, 0)
    y = np.where(negative, alpha * np.expm1(bounded), x)
    return y, lambda grad: np.where(negative, grad * (alpha * np.exp(bounded)), grad)


@primitive
def absolute(x: Array) -> Result:
    """Return |x|. d |x| = sign(x), 0 at 0 and at nan.

    Examples:
        >>> from pmt_autograd import Tensor, absolute
        >>> x = Tensor([-2.0, 0.0, 3.0], requires_grad=True)
        >>> y = absolute(x)
        >>> y.data
        array([2., 0., 3.], dtype=float32)
        >>> y.sum().backward()
        >>> x.grad
        GradientArray([-1.,  0.,  1.], dtype=float32)
    """
    y = np.abs(x)

    def backward(grad: Array) -> Array:
        with np.errstate(invalid="ignore"):
            return cut(grad * np.sign(x), y > 0)

    return y, backward


@primitive
def maximum(a: Array, b: Array, *, needs_grad: NeedsGrad = (True, True)) -> Result:
    """Return the larger of a and b, which broadcast. Equal elements share the gradient evenly.

    If one of the two is nan, so is the result, and neither is larger: each has the gradient.

    Examples:
        >>> from pmt_autograd import Tensor, maximum
        >>> a = Tensor([1.0, 5.0, 3.0], requires_grad=True)
        >>> y = maximum(a, 3.0)
        >>> y.data
        array([3., 5., 3.], dtype=float32)
        >>> y.sum().backward()
        >>> a.grad
        GradientArray([0. , 1. , 0.5], dtype=float32)
    """
    a, b = promote(a, b)
    return np.maximum(a, b), _backward_of_choice(a, b, np.less, needs_grad)


@primitive
def minimum(a: Array, b: Array, *, needs_grad: NeedsGrad = (True, True)) -> Result:
    """Return the smaller of a and b, which broadcast. Ties and nan as for `maximum`.

    Examples:
        >>> from pmt_autograd import Tensor, minimum
        >>> minimum(Tensor([1.0, 5.0]), Tensor([3.0, 3.0])).data
        array([1., 3.], dtype=float32)
    """
    a, b = promote(a, b)
    return np.minimum(a, b), _backward_of_choice(a, b, np.greater, needs_grad)


def _backward_of_choice(
    a: Array, b: Array, loses: np.ufunc, needs_grad: NeedsGrad
) -> Callable[[Array], Gradients]:
    """Return the backward: an element that loses has no gradient, equal ones half of it each."""

    def backward(grad: Array) -> Gradients:
        by_a, by_b = loses(b, a), loses(a, b)  # True if all of the gradient goes to a, to b
        if np.count_nonzero(by_a) + np.count_nonzero(by_b) < grad.size:  # ties, or nan
            tied = np.equal(a, b)
            grad = grad / np.add(tied, 1, dtype=grad.dtype)
            by_a, by_b = ~by_b, ~by_a
        return (
            unbroadcast(cut(grad, by_a), a.shape) if needs_grad[0] else None,
            unbroadcast(cut(grad, by_b), b.shape) if needs_grad[1] else None,
        )

    return backward


def clip(
    x: Any, low: Tensor | ArrayLike | None = None, high: Tensor | ArrayLike | None = None
) -> Tensor:
    """Return x limited to low ... high; the three broadcast.

    An element in this range (inclusive) has the gradient, and else the limit that it is set to. If
    low > high, the result is high, as in NumPy.

    Args:
        x: a tensor or an array.
        low: number, array or tensor; None is no limit.
        high: number, array or tensor; None is no limit.

    Examples:
        >>> from pmt_autograd import Tensor, clip
        >>> x = Tensor([-5.0, 0.5, 5.0], requires_grad=True)
        >>> y = clip(x, -1, 1)
        >>> y.data
        array([-1. ,  0.5,  1. ], dtype=float32)
        >>> y.sum().backward()
        >>> x.grad
        GradientArray([0., 1., 0.], dtype=float32)
    """
    return clip_between(x, low, high)


@primitive
def clip_between(
    x: Array, low: Any, high: Any, *, needs_grad: NeedsGrad = (True, True, True)
) -> Result:
    """Return x limited to low ... high, which broadcast or are None; the operation of `clip`.

    d clip = dx if low <= x <= high, dhigh if x or low is above high, and else dlow. nan has none.
    """
    shapes = [None if item is None else np.shape(item) for item in (x, low, high)]
    y, masks = x, [np.ones((), np.bool_)] * 3
    if low is not None:
        y, low = promote(y, low)
        masks[0], masks[1] = np.asarray(y >= low), np.asarray(y < low)
        y = np.maximum(y, low)
    if high is not None:
        y, high = promote(y, high)
        within = np.asarray(y <= high)
        masks = [masks[0] & within, masks[1] & within, np.asarray(y > high)]
        y = np.minimum(y, high)
    for i, needed in enumerate(needs_grad):
        if not needed:
            shapes[i] = None

    def backward(grad: Array) -> Gradients:
        by_x, by_low, by_high = (
            None if shape is None else unbroadcast(cut(grad, mask), shape)
            for shape, mask in zip(shapes, masks, strict=True)
        )
        return by_x, by_low, by_high

    return y, backward


@samples(leaky_relu, kinks="x = 0: slope")
def _leaky_relu_samples(rng: np.random.Generator) -> Iterator[Sample]:
    yield Sample((_away_from_zero(rng, (3, 4)),))
    yield Sample((np.array(-0.5),), note="0-d")
    yield Sample((np.zeros((0, 2)),), note="empty")
    yield Sample((np.array([-1000.0, -50.0, 50.0, 1000.0]),), note="far out")


samples(elu, kinks="x = 0 if alpha is not 1: alpha")(_leaky_relu_samples)


@samples(relu, absolute, kinks="x = 0: 0")
def _(rng: np.random.Generator) -> Iterator[Sample]:
    yield Sample((_away_from_zero(rng, (3, 4)),))
    yield Sample((np.array(-0.5),), note="0-d")


@samples(maximum, minimum, kinks="a = b: half each; nan: the gradient to each")
def _(rng: np.random.Generator) -> Iterator[Sample]:
    a = rng.normal(size=(3, 4))
    yield Sample((a, a + _away_from_zero(rng, (3, 4))))
    yield Sample((a, a[0] + 10), note="broadcast")
    yield Sample((a, 20.0), note="Python number")


@samples(clip_between, kinks="x at a limit: the full gradient to x")
def _(rng: np.random.Generator) -> Iterator[Sample]:
    x = np.array([[-3.0, -1.1, -0.9], [0.0, 1.9, 2.1]])
    yield Sample((x, -1.0, 2.0))
    yield Sample((x, -1.0, None), note="lower limit only")
    yield Sample((x, None, 2), note="upper limit only")
    yield Sample((np.array(0.5), 0.0, 1.0), note="0-d")
    yield Sample((x, np.array([-2.0, -1, 1]), np.array([[1.5], [2.0]])), note="arrays")
    yield Sample((x[:1], np.array([[-4.0], [-2], [1]]), None), note="x broadcasts")
    yield Sample((x, np.array(1.0), np.array(-2.0)), note="low > high")
    yield Sample((x, None, None), note="no limits")


def _away_from_zero(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return rng.uniform(0.1, 2, shape) * rng.choice([-1.0, 1.0], shape)
