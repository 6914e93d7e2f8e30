"""The Gaussian error linear unit in its exact form (Hendrycks & Gimpel 2016, eq. 1)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from pmt_autograd import Array, Result, Sample, erf_values, primitive, samples

_ROOT_HALF = float(np.sqrt(0.5))
_DENSITY = float(1 / np.sqrt(2 * np.pi))


@primitive
def gelu_exact(x: Array) -> Result:
    """x Phi(x), Phi the distribution function of the normal distribution: (1 + erf(x/sqrt2)) / 2.

    d = Phi(x) + x phi(x), phi its density. `gelu` is the faster form by tanh.
    """
    shape = x.shape
    x = np.atleast_1d(x)
    below = erf_values(x * _ROOT_HALF)
    below += 1
    below *= 0.5

    def backward(grad: Array) -> Array:
        slope: Array = np.exp(-0.5 * np.square(np.clip(x, -40, 40)))
        slope *= _DENSITY
        slope *= x
        slope += below
        slope *= grad.reshape(x.shape)
        return slope.reshape(shape)

    return (x * below).reshape(shape), backward


@samples(gelu_exact)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    yield Sample((rng.normal(size=(3, 4)) * 2,))
    yield Sample((rng.normal(size=()),), note="0-d")
    yield Sample((rng.normal(size=(0, 2)),), note="empty")
    yield Sample((np.array([-1000.0, -8.0, 0.0, 8.0, 1000.0]),), note="far out")
