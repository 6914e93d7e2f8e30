"""Relatives of relu: activations that bend at or near zero."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from pmt_autograd.primitive import primitive
from pmt_autograd.registry import Sample, samples
from pmt_autograd.types import Array, Result
from pmt_core import sigmoid as stable_sigmoid


@primitive
def leaky_relu(x: Array, *, slope: float = 0.01) -> Result:
    """x where x > 0, else slope * x (Maas et al. 2013)."""
    factor = np.where(x > 0, x.dtype.type(1), x.dtype.type(slope))

    def backward(grad: Array) -> Array:
        return grad * factor

    return x * factor, backward


@primitive
def elu(x: Array, *, alpha: float = 1.0) -> Result:
    """x where x > 0, else alpha (e^x - 1) (Clevert et al. 2016). d = 1, or y + alpha."""
    positive = x > 0
    y = np.where(positive, x, alpha * np.expm1(np.minimum(x, 0)))

    def backward(grad: Array) -> Array:
        return np.where(positive, grad, grad * (y + alpha))

    return y, backward


@primitive
def silu(x: Array) -> Result:
    """x s, s = sigmoid(x), also called swish (Elfwing et al. 2018). d = s (1 + x (1 - s))."""
    s = stable_sigmoid(x)

    def backward(grad: Array) -> Array:
        return grad * (s * (1 + x * (1 - s)))

    return x * s, backward


def _both_sides(rng: np.random.Generator) -> Iterator[Sample]:
    signs = rng.choice([-1.0, 1.0], (3, 4))
    yield Sample((signs * rng.uniform(0.1, 2, (3, 4)),))
    yield Sample((np.array(-0.5),), note="0-d")
    yield Sample((np.zeros((0, 2)),), note="empty")
    yield Sample((np.array([-1000.0, -50.0, 50.0, 1000.0]),), note="far out")


samples(leaky_relu, kinks="x = 0: slope")(_both_sides)
samples(elu, kinks="x = 0 where alpha is not 1: alpha")(_both_sides)
samples(silu)(_both_sides)
