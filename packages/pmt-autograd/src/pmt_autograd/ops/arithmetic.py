"""Arithmetic with broadcasting: add, subtract, multiply, divide, power, negative."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from pmt_autograd.primitive import primitive
from pmt_autograd.promotion import alike, promote
from pmt_autograd.registry import Sample, samples
from pmt_autograd.types import Array, Backward, Gradients, NeedsGrad, Result
from pmt_core import cut, unbroadcast


@primitive
def add(a: Array, b: Array, *, needs_grad: NeedsGrad = (True, True)) -> Result:
    """Return a + b, which broadcast. d(a + b) = da + db.

    Examples:
        >>> from pmt_autograd import Tensor
        >>> x = Tensor([[1.0, 2.0], [3.0, 4.0]])
        >>> bias = Tensor([10.0, 20.0], requires_grad=True)
        >>> y = x + bias
        >>> y.data
        array([[11., 22.],
               [13., 24.]], dtype=float32)
        >>> y.sum().backward()
        >>> bias.grad  # summed over the rows that it was added to
        GradientArray([2., 2.], dtype=float32)
    """
    if alike(a, b):
        return a + b, _to_both
    a, b = promote(a, b)
    return a + b, _add_backward(a, b, needs_grad)


def _to_both(grad: Array) -> Gradients:
    return grad, grad


def _add_backward(a: Array, b: Array, needs_grad: NeedsGrad) -> Backward:
    a_shape = a.shape if needs_grad[0] else None
    b_shape = b.shape if needs_grad[1] else None
    return lambda grad: (
        None if a_shape is None else unbroadcast(grad, a_shape),
        None if b_shape is None else unbroadcast(grad, b_shape),
    )


@primitive
def subtract(a: Array, b: Array, *, needs_grad: NeedsGrad = (True, True)) -> Result:
    """Return a - b, which broadcast. d(a - b) = da - db.

    Examples:
        >>> from pmt_autograd import Tensor
        >>> a = Tensor([5.0, 7.0], requires_grad=True)
        >>> b = Tensor(2.0, requires_grad=True)
        >>> y = a - b
        >>> y.data
        array([3., 5.], dtype=float32)
        >>> y.sum().backward()
        >>> a.grad, b.grad
        (GradientArray([1., 1.], dtype=float32), GradientArray(-2., dtype=float32))
    """
    if needs_grad[1] and alike(a, b):
        return a - b, _with_signs
    a, b = promote(a, b)
    return a - b, _subtract_backward(a, b, needs_grad)


def _with_signs(grad: Array) -> Gradients:
    return grad, -grad


def _subtract_backward(a: Array, b: Array, needs_grad: NeedsGrad) -> Backward:
    a_shape = a.shape if needs_grad[0] else None
    b_shape = b.shape if needs_grad[1] else None
    return lambda grad: (
        None if a_shape is None else unbroadcast(grad, a_shape),
        None if b_shape is None else unbroadcast(-grad, b_shape),
    )


@primitive
def multiply(a: Array, b: Array, *, needs_grad: NeedsGrad = (True, True)) -> Result:
    """Return a * b, which broadcast. d(ab) = b da + a db.

    Examples:
        >>> from pmt_autograd import Tensor
        >>> a = Tensor([1.0, 2.0], requires_grad=True)
        >>> b = Tensor([10.0, 20.0], requires_grad=True)
        >>> y = a * b
        >>> y.sum().backward()
        >>> a.grad  # b, by the product rule
        GradientArray([10., 20.], dtype=float32)
        >>> b.grad
        GradientArray([1., 2.], dtype=float32)
    """
    if not alike(a, b):
        a, b = promote(a, b)
        return a * b, _multiply_backward(a, b, needs_grad)
    saved_a = a if needs_grad[1] else None  # the gradient of each needs the other
    saved_b = b if needs_grad[0] else None
    return a * b, lambda grad: (
        None if saved_b is None else grad * saved_b,
        None if saved_a is None else grad * saved_a,
    )


def _multiply_backward(a: Array, b: Array, needs_grad: NeedsGrad) -> Backward:
    a_shape, saved_b = (a.shape, b) if needs_grad[0] else (None, None)
    b_shape, saved_a = (b.shape, a) if needs_grad[1] else (None, None)
    return lambda grad: (
        None if a_shape is None else unbroadcast(grad * saved_b, a_shape),
        None if b_shape is None else unbroadcast(grad * saved_a, b_shape),
    )


@primitive
def divide(a: Array, b: Array, *, needs_grad: NeedsGrad = (True, True)) -> Result:
    """Return a / b, which broadcast. d(a/b) = (da - (a/b) db) / b.

    Examples:
        >>> from pmt_autograd import Tensor
        >>> a = Tensor([1.0, 6.0], requires_grad=True)
        >>> b = Tensor([2.0, 4.0], requires_grad=True)
        >>> y = a / b
        >>> y.data
        array([0.5, 1.5], dtype=float32)
        >>> y.sum().backward()
        >>> a.grad
        GradientArray([0.5 , 0.25], dtype=float32)
        >>> b.grad
        GradientArray([-0.25 , -0.375], dtype=float32)
    """
    if not alike(a, b):
        a, b = promote(a, b)
        return (quotient := a / b), _divide_backward(quotient, a, b, needs_grad)
    quotient = a / b
    saved_quotient = quotient if needs_grad[1] else None
    return quotient, lambda grad: (
        by_a := grad / b,
        None if saved_quotient is None else -by_a * saved_quotient,
    )


def _divide_backward(quotient: Array, a: Array, b: Array, needs_grad: NeedsGrad) -> Backward:
    a_shape = a.shape if needs_grad[0] else None
    saved_quotient = quotient if needs_grad[1] else None

    def backward(grad: Array) -> Gradients:
        by_a = grad / b
        return (
            None if a_shape is None else unbroadcast(by_a, a_shape),
            None if saved_quotient is None else unbroadcast(-by_a * saved_quotient, b.shape),
        )

    return backward


@primitive
def power(a: Array, b: Array, *, needs_grad: NeedsGrad = (True, True)) -> Result:
    """Return a ** b, which broadcast. d(a^b) = b a^(b-1) da + a^b ln(a) db.

    a^0 is constant, so its gradient by a is 0; that of 0^b by b is 0 for b >= 0. A negative a has
    no real power beside an integer b, so the gradient by b is nan.

    Examples:
        >>> from pmt_autograd import Tensor
        >>> a = Tensor([-3.0, 2.0], requires_grad=True)
        >>> (a**2).sum().backward()
        >>> a.grad
        GradientArray([-6.,  4.], dtype=float32)
        >>> b = Tensor([0.0, 3.0], requires_grad=True)
        >>> (2**b).sum().backward()
        >>> b.grad.round(3)  # 2^b ln 2
        array([0.693, 5.545], dtype=float32)
    """
    a, b = promote(a, b)
    result = np.power(a, b)

    def backward(grad: Array) -> Gradients:
        by_a = by_b = None
        if needs_grad[0]:
            varies = np.not_equal(b, 0)
            slope = b * np.power(np.where(varies, a, 1), np.where(varies, b - 1, 1))
            by_a = unbroadcast(cut(grad, varies) * slope.astype(grad.dtype, copy=False), a.shape)
        if needs_grad[1]:
            varies = np.not_equal(a, 0) | ~np.greater_equal(b, 0)
            with np.errstate(divide="ignore", invalid="ignore"):
                logarithm = np.log(np.where(varies, a, 1))
                slope = (np.where(varies, result, 1) * logarithm).astype(grad.dtype, copy=False)
            by_b = unbroadcast(cut(grad, varies) * slope, b.shape)
        return by_a, by_b

    return result, backward


@primitive
def negative(x: Array) -> Result:
    """Return -x. d(-x) = -dx.

    Examples:
        >>> from pmt_autograd import Tensor
        >>> x = Tensor([1.0, -2.0], requires_grad=True)
        >>> y = -x
        >>> y.data
        array([-1.,  2.], dtype=float32)
        >>> y.sum().backward()
        >>> x.grad
        GradientArray([-1., -1.], dtype=float32)
    """
    return -x, lambda grad: -grad


def _pairs(rng: np.random.Generator, positive: bool = False) -> Iterator[tuple[Any, Any, str]]:
    """Yield operands for every kind of broadcasting; away from zero if `positive`."""

    def draw(*shape: int) -> Any:
        values = rng.normal(size=shape)
        return np.abs(values) + 0.5 if positive else values

    yield draw(3, 4), draw(3, 4), "same shape"
    yield draw(3, 4), draw(4), "broadcast last axis"
    yield draw(3, 1), draw(1, 4), "both broadcast"
    yield draw(2, 1, 3), draw(4, 1), "broadcast across ranks"
    yield draw(), draw(2, 3), "0-d beside an array"
    yield draw(), draw(), "0-d"
    yield draw(0, 3), draw(3), "empty"


@samples(add, subtract, multiply, analytic=True)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    yield from (Sample((a, b), note=note) for a, b, note in _pairs(rng))


@samples(divide, kinks="b = 0: no value, so no gradient", analytic=True)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    yield from (Sample((a, b), note=note) for a, b, note in _pairs(rng, positive=True))


@samples(power, kinks="b = 0: 0 by a; a = 0: 0 by b if b >= 0; a < 0: nan by b", analytic=True)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    yield from (Sample((a, b), note=note) for a, b, note in _pairs(rng, positive=True))
    yield Sample((rng.normal(size=(3, 2)), 2), note="square of either sign, Python exponent")
    yield Sample((rng.normal(size=(3, 2)), 0), note="zeroth power")


@samples(negative, analytic=True)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    yield Sample((rng.normal(size=(2, 3)),))
    yield Sample((rng.normal(size=()),), note="0-d")
