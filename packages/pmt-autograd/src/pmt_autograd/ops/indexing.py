"""Read parts of a tensor: getitem (basic and advanced indexing), take_rows."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any

import numpy as np

from pmt_autograd.primitive import primitive
from pmt_autograd.registry import Sample, no_flops, samples
from pmt_autograd.types import Array, Gradients, Result
from pmt_core import DtypeError, RowSparse, ShapeError

# Up to this number of rows, a product with a matrix of zeros and ones is faster than sorting.
_FEW_ROWS = 512


@primitive
def getitem(x: Array, *, index: Any) -> Result:
    """Return x[index], basic or advanced. The gradients of repeated indices add up."""
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
    """Return rows of a table (v, ...) by ids, integers of any shape: (*ids.shape, ...).

    The gradient is a `RowSparse` that has only the rows that were read, so that a table of 50,000
    rows is never written in full. With sparse=False it is a dense array, which is faster for a few
    hundred rows, and if the table has another gradient that is dense.
    Raises DtypeError or ShapeError for ids that are not row numbers.
    """
    ids = np.asarray(ids)
    if ids.dtype.kind not in "iu":
        raise DtypeError(f"ids are integers, got dtype {ids.dtype}; convert with .astype(np.int64)")
    if ids.size and (ids.min() < 0 or ids.max() >= len(table)):
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
