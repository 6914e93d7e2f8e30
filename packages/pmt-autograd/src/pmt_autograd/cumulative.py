"""Running sums."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from pmt_autograd.array_types import Array, Result
from pmt_autograd.primitive import primitive
from pmt_autograd.registry import Sample, samples


@primitive
def cumsum(x: Array, *, axis: int = -1) -> Result:
    """y_i = x_0 + ... + x_i along an axis. x_i counts in y_i, y_i+1, ...: summed from the end."""

    def backward(grad: Array) -> Array:
        return np.flip(np.cumsum(np.flip(grad, axis), axis=axis, dtype=grad.dtype), axis)

    return np.cumsum(x, axis=axis, dtype=x.dtype), backward


@samples(cumsum, analytic=True)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    yield Sample((rng.normal(size=5),))
    yield Sample((rng.normal(size=(3, 4)),), {"axis": 0}, note="first axis")
    yield Sample((rng.normal(size=(2, 3, 4)),), {"axis": 1}, note="middle axis")
    yield Sample((rng.normal(size=(0, 4)),), {"axis": 0}, note="empty")
