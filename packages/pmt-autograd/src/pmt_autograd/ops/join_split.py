"""Join tensors and split them: concat, stack, hstack, vstack, split."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from pmt_autograd.ops.shape import normalize_axis, reshape
from pmt_autograd.primitive import primitive
from pmt_autograd.registry import Sample, no_flops, samples
from pmt_autograd.tensor import Tensor
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


def hstack(*parts: Any) -> Tensor:
    """Join tensors side by side, as `np.hstack`: vectors along their axis, others along axis 1.

    The parts are given one by one, or as one list.
    """
    tensors = [reshape(part, shape=(1,)) if not np.ndim(part) else part for part in _listed(parts)]
    return concat(*tensors, axis=0 if tensors and np.ndim(tensors[0]) == 1 else 1)


def vstack(*parts: Any) -> Tensor:
    """Join tensors one above the other, as `np.vstack`: along axis 0; a vector is one row.

    The parts are given one by one, or as one list.
    """
    rows = [reshape(part, shape=(1, -1)) if np.ndim(part) < 2 else part for part in _listed(parts)]
    return concat(*rows, axis=0)


def _listed(parts: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the parts of both `f(x, y)` and `f([x, y])`."""
    return tuple(parts[0]) if len(parts) == 1 and isinstance(parts[0], (list, tuple)) else parts


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
