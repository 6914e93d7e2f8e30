"""Rearrange and repeat elements: moveaxis, flip, roll, pad, tile, repeat, ..."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from pmt_autograd.ops.shape import normalize_axis
from pmt_autograd.primitive import primitive
from pmt_autograd.registry import Sample, no_flops, samples
from pmt_autograd.types import Array, Axis, Result
from pmt_core import DtypeError, ShapeError, check_sizes


@primitive
def squeeze(x: Array, *, axis: Axis = None) -> Result:
    """Remove axes of length 1: `axis`, or all of them if None.

    Examples:
        >>> import numpy as np
        >>> from pmt_autograd import Tensor, squeeze
        >>> x = Tensor(np.zeros((1, 3, 1)))
        >>> squeeze(x).shape, squeeze(x, axis=0).shape
        ((3,), (3, 1))
    """
    before = x.shape
    return x.squeeze(axis), lambda grad: grad.reshape(before)


@primitive
def expand_dims(x: Array, *, axis: int | tuple[int, ...]) -> Result:
    """Insert axes of length 1 at the positions `axis` of the result.

    Examples:
        >>> import numpy as np
        >>> from pmt_autograd import Tensor, expand_dims
        >>> x = Tensor(np.zeros((2, 3)))
        >>> expand_dims(x, axis=1).shape, expand_dims(x, axis=(0, -1)).shape
        ((2, 1, 3), (1, 2, 3, 1))
    """
    before = x.shape
    return np.expand_dims(x, axis), lambda grad: grad.reshape(before)


Axes = int | tuple[int, ...]


@primitive
def moveaxis(x: Array, *, source: Axes, destination: Axes) -> Result:
    """Move axes to other positions, one or several; the others keep their order.

    Examples:
        >>> import numpy as np
        >>> from pmt_autograd import Tensor, moveaxis
        >>> images = Tensor(np.zeros((8, 28, 28, 3)))  # channels last
        >>> moveaxis(images, source=-1, destination=1).shape
        (8, 3, 28, 28)
    """
    return np.moveaxis(x, source, destination), lambda grad: np.moveaxis(grad, destination, source)


@primitive
def flip(x: Array, *, axis: Axis = None) -> Result:
    """Reverse the elements along axes, all of them if None.

    Examples:
        >>> from pmt_autograd import Tensor, flip
        >>> flip(Tensor([[1, 2], [3, 4]]), axis=1).data
        array([[2, 1],
               [4, 3]])
    """
    return np.flip(x, axis), lambda grad: np.flip(grad, axis)


@primitive
def roll(x: Array, *, shift: Axes, axis: Axis = None) -> Result:
    """Move the elements along axes by `shift`; those moved over the end come in at the beginning.

    axis: one axis, several with a shift each (or one for all), or of the flat tensor if None.

    Examples:
        >>> from pmt_autograd import Tensor, roll
        >>> roll(Tensor([1, 2, 3, 4]), shift=1).data
        array([4, 1, 2, 3])
    """
    back = tuple(-n for n in shift) if isinstance(shift, (tuple, list)) else -shift
    return np.roll(x, shift, axis), lambda grad: np.roll(grad, back, axis)


@primitive
def pad(x: Array, *, widths: Sequence[tuple[int, int]], value: float = 0.0) -> Result:
    """Pad x with `value`: widths[i] = (before, after) for axis i. Raises ShapeError.

    Examples:
        >>> from pmt_autograd import Tensor, pad
        >>> x = Tensor([[1.0, 2.0]], requires_grad=True)
        >>> y = pad(x, widths=[(0, 1), (1, 0)])
        >>> y.data
        array([[0., 1., 2.],
               [0., 0., 0.]], dtype=float32)
        >>> y.sum().backward()
        >>> x.grad
        GradientArray([[1., 1.]], dtype=float32)
    """
    if len(widths) != x.ndim or any(size < 0 for pair in widths for size in pair):
        raise ShapeError(f"{x.ndim} axes need widths (before, after) of 0 or more, got {widths}")
    core = tuple(
        slice(before, before + size) for size, (before, _) in zip(x.shape, widths, strict=True)
    )
    return np.pad(x, widths, constant_values=value) if x.ndim else x.copy(), lambda grad: grad[core]


@primitive
def tile(x: Array, *, repeats: Sequence[int]) -> Result:
    """Repeat x as a whole `repeats[i]` times along axis i, as `np.tile`.

    Examples:
        >>> from pmt_autograd import Tensor, tile
        >>> x = Tensor([1.0, 2.0], requires_grad=True)
        >>> y = tile(x, repeats=(2, 2))
        >>> y.data
        array([[1., 2., 1., 2.],
               [1., 2., 1., 2.]], dtype=float32)
        >>> y.sum().backward()
        >>> x.grad  # each element was copied four times
        GradientArray([4., 4.], dtype=float32)
    """
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
def repeat(x: Array, *, count: int | Sequence[int] | Array, axis: int | None = None) -> Result:
    """Repeat every slice along an axis `count` times in a row: a b -> a a b b for count 2.

    count: one number, or one for each slice: a b -> a b b for [1, 2]. axis: of the flat tensor if
    None. A 0-d tensor counts as one of a single element.

    Examples:
        >>> from pmt_autograd import Tensor, repeat
        >>> x = Tensor([1.0, 2.0], requires_grad=True)
        >>> repeat(x, count=2).data
        array([1., 1., 2., 2.], dtype=float32)
        >>> y = repeat(x, count=[1, 3])
        >>> y.data
        array([1., 2., 2., 2.], dtype=float32)
        >>> y.sum().backward()
        >>> x.grad
        GradientArray([1., 3.], dtype=float32)
    """
    before = x.shape
    if axis is None or not before:
        normalize_axis(axis or 0, 1)
        x, axis = x.reshape(-1), 0
    axis = normalize_axis(axis, x.ndim)
    if np.ndim(count):
        counts = _counts(count, x.shape[axis])
        return np.repeat(x, counts, axis), _backward_of_counts(counts, before, axis, x.shape)
    check_sizes("repeat", least=0, count=count)
    split = (*x.shape[: axis + 1], count, *x.shape[axis + 1 :])

    def backward(grad: Array) -> Array:
        return grad.reshape(split).sum(axis=axis + 1).reshape(before)

    return np.repeat(x, count, axis), backward


def _counts(count: Any, length: int) -> Array:
    """Return one count for each slice. Raises ShapeError if their number is another."""
    counts = np.asarray(count)
    if counts.dtype.kind not in "iu" and counts.size:
        raise DtypeError(f"counts are whole numbers, got dtype {counts.dtype}")
    if counts.ndim != 1 or len(counts) not in (1, length) or (counts < 0).any():
        raise ShapeError(
            f"repeat expects a count of 0 or more for each of {length} slices, got {counts}"
        )
    return np.broadcast_to(counts.astype(np.int64), (length,))


def _backward_of_counts(
    counts: Array, before: tuple[int, ...], axis: int, shape: tuple[int, ...]
) -> Callable[[Array], Array]:
    """Return the backward of `repeat` with counts: the sum over the copies of each slice."""
    repeated = np.flatnonzero(counts)
    starts = np.cumsum(counts[repeated]) - counts[repeated]

    def backward(grad: Array) -> Array:
        by_x = np.zeros(shape, grad.dtype)
        if len(repeated):
            np.moveaxis(by_x, axis, 0)[repeated] = np.moveaxis(
                np.add.reduceat(grad, starts, axis=axis), axis, 0
            )
        return by_x.reshape(before)

    return backward


no_flops(squeeze, expand_dims, moveaxis, flip, roll, pad, tile, repeat)


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
    yield Sample(
        (rng.normal(size=(2, 3, 4)),), {"source": (0, 1), "destination": (-1, 0)}, note="two axes"
    )


@samples(flip, analytic=True)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    yield Sample((rng.normal(size=(2, 3)),), note="all axes")
    yield Sample((rng.normal(size=(2, 3)),), {"axis": 1})
    yield Sample((rng.normal(size=(2, 3)),), {"axis": (0, -1)}, note="two axes")
    yield Sample((rng.normal(size=(0, 3)),), {"axis": 0}, note="empty")


@samples(roll, analytic=True)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    yield Sample((rng.normal(size=(2, 3)),), {"shift": 1}, note="of the flat tensor")
    yield Sample((rng.normal(size=(2, 3)),), {"shift": -4, "axis": 1}, note="more than its length")
    yield Sample((rng.normal(size=(2, 3)),), {"shift": (1, 2), "axis": (0, -1)}, note="two axes")
    yield Sample((rng.normal(size=()),), {"shift": 1}, note="0-d")
    yield Sample((rng.normal(size=(0, 3)),), {"shift": 1, "axis": 0}, note="empty")


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
    yield Sample((rng.normal(size=(2, 3)),), {"count": 2}, note="of the flat tensor")
    yield Sample((rng.normal(size=(2, 3)),), {"count": [2, 0, 3], "axis": 1}, note="counts")
    yield Sample((rng.normal(size=(2, 3)),), {"count": [0, 0], "axis": 0}, note="no times")
    yield Sample((rng.normal(size=(2, 1)),), {"count": np.array([1, 3])}, note="counts, flat")
