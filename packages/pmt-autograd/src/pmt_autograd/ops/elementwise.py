"""Smooth functions of each element.

Sine, cosine and the arc tangent.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from pmt_autograd.primitive import primitive
from pmt_autograd.registry import Sample, samples
from pmt_autograd.types import Array, Result
from pmt_core import sigmoid as stable_sigmoid
from pmt_core import softplus as stable_softplus


@primitive
def exp(x: Array) -> Result:
    """e^x. d exp = exp."""
    y = np.exp(x)

    def backward(grad: Array) -> Array:
        return grad * y

    return y, backward


@primitive
def log(x: Array) -> Result:
    """Natural logarithm, x > 0. d log = 1/x."""

    def backward(grad: Array) -> Array:
        return grad / x

    return np.log(x), backward


@primitive
def expm1(x: Array) -> Result:
    """e^x - 1, exact also where x is small. d expm1 = e^x = expm1 + 1."""
    y = np.expm1(x)

    def backward(grad: Array) -> Array:
        return grad * y + grad

    return y, backward


@primitive
def log1p(x: Array) -> Result:
    """log(1 + x), exact also where x is small; x > -1. d log1p = 1 / (1 + x)."""

    def backward(grad: Array) -> Array:
        return grad / (1 + x)

    return np.log1p(x), backward


@primitive
def square(x: Array) -> Result:
    """x^2. d x^2 = 2 x dx."""

    def backward(grad: Array) -> Array:
        return grad * (2 * x)

    return x * x, backward


@primitive
def sqrt(x: Array) -> Result:
    """Square root, x >= 0. d sqrt = 1 / (2 sqrt), infinite at 0."""
    y = np.sqrt(x)

    def backward(grad: Array) -> Array:
        return grad * 0.5 / y

    return y, backward


@primitive
def tanh(x: Array) -> Result:
    """Hyperbolic tangent. d tanh = 1 - tanh^2."""
    y = np.tanh(x)

    def backward(grad: Array) -> Array:
        return grad - grad * y * y

    return y, backward


@primitive
def sigmoid(x: Array) -> Result:
    """1 / (1 + e^-x), without overflow. d s = s (1 - s)."""
    y = stable_sigmoid(x)

    def backward(grad: Array) -> Array:
        return grad * (y * (1 - y))

    return y, backward


@primitive
def softplus(x: Array) -> Result:
    """log(1 + e^x), without overflow. d softplus = sigmoid."""

    def backward(grad: Array) -> Array:
        return grad * stable_sigmoid(x)

    return stable_softplus(x), backward


def _anywhere(rng: np.random.Generator) -> Iterator[Sample]:
    yield Sample((rng.normal(size=(3, 4)),))
    yield Sample((rng.normal(size=()),), note="0-d")
    yield Sample((rng.normal(size=(0, 2)),), note="empty")


def _positive(rng: np.random.Generator) -> Iterator[Sample]:
    for sample in _anywhere(rng):
        yield Sample((np.abs(sample.inputs[0]) + 0.5,), note=sample.note)


def _extreme(rng: np.random.Generator) -> Iterator[Sample]:
    yield from _anywhere(rng)
    yield Sample((np.array([-1000.0, -50.0, 50.0, 1000.0]),), note="far out: flat, not nan")


samples(exp, analytic=True)(_anywhere)
samples(expm1, analytic=True)(_anywhere)
samples(square, analytic=True)(_anywhere)
samples(log, kinks="x = 0: infinite", analytic=True)(_positive)
samples(log1p, kinks="x = -1: infinite", analytic=True)(_positive)
samples(sqrt, kinks="x = 0: infinite", analytic=True)(_positive)
samples(tanh, analytic=True)(_extreme)
samples(sigmoid)(_extreme)
samples(softplus)(_extreme)


@primitive
def sin(x: Array) -> Result:
    """Sine of x in radians. d sin = cos."""

    def backward(grad: Array) -> Array:
        return grad * np.cos(x)

    return np.sin(x), backward


@primitive
def cos(x: Array) -> Result:
    """Cosine of x in radians. d cos = -sin."""

    def backward(grad: Array) -> Array:
        return -grad * np.sin(x)

    return np.cos(x), backward


@primitive
def arctan(x: Array) -> Result:
    """Angle in radians, in (-pi/2, pi/2), whose tangent is x. d arctan = 1 / (1 + x^2)."""

    def backward(grad: Array) -> Array:
        return grad / (1 + x * x)

    return np.arctan(x), backward


def _angles(rng: np.random.Generator) -> Iterator[Sample]:
    yield Sample((rng.uniform(-4, 4, (3, 4)),))
    yield Sample((rng.normal(size=()),), note="0-d")
    yield Sample((rng.normal(size=(0, 2)),), note="empty")


samples(sin, analytic=True)(_angles)
samples(cos, analytic=True)(_angles)
samples(arctan, analytic=True)(_angles)
