"""Operations that read and write elements by index: take, scatter_add, set_items, ..."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from pmt_autograd.ops.shape import normalize_axis
from pmt_autograd.primitive import primitive
from pmt_autograd.registry import Sample, no_flops, samples
from pmt_autograd.types import Array, Gradients, Result
from pmt_core import DtypeError, unbroadcast


@primitive
def take(x: Array, indices: Array, *, axis: int | None = None) -> Result:
    """Return the slices of x at `indices` along an axis, as `np.take`.

    The gradients of repeated indices add up.

    Args:
        x: a tensor or an array.
        indices: integers of any shape.
        axis: the axis; of the flat tensor if None.

    Raises:
        DtypeError: if the indices are no integers.

    Examples:
        >>> import numpy as np
        >>> from pmt_autograd import Tensor, take
        >>> x = Tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], requires_grad=True)
        >>> y = take(x, np.array([2, 2]), axis=1)
        >>> y.data
        array([[3., 3.],
               [6., 6.]], dtype=float32)
        >>> y.sum().backward()
        >>> x.grad
        GradientArray([[0., 0., 2.],
                       [0., 0., 2.]], dtype=float32)
    """
    indices = _integers(indices)
    shape = x.shape

    def backward(grad: Array) -> Gradients:
        full = np.zeros(shape, grad.dtype)
        if axis is None or not shape:
            np.add.at(full.reshape(-1), indices, grad)
        else:
            before: tuple[Any, ...] = (slice(None),) * normalize_axis(axis, len(shape))
            np.add.at(full, (*before, indices), grad)
        return full, None

    return np.take(x, indices, axis=axis), backward


@primitive
def take_along_axis(x: Array, indices: Array, *, axis: int = -1) -> Result:
    """Return y with y[i, j] = x[i, indices[i, j]] for axis 1, as `np.take_along_axis`.

    Args:
        x: a tensor or an array.
        indices: integers that broadcast against x, except along the axis.
        axis: the axis.

    Raises:
        DtypeError: if the indices are no integers.

    Examples:
        >>> import numpy as np
        >>> from pmt_autograd import Tensor, take_along_axis
        >>> log_probabilities = Tensor([[-0.1, -2.4], [-1.2, -0.4]], requires_grad=True)
        >>> labels = np.array([[0], [1]])
        >>> y = take_along_axis(log_probabilities, labels)
        >>> y.data
        array([[-0.1],
               [-0.4]], dtype=float32)
        >>> y.sum().backward()
        >>> log_probabilities.grad
        GradientArray([[1., 0.],
                       [0., 1.]], dtype=float32)
    """
    indices = _integers(indices)
    shape = x.shape

    def backward(grad: Array) -> Gradients:
        full = np.zeros(shape, grad.dtype)
        np.add.at(full, _full_index(np.broadcast_to(indices, grad.shape), axis), grad)
        return full, None

    return np.take_along_axis(x, indices, axis), backward


@primitive
def scatter_add(x: Array, indices: Array, updates: Array) -> Result:
    """Return x with updates[i] added to row indices[i] for each i; repeated indices add up.

    Args:
        x: (n, ...).
        indices: integers of any shape.
        updates: (*indices.shape, ...).

    Raises:
        DtypeError: if the indices are no integers.

    Examples:
        >>> import numpy as np
        >>> from pmt_autograd import Tensor, scatter_add
        >>> updates = Tensor([1.0, 10.0, 100.0], requires_grad=True)
        >>> y = scatter_add(np.zeros(3, np.float32), np.array([2, 0, 2]), updates)
        >>> y.data
        array([ 10.,   0., 101.], dtype=float32)
        >>> y[2].backward()
        >>> updates.grad
        GradientArray([1., 0., 1.], dtype=float32)
    """
    indices = _integers(indices)
    y = x.copy()
    np.add.at(y, indices, updates)
    update_shape = updates.shape
    return y, lambda grad: (grad, None, unbroadcast(grad[indices], update_shape))


@primitive
def set_items(x: Array, values: Array, *, index: Any) -> Result:
    """Return a copy of x in which x[index] is `values`: index assignment as a function.

    If an element is named twice, the last value is kept and has the gradient; overwritten values
    have a gradient of 0.

    Args:
        x: a tensor or an array.
        values: broadcast to the shape of x[index].
        index: as in `x[index]`.

    Examples:
        >>> from pmt_autograd import Tensor
        >>> x = Tensor([1.0, 2.0, 3.0], requires_grad=True)
        >>> y = x.set(0, 10.0)
        >>> y.data, x.data  # x is not changed
        (array([10.,  2.,  3.], dtype=float32), array([1., 2., 3.], dtype=float32))
        >>> y.sum().backward()
        >>> x.grad  # the overwritten element has the gradient 0
        GradientArray([0., 1., 1.], dtype=float32)
    """
    y = x.copy()
    y[index] = values
    value_shape = np.shape(values)

    def backward(grad: Array) -> Gradients:
        by_x = grad.copy()
        by_x[index] = 0
        writers = np.full(grad.shape, -1)  # the element of the assignment that wrote each element
        number = np.arange(grad[index].size).reshape(grad[index].shape)
        writers[index] = number
        by_values = np.where(writers[index] == number, grad[index], grad.dtype.type(0))
        return by_x, unbroadcast(np.asarray(by_values), value_shape)

    return y, backward


def _integers(indices: Any) -> Array:
    indices = np.asarray(indices)
    if indices.dtype.kind not in "iu":
        raise DtypeError(
            f"indices are integers, got dtype {indices.dtype}; convert with .astype(np.int64)"
        )
    return indices


def _full_index(indices: Array, axis: int) -> tuple[Array, ...]:
    """Return an index for every axis that is `indices` along `axis`."""
    index: list[Array] = list(np.indices(indices.shape, sparse=True))
    index[axis] = indices
    return tuple(index)


no_flops(take, take_along_axis, set_items)


@samples(take, analytic=True)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    x = rng.normal(size=(3, 4))
    yield Sample((x, np.array([1, 1, 3])), {"axis": 1}, note="repeated")
    yield Sample((x, np.array([[-1, 0], [0, 0]])), {"axis": 0}, note="negative, two axes")
    yield Sample((x, np.array([5, 5, 11])), note="of the flat tensor")
    yield Sample((x, np.array(2)), {"axis": -1}, note="0-d index")
    yield Sample((x, np.zeros(0, np.int64)), {"axis": 0}, note="nothing")


@samples(take_along_axis, analytic=True)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    x = rng.normal(size=(3, 4))
    yield Sample((x, np.array([[0, 0], [1, 3], [-1, 3]])), note="repeated and negative")
    yield Sample((x, np.array([[2, 2, 0, 1]])), {"axis": 0}, note="first axis")
    yield Sample((x, np.array([[1, 1, 1, 2, 0]])), note="indices broadcast")
    yield Sample((x, np.zeros((3, 0), np.int64)), note="nothing")


@samples(scatter_add)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    x = rng.normal(size=(4, 3))
    yield Sample((x, np.array([1, 1, 3]), rng.normal(size=(3, 3))), note="repeated rows")
    yield Sample((x, np.array([[0, -1]]), rng.normal(size=(1, 2, 3))), note="two axes, negative")
    yield Sample((x, np.array([2, 2]), rng.normal(size=(3,))), note="update broadcast")
    yield Sample((x, np.zeros(0, np.int64), rng.normal(size=(0, 3))), note="nothing")
    yield Sample((rng.normal(size=3), np.array([0, 0]), rng.normal(size=2)), note="one axis")


@samples(set_items)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    x = rng.normal(size=(3, 4))
    yield Sample((x, rng.normal(size=(2, 4))), {"index": slice(0, 2)}, note="slice")
    yield Sample((x, rng.normal(size=(4,))), {"index": slice(0, 2)}, note="values broadcast")
    yield Sample((x, np.array(5.0)), {"index": (0, 1)}, note="one element")
    yield Sample((x, rng.normal(size=(3, 4))), {"index": np.array([1, 1, 0])}, note="repeated")
    yield Sample((x, np.array(0.5)), {"index": x > 0.3}, note="boolean mask")
    yield Sample((x, rng.normal(size=(0, 4))), {"index": slice(0, 0)}, note="nothing")
