"""Join tensors and split them: concat, stack, hstack, vstack, split."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
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
    """Join tensors along an existing axis; the other axes have the same lengths.

    Examples:
        >>> from pmt_autograd import Tensor, concat
        >>> a = Tensor([1.0, 2.0], requires_grad=True)
        >>> b = Tensor([3.0], requires_grad=True)
        >>> y = concat(a, b)
        >>> y.data
        array([1., 2., 3.], dtype=float32)
        >>> (y * [10.0, 20.0, 30.0]).sum().backward()
        >>> a.grad, b.grad
        (GradientArray([10., 20.], dtype=float32), GradientArray([30.], dtype=float32))
    """
    if not parts:
        raise ShapeError("concat expects at least one tensor")
    axis = normalize_axis(axis, parts[0].ndim)
    ends = list(accumulate(part.shape[axis] for part in parts[:-1]))  # faster than an array
    return np.concatenate(parts, axis=axis), lambda grad: tuple(np.split(grad, ends, axis=axis))


@primitive
def stack(*parts: Array, axis: int = 0) -> Result:
    """Join tensors of the same shape along a new axis.

    Examples:
        >>> from pmt_autograd import Tensor, stack
        >>> a, b = Tensor([1.0, 2.0]), Tensor([3.0, 4.0])
        >>> stack(a, b).data
        array([[1., 2.],
               [3., 4.]], dtype=float32)
        >>> stack(a, b, axis=1).data
        array([[1., 3.],
               [2., 4.]], dtype=float32)
    """
    return np.stack(parts, axis=axis), lambda grad: tuple(np.moveaxis(grad, axis, 0))


def hstack(*parts: Any) -> Tensor:
    """Join tensors side by side, as `np.hstack`: vectors along their axis, others along axis 1.

    The parts are given one by one, or as one list.

    Examples:
        >>> from pmt_autograd import Tensor, hstack
        >>> hstack(Tensor([1.0, 2.0]), Tensor([3.0])).data
        array([1., 2., 3.], dtype=float32)
        >>> hstack(Tensor([[1.0], [2.0]]), Tensor([[3.0], [4.0]])).data
        array([[1., 3.],
               [2., 4.]], dtype=float32)
    """
    tensors = [reshape(part, shape=(1,)) if not np.ndim(part) else part for part in _listed(parts)]
    return concat(*tensors, axis=0 if tensors and np.ndim(tensors[0]) == 1 else 1)


def vstack(*parts: Any) -> Tensor:
    """Join tensors one above the other, as `np.vstack`: along axis 0; a vector is one row.

    The parts are given one by one, or as one list.

    Examples:
        >>> from pmt_autograd import Tensor, vstack
        >>> vstack(Tensor([1.0, 2.0]), Tensor([[3.0, 4.0], [5.0, 6.0]])).data
        array([[1., 2.],
               [3., 4.],
               [5., 6.]], dtype=float32)
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
    """Split x along an axis into equal parts, or into parts of given lengths.

    Args:
        x: a tensor or an array.
        sections: number of equal parts, or the lengths of the parts.
        axis: the axis.

    Returns:
        A tuple of tensors, which are views.

    Raises:
        ShapeError: if the lengths do not add up to that of the axis, or it has no equal parts.

    Examples:
        >>> from pmt_autograd import Tensor, split
        >>> x = Tensor([1.0, 2.0, 3.0, 4.0], requires_grad=True)
        >>> first, rest = split(x, sections=[1, 3])
        >>> first.data, rest.data
        (array([1.], dtype=float32), array([2., 3., 4.], dtype=float32))
        >>> rest.sum().backward()
        >>> x.grad
        GradientArray([0., 1., 1., 1.], dtype=float32)
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
