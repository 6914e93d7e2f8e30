"""Rearrange and repeat elements: squeeze, expand_dims, moveaxis, flip, pad, tile, repeat."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from pmt_autograd.ops.shape import normalize_axis
from pmt_autograd.primitive import primitive
from pmt_autograd.registry import Sample, no_flops, samples
from pmt_autograd.types import Array, Axis, Result
from pmt_core import ShapeError, check_sizes


@primitive
def squeeze(x: Array, *, axis: Axis = None) -> Result:
    """Remove axes of length 1: `axis`, or all of them if None."""
    before = x.shape
    return x.squeeze(axis), lambda grad: grad.reshape(before)


@primitive
def expand_dims(x: Array, *, axis: int | tuple[int, ...]) -> Result:
    """Insert axes of length 1 at the positions `axis` of the result."""
    before = x.shape
    return np.expand_dims(x, axis), lambda grad: grad.reshape(before)


@primitive
def moveaxis(x: Array, *, source: int, destination: int) -> Result:
    """Move one axis to another position; the others keep their order."""
    return np.moveaxis(x, source, destination), lambda grad: np.moveaxis(grad, destination, source)


@primitive
def flip(x: Array, *, axis: Axis = None) -> Result:
    """Reverse the elements along axes, all of them if None."""
    return np.flip(x, axis), lambda grad: np.flip(grad, axis)


@primitive
def pad(x: Array, *, widths: Sequence[tuple[int, int]], value: float = 0.0) -> Result:
    """Pad x with `value`: widths[i] = (before, after) for axis i. Raises ShapeError."""
    if len(widths) != x.ndim or any(size < 0 for pair in widths for size in pair):
        raise ShapeError(f"{x.ndim} axes need widths (before, after) of 0 or more, got {widths}")
    core = tuple(
        slice(before, before + size) for size, (before, _) in zip(x.shape, widths, strict=True)
    )
    return np.pad(x, widths, constant_values=value) if x.ndim else x.copy(), lambda grad: grad[core]


@primitive
def tile(x: Array, *, repeats: Sequence[int]) -> Result:
    """Repeat x as a whole `repeats[i]` times along axis i, as `np.tile`."""
    rank = max(x.ndim, len(repeats))
    counts = (1,) * (rank - len(repeats)) + tuple(repeats)
    before = x.shape
    sizes = (1,) * (rank - x.ndim) + before
    interleaved = tuple(n for pair in zip(counts, sizes, strict=True) for n in pair)

    def backward(grad: Array) -> Array:
        copies = grad.reshape(interleaved)  # count, size, count, size, ...
        return copies.sum(axis=tuple(range(0, 2 * rank, 2))).reshape(before)

    return np.tile(x, tuple(repeats)), backward


@primitive
def repeat(x: Array, *, count: int, axis: int) -> Result:
    """Repeat every slice along an axis `count` times in a row: a b -> a a b b for count 2.

    A 0-d tensor counts as one of a single element.
    """
    check_sizes("repeat", least=0, count=count)
    if not x.ndim:
        normalize_axis(axis, 1)
        return np.repeat(x, count), lambda grad: grad.sum()
    axis = normalize_axis(axis, x.ndim)
    split = (*x.shape[: axis + 1], count, *x.shape[axis + 1 :])
    return np.repeat(x, count, axis), lambda grad: grad.reshape(split).sum(axis=axis + 1)


no_flops(squeeze, expand_dims, moveaxis, flip, pad, tile, repeat)


@samples(squeeze, analytic=True)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    yield Sample((rng.normal(size=(1, 3, 1)),))
    yield Sample((rng.normal(size=(1, 3, 1)),), {"axis": -1})
    yield Sample((rng.normal(size=(1, 0)),), note="empty")


@samples(expand_dims, analytic=True)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    yield Sample((rng.normal(size=(2, 3)),), {"axis": 1})
    yield Sample((rng.normal(size=(2, 3)),), {"axis": (0, -1)}, note="two axes")
    yield Sample((rng.normal(size=()),), {"axis": 0}, note="0-d")


@samples(moveaxis, analytic=True)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    yield Sample((rng.normal(size=(2, 3, 4)),), {"source": 0, "destination": -1})
    yield Sample((rng.normal(size=(2, 3, 4)),), {"source": 2, "destination": 1})


@samples(flip, analytic=True)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    yield Sample((rng.normal(size=(2, 3)),), note="all axes")
    yield Sample((rng.normal(size=(2, 3)),), {"axis": 1})
    yield Sample((rng.normal(size=(2, 3)),), {"axis": (0, -1)}, note="two axes")
    yield Sample((rng.normal(size=(0, 3)),), {"axis": 0}, note="empty")


@samples(pad, analytic=True)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    yield Sample((rng.normal(size=(2, 3)),), {"widths": [(1, 2), (0, 1)]})
    yield Sample((rng.normal(size=(2, 3)),), {"widths": [(0, 0), (1, 0)], "value": 7.0})
    yield Sample((rng.normal(size=()),), {"widths": []}, note="0-d")
    yield Sample((rng.normal(size=(0,)),), {"widths": [(1, 1)]}, note="empty")


@samples(tile, analytic=True)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    yield Sample((rng.normal(size=(2, 3)),), {"repeats": (3, 2)})
    yield Sample((rng.normal(size=(2, 3)),), {"repeats": (2,)}, note="last axis")
    yield Sample((rng.normal(size=(3,)),), {"repeats": (2, 1, 2)}, note="more axes")
    yield Sample((rng.normal(size=()),), {"repeats": (2,)}, note="0-d")
    yield Sample((rng.normal(size=(2,)),), {"repeats": (0,)}, note="no times")


@samples(repeat, analytic=True)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    yield Sample((rng.normal(size=(2, 3)),), {"count": 3, "axis": 0})
    yield Sample((rng.normal(size=(2, 3)),), {"count": 2, "axis": -1})
    yield Sample((rng.normal(size=(0, 3)),), {"count": 2, "axis": 0}, note="empty")
    yield Sample((rng.normal(size=()),), {"count": 3, "axis": 0}, note="0-d")
