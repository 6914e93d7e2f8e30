"""Change of floating dtype."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import DTypeLike

from pmt_autograd.array_types import Array, Result
from pmt_autograd.primitive import primitive
from pmt_autograd.registry import Sample, samples


@primitive
def astype(x: Array, *, dtype: DTypeLike) -> Result:
    """x in another dtype, same shape. The gradient is cast back to the dtype of x."""
    before = x.dtype

    def backward(grad: Array) -> Array:
        return grad.astype(before)

    return x.astype(dtype), backward


@samples(astype)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    yield Sample((rng.normal(size=(2, 3)),), {"dtype": np.float64}, float32=False)
