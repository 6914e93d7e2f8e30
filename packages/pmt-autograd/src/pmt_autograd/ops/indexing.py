"""Choose elements of a tensor by index or by mask: getitem, take_rows, where, masked."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any

import numpy as np

from pmt_autograd.primitive import primitive
from pmt_autograd.promotion import promote
from pmt_autograd.registry import Sample, no_flops, samples
from pmt_autograd.types import Array, Gradients, NeedsGrad, Result
from pmt_core import DtypeError, RowSparse, ShapeError, cut, unbroadcast

# Up to this number of rows, a product with a matrix of zeros and ones is faster than sorting.
_FEW_ROWS = 512


@primitive
def getitem(x: Array, *, index: Any) -> Result:
    """Return x[index], basic or advanced. The gradients of repeated indices add up.

    Examples:
        >>> from pmt_autograd import Tensor
        >>> x = Tensor([10.0, 20.0, 30.0], requires_grad=True)
        >>> y = x[[0, 2, 2]]
        >>> y.data
        array([10., 30., 30.], dtype=float32)
        >>> y.sum().backward()
        >>> x.grad  # 30 was read twice
        GradientArray([1., 0., 2.], dtype=float32)
    """
    repeats = not _is_basic(index)
    shape = x.shape

    def backward(grad: Array) -> Array:
        full = np.zeros(shape, grad.dtype)
        if repeats:
            np.add.at(full, index, grad)
        else:
            full[index] = grad
        return full

    return x[index], backward


def _is_basic(index: Any) -> bool:
    """Return whether the index consists of integers, slices, None and ellipsis: no repetition."""
    if type(index) is int or type(index) is slice:
        return True
    parts = index if isinstance(index, tuple) else (index,)
    return all(
        part is None or part is Ellipsis or isinstance(part, (int, np.integer, slice))
        for part in parts
    ) and not any(isinstance(part, bool) for part in parts)


@primitive
def take_rows(table: Array, ids: Array, *, sparse: bool = True) -> Result:
    """Return rows of a table by ids, as an embedding does.

    The gradient is a `RowSparse` that has only the rows that were read, so that a table of 50,000
    rows is never written in full.

    Args:
        table: (v, ...).
        ids: integers of any shape, in 0 ... v - 1.
        sparse: False for a dense gradient, which is faster for a few hundred rows, and if the table
            has another gradient that is dense.

    Returns:
        (*ids.shape, ...).

    Raises:
        DtypeError: if the ids are no integers.
        ShapeError: if an id is no row number.

    Examples:
        >>> import numpy as np
        >>> from pmt_autograd import Tensor, take_rows
        >>> table = Tensor(np.ones((1000, 2), np.float32), requires_grad=True)
        >>> rows = take_rows(table, np.array([[7, 7], [3, 7]]))
        >>> rows.shape
        (2, 2, 2)
        >>> rows.sum().backward()
        >>> table.grad.coalesce().rows, table.grad.coalesce().values.tolist()
        (array([3, 7]), [[1.0, 1.0], [3.0, 3.0]])
    """
    ids = np.asarray(ids)
    if ids.dtype.kind not in "iu":
        raise DtypeError(f"ids are integers, got dtype {ids.dtype}; convert with .astype(np.int64)")
    least, largest = np.minimum.reduce, np.maximum.reduce  # without what `min` and `max` add
    if ids.size and (least(ids, axis=None) < 0 or largest(ids, axis=None) >= len(table)):
        raise ShapeError(
            f"ids lie in 0 ... {len(table) - 1} for a table of {len(table)} rows, got "
            f"{ids.min()} ... {ids.max()}; was the table made for another vocabulary?"
        )

    shape = table.shape

    def backward(grad: Array) -> Gradients:
        rows = ids.reshape(-1)
        values = grad.reshape(len(rows), *shape[1:])
        if sparse:
            return RowSparse(rows, values, shape), None
        if shape[0] > _FEW_ROWS or not np.isfinite(values).all():  # 0 inf in a product is nan
            return RowSparse(rows, values, shape).to_dense(), None
        # Row i of the product is the sum of the gradients of all reads of row i.
        chosen = rows == np.arange(shape[0])[:, np.newaxis]
        summed = chosen.astype(grad.dtype) @ values.reshape(len(rows), prod(shape[1:]))
        return summed.reshape(shape), None

    return table.take(ids, axis=0), backward


@primitive
def where(
    condition: Array, a: Array, b: Array, *, needs_grad: NeedsGrad = (True, True, True)
) -> Result:
    """Return a if the boolean condition is True, else b; all three broadcast.

    Examples:
        >>> import numpy as np
        >>> from pmt_autograd import Tensor, where
        >>> a = Tensor([1.0, 2.0, 3.0], requires_grad=True)
        >>> y = where(np.array([True, False, True]), a, 0.0)
        >>> y.data
        array([1., 0., 3.], dtype=float32)
        >>> y.sum().backward()
        >>> a.grad
        GradientArray([1., 0., 1.], dtype=float32)
    """
    a, b = promote(a, b)
    condition = np.asarray(condition, np.bool_)
    a_shape = a.shape if needs_grad[1] else None
    b_shape = b.shape if needs_grad[2] else None

    def backward(grad: Array) -> Gradients:
        return (
            None,
            None if a_shape is None else unbroadcast(cut(grad, condition), a_shape),
            None if b_shape is None else unbroadcast(cut(grad, ~condition), b_shape),
        )

    return np.where(condition, a, b), backward


@primitive
def masked(x: Array, *, mask: Array) -> Result:
    """Return x where the boolean mask is True, and 0 elsewhere, whatever x holds there.

    The mask broadcasts to the shape of x. The gradient is masked in the same way. Raises DtypeError
    or ShapeError for a mask that is not boolean or does not broadcast.

    Examples:
        >>> import numpy as np
        >>> from pmt_autograd import Tensor, masked
        >>> x = Tensor([1.0, np.nan, 3.0], requires_grad=True)
        >>> y = masked(x, mask=np.array([True, False, True]))
        >>> y.data
        array([1., 0., 3.], dtype=float32)
        >>> y.sum().backward()
        >>> x.grad
        GradientArray([1., 0., 1.], dtype=float32)
    """
    mask = np.asarray(mask)
    if mask.dtype != np.bool_:
        raise DtypeError(f"a mask is boolean, got dtype {mask.dtype}; compare first, e.g. x > 0")
    if mask.shape != x.shape and not _broadcasts_to(mask.shape, x.shape):
        raise ShapeError(f"a mask of shape {mask.shape} does not broadcast to that of x, {x.shape}")
    return cut(x, mask), lambda grad: cut(grad, mask)


def _broadcasts_to(shape: tuple[int, ...], wide: tuple[int, ...]) -> bool:
    added = len(wide) - len(shape)
    return added >= 0 and all(n in (1, m) for n, m in zip(shape, wide[added:], strict=True))


no_flops(getitem, take_rows)


@samples(getitem, analytic=True)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    x = rng.normal(size=(4, 5, 3))
    for index, note in [
        (2, "integer"),
        (slice(1, 4, 2), "slice"),
        ((slice(None, None, -1), 0), "reversed slice and integer"),
        ((Ellipsis, None, 1), "ellipsis and new axis"),
        (np.array([1, 1, 3, 1]), "repeated rows"),
        ((np.array([0, 2]), slice(None), np.array([1, 1])), "arrays about a slice"),
        (x[..., 0] > 0, "boolean mask"),
        (np.array([], dtype=np.int64), "nothing"),
        (slice(0, 0), "empty slice"),
        ([1, 1], "list"),
    ]:
        yield Sample((x,), {"index": index}, note=note)


@samples(take_rows)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    table = rng.normal(size=(5, 3))
    yield Sample((table, np.array([[1, 1, 4], [0, 1, 1]])), note="repeated ids")
    yield Sample((table, np.array([[1, 1], [0, 1]])), {"sparse": False}, note="dense gradient")
    large, many = rng.normal(size=(600, 1)), np.array([599, 3, 599, 3, 3])
    yield Sample((large, many), {"sparse": False}, note="dense gradient of many rows")
    yield Sample((table, np.array(3)), note="0-d ids")
    yield Sample((table, np.zeros((0, 2), np.int64)), note="no ids")
    yield Sample((table, np.zeros(0, np.int64)), {"sparse": False}, note="no ids, dense gradient")
    yield Sample((rng.normal(size=4), np.array([2, 0, 2])), note="rows of single numbers")


@samples(where)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    condition = np.array([True, False, True])
    yield Sample((condition, rng.normal(size=(2, 3)), rng.normal(size=(2, 3))))
    yield Sample((condition, rng.normal(size=(2, 1)), rng.normal(size=())), note="broadcast")


@samples(masked, analytic=True)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    yield Sample((rng.normal(size=(2, 3)),), {"mask": rng.random((2, 3)) < 0.5})
    yield Sample((rng.normal(size=(2, 3)),), {"mask": np.array([[True], [False]])}, "broadcast")
    yield Sample((rng.normal(size=()),), {"mask": np.array(True)}, note="0-d")
