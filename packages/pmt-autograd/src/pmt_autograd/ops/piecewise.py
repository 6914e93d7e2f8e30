"""Functions that choose one of two values for each element: piecewise, with kinks."""

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
    """max(x, 0). The gradient passes where x > 0."""
    y = np.maximum(x, 0)

    def backward(grad: Array) -> Array:
        return grad * (y > 0)

    return y, backward


@primitive
def absolute(x: Array) -> Result:
    """|x|. The gradient takes the sign of x, 0 at 0."""

    def backward(grad: Array) -> Array:
        return grad * np.sign(x)

    return np.abs(x), backward


@primitive
def maximum(a: Array, b: Array, *, needs_grad: NeedsGrad = (True, True)) -> Result:
    """The larger of a and b by element; broadcasts. Equals share the gradient evenly."""
    a, b = promote(a, b)
    return np.maximum(a, b), _to_the_chosen(a, b, np.greater, np.greater_equal, needs_grad)


@primitive
def minimum(a: Array, b: Array, *, needs_grad: NeedsGrad = (True, True)) -> Result:
    """The smaller of a and b by element; broadcasts. Equals share the gradient evenly."""
    a, b = promote(a, b)
    return np.minimum(a, b), _to_the_chosen(a, b, np.less, np.less_equal, needs_grad)


def _to_the_chosen(
    a: Array, b: Array, wins: np.ufunc, wins_or_ties: np.ufunc, needs_grad: NeedsGrad
) -> Callable[[Array], Gradients]:
    """The backward that gives the gradient to the one that won, and half to each of equals."""

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
    """x held within low ... high. The gradient passes where x lies in between, borders included."""
    inside = np.ones(x.shape, np.bool_)
    if low is not None:
        inside &= x >= low
    if high is not None:
        inside &= x <= high

    def backward(grad: Array) -> Array:
        return grad * inside

    return np.clip(x, low, high), backward


@primitive
def where(
    condition: Array, a: Array, b: Array, *, needs_grad: NeedsGrad = (True, True, True)
) -> Result:
    """a where the boolean condition holds, else b; all three broadcast."""
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


@samples(relu, kinks="x = 0: 0")
def _(rng: np.random.Generator) -> Iterator[Sample]:
    yield Sample((_away_from_zero(rng, (3, 4)),))
    yield Sample((np.array(-0.5),), note="0-d")


@samples(absolute, kinks="x = 0: 0")
def _(rng: np.random.Generator) -> Iterator[Sample]:
    yield Sample((_away_from_zero(rng, (3, 4)),))
    yield Sample((np.array(-0.5),), note="0-d")


@samples(maximum, kinks="a = b: half each")
def _(rng: np.random.Generator) -> Iterator[Sample]:
    yield from _apart(rng)


@samples(minimum, kinks="a = b: half each")
def _(rng: np.random.Generator) -> Iterator[Sample]:
    yield from _apart(rng)


@samples(clip, kinks="x at a border: the full gradient")
def _(rng: np.random.Generator) -> Iterator[Sample]:
    x = np.array([[-3.0, -1.1, -0.9], [0.0, 1.9, 2.1]])
    yield Sample((x,), {"low": -1.0, "high": 2.0})
    yield Sample((x,), {"low": -1.0}, note="from below alone")
    yield Sample((x,), {"high": 2.0}, note="from above alone")
    yield Sample((np.array(0.5),), {"low": 0.0, "high": 1.0}, note="0-d")


@samples(where)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    condition = np.array([True, False, True])
    yield Sample((condition, rng.normal(size=(2, 3)), rng.normal(size=(2, 3))))
    yield Sample((condition, rng.normal(size=(2, 1)), rng.normal(size=())), note="broadcast")


def _away_from_zero(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return rng.uniform(0.1, 2, shape) * rng.choice([-1.0, 1.0], shape)


def _apart(rng: np.random.Generator) -> Iterator[Sample]:
    a = rng.normal(size=(3, 4))
    yield Sample((a, a + _away_from_zero(rng, (3, 4))))
    yield Sample((a, a[0] + 10), note="broadcast")
    yield Sample((a, 20.0), note="Python number")
