"""Join tensors and split them: concat, stack, split."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from pmt_autograd.ops.shape import normalize_axis
from pmt_autograd.primitive import primitive
from pmt_autograd.registry import Sample, no_flops, samples
from pmt_autograd.types import Array, Result
from pmt_core import ShapeError, check_sizes


@primitive
def concat(*parts: Array, axis: int = 0) -> Result:
    """Join tensors along an existing axis; the other axes have the same lengths."""
    if not parts:
        raise ShapeError("concat expects at least one tensor")
    axis = normalize_axis(axis, parts[0].ndim)
    ends = np.cumsum([part.shape[axis] for part in parts])[:-1]
    return np.concatenate(parts, axis=axis), lambda grad: tuple(np.split(grad, ends, axis=axis))


@primitive
def stack(*parts: Array, axis: int = 0) -> Result:
    """Join tensors of the same shape along a new axis."""
    return np.stack(parts, axis=axis), lambda grad: tuple(np.moveaxis(grad, axis, 0))


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


Backward = Callable[[tuple[Array, ...]], Array]


@primitive
def split(
    x: Array, *, sections: int | Sequence[int], axis: int = 0
) -> tuple[tuple[Array, ...], Backward]:
    """Split x along an axis into `sections` equal parts, or into parts of the given lengths.

    Returns a tuple of tensors, which are views.
    Raises ShapeError if the lengths do not add up to that of the axis.
    """
    axis = normalize_axis(axis, x.ndim)
    size = x.shape[axis]
    if isinstance(sections, (int, float, np.generic)):
        check_sizes("split", sections=sections)
        if size % sections:
            raise ShapeError(
                f"an axis of length {size} cannot be split into {sections} equal parts; "
                "give the lengths of the parts"
            )
        lengths = [size // sections] * sections
    else:
        lengths = list(sections)
        if np.sum(lengths) != size or min(lengths, default=-1) < 0:
            raise ShapeError(f"lengths {lengths} do not add up to that of the axis, {size}")

    def backward(grads: tuple[Array, ...]) -> Array:
        return np.concatenate(grads, axis=axis)

    return tuple(np.split(x, np.cumsum(lengths)[:-1], axis=axis)), backward


no_flops(concat, stack, split)


@samples(split)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    yield Sample((rng.normal(size=(6, 2)),), {"sections": 3})
    yield Sample((rng.normal(size=(2, 6)),), {"sections": [1, 3, 2], "axis": -1}, note="lengths")
    yield Sample((rng.normal(size=(2, 3)),), {"sections": [0, 3], "axis": 1}, note="an empty part")
    yield Sample((rng.normal(size=(3,)),), {"sections": 1}, note="one part")
