"""The Gaussian error linear unit (Hendrycks & Gimpel 2016)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from pmt_autograd import Array, Result, Sample, Tensor, primitive, samples, tanh

_ROOT = float(np.sqrt(2 / np.pi))
_CUBE = 0.044715


def gelu_composed(x: Tensor) -> Tensor:
    """x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) / 2 in plain operations."""
    return x * 0.5 * (1 + tanh(_ROOT * (x + _CUBE * x * x * x)))


@primitive
def gelu(x: Array) -> Result:
    """GELU in its tanh form, within 5e-4 of x * Phi(x).

    With u = r (x + c x^3), t = tanh u: y = x (1 + t) / 2 and
    dy = (1 + t) / 2 + x (1 - t^2) r (1 + 3 c x^2) / 2.
    """
    shape = x.shape
    x = np.atleast_1d(x)  # arithmetic on 0-d arrays gives scalars, which have no place to write to
    square = x * x
    t = square * (_ROOT * _CUBE)
    t += _ROOT
    t *= x
    np.tanh(t, out=t)
    y = t + 1
    y *= x
    y *= 0.5

    def backward(grad: Array) -> Array:
        slope = square * (3 * _ROOT * _CUBE)
        slope += _ROOT
        slope *= x
        slope *= 1 - t * t
        slope += t
        slope += 1
        slope *= 0.5
        slope *= grad
        return slope.reshape(shape)

    return y.reshape(shape), backward


@samples(gelu)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    yield Sample((rng.normal(size=(3, 4)) * 2,))
    yield Sample((rng.normal(size=()),), note="0-d")
    yield Sample((np.array([-1000.0, -8.0, 0.0, 8.0, 1000.0]),), note="far out")
