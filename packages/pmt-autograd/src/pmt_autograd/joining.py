"""Several tensors put together into one."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from pmt_autograd.array_types import Array, Gradients, Result
from pmt_autograd.primitive import primitive
from pmt_autograd.registry import Sample, samples


@primitive
def concat(*parts: Array, axis: int = 0) -> Result:
    """Tensors one behind the other along an axis they have; the other axes agree."""
    ends = np.cumsum([part.shape[axis] for part in parts])[:-1]

    def backward(grad: Array) -> Gradients:
        return tuple(np.split(grad, ends, axis=axis))

    return np.concatenate(parts, axis=axis), backward


@primitive
def stack(*parts: Array, axis: int = 0) -> Result:
    """Tensors of one shape beside each other along a new axis."""

    def backward(grad: Array) -> Gradients:
        return tuple(np.moveaxis(grad, axis, 0))

    return np.stack(parts, axis=axis), backward


@samples(concat, analytic=True)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    yield Sample((rng.normal(size=(2, 3)), rng.normal(size=(4, 3))))
    yield Sample((rng.normal(size=(2, 3)), rng.normal(size=(2, 1))), {"axis": -1})
    yield Sample((rng.normal(size=(2, 3)),), note="one part")
    yield Sample((rng.normal(size=(0, 3)), rng.normal(size=(1, 3))), note="one part empty")


@samples(stack, analytic=True)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    yield Sample((rng.normal(size=(2, 3)), rng.normal(size=(2, 3))), {"axis": 1})
    yield Sample((rng.normal(size=(2, 3)), rng.normal(size=(2, 3))), {"axis": -1})
    yield Sample((rng.normal(size=()), rng.normal(size=())), note="0-d")
