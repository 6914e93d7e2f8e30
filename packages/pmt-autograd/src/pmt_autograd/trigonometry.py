"""Sine, cosine and the arc tangent."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from pmt_autograd.array_types import Array, Result
from pmt_autograd.primitive import primitive
from pmt_autograd.registry import Sample, samples


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
