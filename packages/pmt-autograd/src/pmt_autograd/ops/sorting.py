"""Order the elements along an axis: sort, argsort, top_k."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pmt_autograd.ops.shape import normalize_axis
from pmt_autograd.primitive import primitive
from pmt_autograd.registry import Sample, samples
from pmt_autograd.tensor import values
from pmt_autograd.types import Array, Result
from pmt_core import ShapeError, check_sizes


@primitive
def sort(x: Array, *, axis: int | None = -1) -> Result:
    """Return the elements along an axis in increasing order; of the flat tensor if it is None.

    nan comes last, and equal elements keep their order. Each element has the gradient of the place
    that it is sorted to.

    Examples:
        >>> from pmt_autograd import Tensor, sort
        >>> x = Tensor([3.0, 1.0, 2.0], requires_grad=True)
        >>> y = sort(x)
        >>> y.data
        array([1., 2., 3.], dtype=float32)
        >>> (y * [10.0, 20.0, 30.0]).sum().backward()
        >>> x.grad
        GradientArray([30., 10., 20.], dtype=float32)
    """
    shape, is_single = x.shape, axis is not None and not x.shape
    if axis is None or not shape:
        x, axis = x.reshape(-1), 0
    order = argsort(x, axis)

    def backward(grad: Array) -> Array:
        by_x = np.empty(order.shape, grad.dtype)
        np.put_along_axis(by_x, order, grad.reshape(order.shape), axis)
        return by_x.reshape(shape)

    ordered = np.take_along_axis(x, order, axis)
    return ordered.reshape(() if is_single else ordered.shape), backward


def argsort(x: Any, axis: int | None = -1) -> NDArray[np.int64]:
    """Return the indices that `sort` orders the elements by, as an array: they have no gradient.

    x: a tensor or an array; axis: of the flat one if None.

    Examples:
        >>> from pmt_autograd import Tensor, argsort
        >>> argsort(Tensor([3.0, 1.0, 2.0]))
        array([1, 2, 0])
    """
    order = np.argsort(np.asarray(values(x)), axis=axis, kind="stable")
    return order.astype(np.int64, copy=False)


@primitive
def top_k(
    x: Array, *, k: int, axis: int = -1
) -> tuple[tuple[Array, Array], Callable[[tuple[Array, Array]], Array]]:
    """Return the k largest elements along an axis in decreasing order, and their indices.

    nan counts as larger than any number, and of equal elements the first as larger, so the
    selection is deterministic.

    Args:
        x: a tensor or an array.
        k: number of elements.
        axis: the axis.

    Returns:
        The elements, and their indices, int64, which have no gradient.

    Raises:
        ShapeError: if the axis has fewer than k elements.

    Examples:
        >>> from pmt_autograd import Tensor, top_k
        >>> x = Tensor([0.1, 0.6, 0.3], requires_grad=True)
        >>> largest, indices = top_k(x, k=2)
        >>> largest.data, indices.data
        (array([0.6, 0.3], dtype=float32), array([1, 2]))
        >>> largest.sum().backward()
        >>> x.grad
        GradientArray([0., 1., 1.], dtype=float32)
    """
    check_sizes("top_k", least=0, k=k)
    axis = normalize_axis(axis, x.ndim)
    length = x.shape[axis]
    if k > length:
        raise ShapeError(f"top_k of k = {k} along an axis of length {length}")
    # Sorted in increasing order from the end, so that nan comes first and ties keep their order.
    order = length - 1 - np.flip(np.argsort(np.flip(x, axis), axis=axis, kind="stable"), axis)
    indices = order.take(np.arange(k), axis=axis).astype(np.int64, copy=False)

    shape = x.shape

    def backward(grads: tuple[Array, Array]) -> Array:
        full = np.zeros(shape, grads[0].dtype)
        np.put_along_axis(full, indices, grads[0], axis)
        return full

    return (np.take_along_axis(x, indices, axis), indices), backward


@samples(sort, kinks="ties: equal elements keep their order")
def _(rng: np.random.Generator) -> Iterator[Sample]:
    x = rng.permutation(24).reshape(2, 3, 4) / 3.0
    yield Sample((x,))
    yield Sample((x,), {"axis": 1}, note="middle axis")
    yield Sample((x,), {"axis": None}, note="of the flat tensor")
    yield Sample((np.array(2.0),), note="0-d")
    yield Sample((np.zeros((0, 3)),), note="empty")


@samples(top_k, kinks="ties: the first of the equal elements")
def _(rng: np.random.Generator) -> Iterator[Sample]:
    x = rng.permutation(12).reshape(3, 4) / 3.0
    yield Sample((x,), {"k": 2})
    yield Sample((x,), {"k": 1, "axis": 0}, note="first axis")
    yield Sample((x,), {"k": 4}, note="all: a sort")
    yield Sample((x,), {"k": 0}, note="none")
