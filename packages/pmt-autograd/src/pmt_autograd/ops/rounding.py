"""Rounding, the sign and the remainder of each element: piecewise constant, or with jumps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from pmt_autograd.primitive import primitive
from pmt_autograd.promotion import promote
from pmt_autograd.registry import Sample, samples
from pmt_autograd.types import Array, Gradients, NeedsGrad, Result
from pmt_core import unbroadcast


def _flat(grad: Array) -> Array:
    """Return the gradient of a function that is constant between its jumps: 0, whatever comes in.

    nan and infinities of `grad` are cut as well.
    """
    return np.zeros_like(grad)


@primitive
def sign(x: Array) -> Result:
    """Return -1, 0 or 1, and nan of nan. d sign = 0.

    Examples:
        >>> from pmt_autograd import Tensor, sign
        >>> sign(Tensor([-3.0, 0.0, 2.0])).data
        array([-1.,  0.,  1.], dtype=float32)
    """
    return np.sign(x), _flat


@primitive
def floor(x: Array) -> Result:
    """Return the largest whole number that is at most x. d floor = 0.

    Examples:
        >>> from pmt_autograd import Tensor, floor
        >>> x = Tensor([-1.5, 2.7], requires_grad=True)
        >>> y = floor(x)
        >>> y.data
        array([-2.,  2.], dtype=float32)
        >>> y.sum().backward()
        >>> x.grad
        GradientArray([0., 0.], dtype=float32)
    """
    return np.floor(x), _flat


@primitive
def ceil(x: Array) -> Result:
    """Return the smallest whole number that is at least x. d ceil = 0.

    Examples:
        >>> from pmt_autograd import Tensor, ceil
        >>> ceil(Tensor([-1.5, 2.2])).data
        array([-1.,  3.], dtype=float32)
    """
    return np.ceil(x), _flat


@primitive
def trunc(x: Array) -> Result:
    """Return x without its fraction: rounded towards 0. d trunc = 0.

    Examples:
        >>> from pmt_autograd import Tensor, trunc
        >>> trunc(Tensor([-1.5, 2.7])).data
        array([-1.,  2.], dtype=float32)
    """
    return np.trunc(x), _flat


@primitive
def round(x: Array, *, decimals: int = 0) -> Result:
    """Return x rounded to a number of decimals, halves to the even neighbor. d round = 0.

    Examples:
        >>> from pmt_autograd import Tensor
        >>> Tensor([0.5, 1.5, 2.6]).round().data
        array([0., 2., 3.], dtype=float32)
        >>> Tensor([3.14159]).round(2).data
        array([3.14], dtype=float32)
    """
    return np.round(x, decimals), _flat


@primitive
def mod(a: Array, b: Array, *, needs_grad: NeedsGrad = (True, True)) -> Result:
    """Return the remainder a - floor(a / b) b, with the sign of b; a and b broadcast.

    d mod = da - floor(a / b) db. At multiples of b, where it jumps, the gradient is that of the
    side on which the value lies.

    Examples:
        >>> from pmt_autograd import Tensor
        >>> a = Tensor([7.5, -1.0], requires_grad=True)
        >>> b = Tensor([3.0, 3.0], requires_grad=True)
        >>> y = a % b
        >>> y.data
        array([1.5, 2. ], dtype=float32)
        >>> y.sum().backward()
        >>> a.grad, b.grad
        (GradientArray([1., 1.], dtype=float32), GradientArray([-2.,  1.], dtype=float32))
    """
    a, b = promote(a, b)

    def backward(grad: Array) -> Gradients:
        by_b = None
        if needs_grad[1]:
            with np.errstate(divide="ignore", invalid="ignore"):
                whole = np.floor_divide(a, b).astype(grad.dtype, copy=False)
            by_b = unbroadcast(-grad * whole, np.shape(b))
        return unbroadcast(grad, np.shape(a)) if needs_grad[0] else None, by_b

    return np.mod(a, b), backward


@primitive
def floor_divide(a: Array, b: Array, *, needs_grad: NeedsGrad = (True, True)) -> Result:
    """Return floor(a / b); a and b broadcast. d floor_divide = 0.

    Examples:
        >>> from pmt_autograd import Tensor
        >>> (Tensor([7.5, -1.0]) // 3).data
        array([ 2., -1.], dtype=float32)
    """
    a, b = promote(a, b)
    shapes = np.shape(a), np.shape(b)

    def backward(grad: Array) -> Gradients:
        by_a, by_b = (
            np.zeros(shape, grad.dtype) if needed else None
            for shape, needed in zip(shapes, needs_grad, strict=True)
        )
        return by_a, by_b

    return np.floor_divide(a, b), backward


def _between_whole_numbers(rng: np.random.Generator, *shape: int) -> Any:
    """Return numbers of either sign at a distance of 0.1 or more from halves of whole numbers."""
    halves = rng.integers(-6, 6, shape) / 2
    return halves + rng.uniform(0.1, 0.4, shape)


@samples(sign, floor, ceil, trunc, round, kinks="jumps: 0")
def _(rng: np.random.Generator) -> Iterator[Sample]:
    yield Sample((_between_whole_numbers(rng, 3, 4),))
    yield Sample((np.array(-0.3),), note="0-d")
    yield Sample((np.zeros((0, 2)),), note="empty")


@samples(mod, floor_divide, kinks="a is a multiple of b: that of the side of the value")
def _(rng: np.random.Generator) -> Iterator[Sample]:
    divisors = rng.choice([-3.0, -2.0, 2.0, 3.0], (3, 4))
    quotients = rng.integers(-3, 3, (3, 4)) + rng.uniform(0.2, 0.8, (3, 4))
    yield Sample((quotients * divisors, divisors))
    yield Sample((quotients * divisors[0], divisors[0]), note="broadcast")
    yield Sample((np.array(7.3), 2), note="0-d, Python number")
    yield Sample((np.zeros((0, 2)), np.ones(2)), note="empty")
