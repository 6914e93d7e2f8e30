"""Piecewise functions of each element: relu, elu, absolute, maximum, clip, where, ..."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from pmt_autograd.primitive import primitive
from pmt_autograd.promotion import promote
from pmt_autograd.registry import Sample, samples
from pmt_autograd.types import Array, Gradients, NeedsGrad, Result
from pmt_core import unbroadcast


@primitive
def relu(x: Array) -> Result:
    """Return max(x, 0). d relu = 1 if x > 0, else 0."""
    y = np.maximum(x, 0)
    return y, lambda grad: grad * (y > 0)


@primitive
def leaky_relu(x: Array, *, slope: float = 0.01) -> Result:
    """Return x if x > 0, else slope * x (Maas et al. 2013)."""
    factor = np.where(x > 0, x.dtype.type(1), x.dtype.type(slope))
    return x * factor, lambda grad: grad * factor


@primitive
def elu(x: Array, *, alpha: float = 1.0) -> Result:
    """Return y = x if x > 0, else alpha (e^x - 1) (Clevert et al. 2016). dy = 1 or y + alpha."""
    positive = x > 0
    y = np.where(positive, x, alpha * np.expm1(np.minimum(x, 0)))
    return y, lambda grad: np.where(positive, grad, grad * (y + alpha))


@primitive
def absolute(x: Array) -> Result:
    """Return |x|. d |x| = sign(x), 0 at 0."""
    return np.abs(x), lambda grad: grad * np.sign(x)


@primitive
def maximum(a: Array, b: Array, *, needs_grad: NeedsGrad = (True, True)) -> Result:
    """Return the larger of a and b, which broadcast. Equal elements share the gradient evenly."""
    a, b = promote(a, b)
    return np.maximum(a, b), _backward_of_choice(a, b, np.greater, np.greater_equal, needs_grad)


@primitive
def minimum(a: Array, b: Array, *, needs_grad: NeedsGrad = (True, True)) -> Result:
    """Return the smaller of a and b, which broadcast. Equal elements share the gradient evenly."""
    a, b = promote(a, b)
    return np.minimum(a, b), _backward_of_choice(a, b, np.less, np.less_equal, needs_grad)


def _backward_of_choice(
    a: Array, b: Array, wins: np.ufunc, wins_or_ties: np.ufunc, needs_grad: NeedsGrad
) -> Callable[[Array], Gradients]:
    """Return the backward: the chosen element has the gradient, equal ones half of it each."""

    def backward(grad: Array) -> Gradients:
        share = np.add(wins(a, b), wins_or_ties(a, b), dtype=grad.dtype)  # 0, 1 or 2 halves
        share *= 0.5
        share *= grad
        return (
            unbroadcast(share, a.shape) if needs_grad[0] else None,
            unbroadcast(grad - share, b.shape) if needs_grad[1] else None,
        )

    return backward


@primitive
def clip(x: Array, *, low: float | None = None, high: float | None = None) -> Result:
    """Return x limited to low ... high. d clip = 1 if x is in this range (inclusive), else 0."""
    inside = np.ones(x.shape, np.bool_)
    if low is not None:
        inside &= x >= low
    if high is not None:
        inside &= x <= high
    return np.clip(x, low, high), lambda grad: grad * inside


@primitive
def where(
    condition: Array, a: Array, b: Array, *, needs_grad: NeedsGrad = (True, True, True)
) -> Result:
    """Return a if the boolean condition is True, else b; all three broadcast."""
    a, b = promote(a, b)
    a_shape = a.shape if needs_grad[1] else None
    b_shape = b.shape if needs_grad[2] else None

    def backward(grad: Array) -> Gradients:
        zero = np.zeros((), grad.dtype)
        return (
            None,
            None if a_shape is None else unbroadcast(np.where(condition, grad, zero), a_shape),
            None if b_shape is None else unbroadcast(np.where(condition, zero, grad), b_shape),
        )

    return np.where(condition, a, b), backward


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


@samples(maximum, minimum, kinks="a = b: half each")
def _(rng: np.random.Generator) -> Iterator[Sample]:
    a = rng.normal(size=(3, 4))
    yield Sample((a, a + _away_from_zero(rng, (3, 4))))
    yield Sample((a, a[0] + 10), note="broadcast")
    yield Sample((a, 20.0), note="Python number")


@samples(clip, kinks="x at a limit: the full gradient")
def _(rng: np.random.Generator) -> Iterator[Sample]:
    x = np.array([[-3.0, -1.1, -0.9], [0.0, 1.9, 2.1]])
    yield Sample((x,), {"low": -1.0, "high": 2.0})
    yield Sample((x,), {"low": -1.0}, note="lower limit only")
    yield Sample((x,), {"high": 2.0}, note="upper limit only")
    yield Sample((np.array(0.5),), {"low": 0.0, "high": 1.0}, note="0-d")


@samples(where)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    condition = np.array([True, False, True])
    yield Sample((condition, rng.normal(size=(2, 3)), rng.normal(size=(2, 3))))
    yield Sample((condition, rng.normal(size=(2, 1)), rng.normal(size=())), note="broadcast")


def _away_from_zero(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return rng.uniform(0.1, 2, shape) * rng.choice([-1.0, 1.0], shape)
