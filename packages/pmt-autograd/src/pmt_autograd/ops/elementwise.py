"""Smooth functions of each element: exponential, logarithm, powers, sigmoid, trigonometry."""

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
    """Return e^x. d exp = exp."""
    y = np.exp(x)
    return y, lambda grad: grad * y


@primitive
def log(x: Array) -> Result:
    """Return the natural logarithm; x > 0. d log = 1 / x."""
    return np.log(x), lambda grad: grad / x


@primitive
def expm1(x: Array) -> Result:
    """Return e^x - 1, accurate also for small x. d expm1 = e^x = expm1 + 1."""
    y = np.expm1(x)
    return y, lambda grad: grad * (y + 1)


@primitive
def log1p(x: Array) -> Result:
    """Return log(1 + x), accurate also for small x; x > -1. d log1p = 1 / (1 + x)."""
    return np.log1p(x), lambda grad: grad / (1 + x)


@primitive
def square(x: Array) -> Result:
    """Return x^2. d x^2 = 2 x dx."""
    return x * x, lambda grad: grad * (2 * x)


@primitive
def sqrt(x: Array) -> Result:
    """Return the square root; x >= 0. d sqrt = 1 / (2 sqrt), infinite at 0."""
    y = np.sqrt(x)
    return y, lambda grad: grad * 0.5 / y


@primitive
def tanh(x: Array) -> Result:
    """Return the hyperbolic tangent. d tanh = 1 - tanh^2."""
    y = np.tanh(x)
    return y, lambda grad: grad * (1 - y * y)


@primitive
def sigmoid(x: Array) -> Result:
    """Return s = 1 / (1 + e^-x), without overflow. d s = s (1 - s)."""
    y = stable_sigmoid(x)
    return y, lambda grad: grad * (y * (1 - y))


@primitive
def softplus(x: Array) -> Result:
    """Return log(1 + e^x), without overflow. d softplus = sigmoid."""
    return stable_softplus(x), lambda grad: grad * stable_sigmoid(x)


@primitive
def silu(x: Array) -> Result:
    """Return x s with s = sigmoid(x), also called swish (Elfwing et al. 2018).

    d silu = s (1 + x (1 - s)).
    """
    s = stable_sigmoid(x)
    return x * s, lambda grad: grad * (s * (1 + x * (1 - s)))


def _real_numbers(rng: np.random.Generator) -> Iterator[Sample]:
    yield Sample((rng.normal(size=(3, 4)),))
    yield Sample((rng.normal(size=()),), note="0-d")
    yield Sample((rng.normal(size=(0, 2)),), note="empty")


def _positive(rng: np.random.Generator) -> Iterator[Sample]:
    for sample in _real_numbers(rng):
        yield Sample((np.abs(sample.inputs[0]) + 0.5,), note=sample.note)


def _extreme(rng: np.random.Generator) -> Iterator[Sample]:
    yield from _real_numbers(rng)
    yield Sample((np.array([-1000.0, -50.0, 50.0, 1000.0]),), note="far out: flat, not nan")


samples(exp, expm1, square, analytic=True)(_real_numbers)
samples(log, sqrt, kinks="x = 0: infinite", analytic=True)(_positive)
samples(log1p, kinks="x = -1: infinite", analytic=True)(_positive)
samples(tanh, analytic=True)(_extreme)
samples(sigmoid, softplus, silu)(_extreme)


@primitive
def sin(x: Array) -> Result:
    """Return the sine; x in radians. d sin = cos."""
    return np.sin(x), lambda grad: grad * np.cos(x)


@primitive
def cos(x: Array) -> Result:
    """Return the cosine; x in radians. d cos = -sin."""
    return np.cos(x), lambda grad: -grad * np.sin(x)


@primitive
def arctan(x: Array) -> Result:
    """Return the arc tangent, an angle in (-pi/2, pi/2). d arctan = 1 / (1 + x^2)."""
    return np.arctan(x), lambda grad: grad / (1 + x * x)


@samples(sin, cos, arctan, analytic=True)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    for x in (rng.uniform(-4, 4, (3, 4)), rng.normal(size=()), rng.normal(size=(0, 2))):
        yield Sample((x,), note=f"shape {x.shape}")
