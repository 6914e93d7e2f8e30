"""The largest elements along an axis."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from pmt_autograd.primitive import primitive
from pmt_autograd.registry import Sample, samples
from pmt_autograd.types import Array
from pmt_core import ShapeError

Backward = Callable[[tuple[Array, Array]], Array]


@primitive
def top_k(x: Array, *, k: int, axis: int = -1) -> tuple[tuple[Array, Array], Backward]:
    """The k largest elements along an axis, in falling order: (values, their positions).

    Of equal elements the first counts as the larger; so which elements are taken, and get the
    gradient, is always determined. The positions are int64 and have no gradient.
    Raises ShapeError where the axis has fewer than k elements.
    """
    if not 0 <= k <= x.shape[axis]:
        raise ShapeError(f"top_k of k = {k} along an axis of length {x.shape[axis]}")
    order = np.argsort(-x, axis=axis, kind="stable")
    positions = order.take(np.arange(k), axis=axis).astype(np.int64, copy=False)

    shape = x.shape

    def backward(grads: tuple[Array, Array]) -> Array:
        full = np.zeros(shape, grads[0].dtype)
        np.put_along_axis(full, positions, grads[0], axis)
        return full

    return (np.take_along_axis(x, positions, axis), positions), backward


@samples(top_k, kinks="ties: the first of the equal elements")
def _(rng: np.random.Generator) -> Iterator[Sample]:
    x = rng.permutation(12).reshape(3, 4) / 3.0
    yield Sample((x,), {"k": 2})
    yield Sample((x,), {"k": 1, "axis": 0}, note="first axis")
    yield Sample((x,), {"k": 4}, note="all: a sort")
    yield Sample((x,), {"k": 0}, note="none")
