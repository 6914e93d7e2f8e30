"""`RowSparse`: an array with few rows that are not zero, e.g. the gradient of an embedding."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pmt_core.errors import DtypeError, ShapeError

_BLOCK = 1 << 16  # elements; a block in float64 stays in the cache


class RowSparse:
    """An array of shape (v, *rest) in which only some rows are not zero.

    Represents the dense array in which `values[i]` is added to row `rows[i]`, for each i.
    Immutable; the arrays are not copied, so do not write to them. Values of a subclass of `ndarray`
    stay of that class in all results.

    Attributes:
        rows: (n,) int64 in [0, v), in any order; rows may repeat.
        values: (n, *rest).
        shape: shape of the dense array.
        is_coalesced: True if the rows are distinct and in increasing order.

    Raises:
        ShapeError: if rows, values and shape do not fit together, or a row is out of range.
        DtypeError: if the rows are not integers.

    Examples:
        >>> import numpy as np
        >>> from pmt_core import RowSparse
        >>> grad = RowSparse(np.array([4, 1, 4]), np.array([[1.0, 2], [3, 4], [10, 20]]), (1000, 2))
        >>> grad
        RowSparse(shape=(1000, 2), dtype=float64, rows=3)
        >>> once = grad.coalesce()  # row 4 occurs twice: its values are added
        >>> once.rows, once.values.tolist()
        (array([1, 4]), [[3.0, 4.0], [11.0, 22.0]])
        >>> grad.to_dense().shape
        (1000, 2)
    """

    __slots__ = ("is_coalesced", "rows", "shape", "values")
    __array_ufunc__ = None  # ndarray + RowSparse calls __radd__

    rows: NDArray[np.int64]
    values: NDArray[Any]
    shape: tuple[int, ...]
    is_coalesced: bool

    def __init__(
        self, rows: NDArray[np.integer], values: NDArray[Any], shape: tuple[int, ...]
    ) -> None:
        rows, self.values, self.shape = np.asarray(rows), np.asanyarray(values), tuple(shape)
        _check(rows, self.values, self.shape)
        self.rows = rows.astype(np.int64, copy=False)
        self.is_coalesced = bool(np.all(rows[1:] > rows[:-1]))

    @classmethod
    def _trusted(
        cls,
        rows: NDArray[np.int64],
        values: NDArray[Any],
        shape: tuple[int, ...],
        is_coalesced: bool,
    ) -> RowSparse:
        """Construct without checks."""
        self = cls.__new__(cls)
        self.rows, self.values, self.shape, self.is_coalesced = rows, values, shape, is_coalesced
        return self

    @property
    def dtype(self) -> np.dtype[Any]:
        """Dtype of the values."""
        return self.values.dtype

    @property
    def ndim(self) -> int:
        """Number of axes of the dense array."""
        return len(self.shape)

    def viewed_as(self, kind: type[NDArray[Any]]) -> RowSparse:
        """Return the same array with values of a class, `ndarray` or a subclass, not copied."""
        if type(self.values) is kind:
            return self
        values = self.values.view(kind)
        return RowSparse._trusted(self.rows, values, self.shape, self.is_coalesced)

    def _as_values(self, array: NDArray[Any]) -> NDArray[Any]:
        """Return an array in the class of the values."""
        kind = type(self.values)
        return array if type(array) is kind else array.view(kind)

    def coalesce(self) -> RowSparse:
        """Return the same array with distinct rows in increasing order.

        The values of a row are added in their order and in their dtype, so the same input gives
        the same bits on every machine. Returns itself if it is coalesced already.
        """
        if self.is_coalesced:
            return self
        flat = np.asarray(self.values).reshape(len(self.rows), -1)
        rows, sums = _sum_repeated(self.rows, flat, self.shape[0])
        sums = self._as_values(sums.reshape(len(rows), *self.shape[1:]))
        return RowSparse._trusted(rows, sums, self.shape, True)

    def to_dense(self) -> NDArray[Any]:
        """Return the dense array (v, *rest)."""
        dense = np.zeros(self.shape, self.dtype)
        once = self.coalesce()
        dense[once.rows] = once.values
        return self._as_values(dense)

    def add_to(self, dense: NDArray[Any]) -> None:
        """Add this array to a dense one of the same shape, in place."""
        if dense.shape != self.shape:
            raise ShapeError(f"expected a dense array of shape {self.shape}, got {dense.shape}")
        once = self.coalesce()
        dense[once.rows] += once.values

    def scale(self, factor: float) -> RowSparse:
        """Return this array times a number, in the same dtype."""
        values = np.multiply(self.values, factor, dtype=self.dtype)
        return RowSparse._trusted(self.rows, values, self.shape, self.is_coalesced)

    def squared_norm(self) -> float:
        """Return the sum of the squares of all elements, summed in float64."""
        flat = np.asarray(self.coalesce().values).reshape(-1)
        total = 0.0
        for start in range(0, flat.size, _BLOCK):
            block = flat[start : start + _BLOCK].astype(np.float64)
            total += float(np.square(block, out=block).sum())
        return total

    def __add__(self, other: Any) -> Any:
        """Return the sum with a `RowSparse` (row-sparse, not coalesced) or an array (dense)."""
        if isinstance(other, np.ndarray):
            total = np.array(other, np.result_type(other, self.dtype), subok=True)
            self.add_to(total)
            return total if type(total) is not np.ndarray else self._as_values(total)
        if not isinstance(other, RowSparse):
            return NotImplemented
        if other.shape != self.shape:
            raise ShapeError(f"cannot add shapes {self.shape} and {other.shape}")
        rows = np.concatenate((self.rows, other.rows))
        values = np.concatenate((self.values, other.values))
        return RowSparse._trusted(rows, values, self.shape, bool(np.all(rows[1:] > rows[:-1])))

    __radd__ = __add__

    def __repr__(self) -> str:
        return f"RowSparse(shape={self.shape}, dtype={self.dtype}, rows={len(self.rows)})"


def _sum_repeated(
    rows: NDArray[np.int64], values: NDArray[Any], table: int
) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """Return the distinct rows in increasing order, and the sums of their values (n, d)."""
    rows, order = _sorted(rows, table)
    starts = np.flatnonzero(np.concatenate(([True], rows[1:] != rows[:-1])))
    if values.shape[1] < _NARROW:
        sums = np.add.reduceat(values.take(order, axis=0), starts, axis=0, dtype=values.dtype)
    else:
        sums = _sum_runs(values, order, starts, np.diff(starts, append=len(rows)))
    return rows[starts], sums


# np.add.reduceat makes a call per run and column: fastest for a few columns, ten times slower than
# `_sum_runs` for 128 of them (as are np.add.at, and np.bincount over all elements).
_NARROW = 16
# Runs up to this length (nearly all, if ids are words) are added together: the second elements of
# all runs at once, then the third, ... The few longer ones are added one run at a time.
_SHORT = 16


def _sum_runs(
    values: NDArray[Any],
    order: NDArray[np.int64],
    starts: NDArray[np.intp],
    counts: NDArray[np.intp],
) -> NDArray[Any]:
    """Sum `values[order]` over runs that begin at `starts` and have `counts` elements."""
    sums = values.take(order[starts], axis=0)
    for run in np.flatnonzero(counts > _SHORT).tolist():
        members = order[starts[run] : starts[run] + counts[run]]
        sums[run] = np.add.reduce(values.take(members, axis=0), axis=0)
    runs = np.flatnonzero((counts > 1) & (counts <= _SHORT))
    for k in range(1, _SHORT):
        runs = runs[counts[runs] > k]
        if not runs.size:
            break
        sums[runs] += values.take(order[starts[runs] + k], axis=0)
    return sums


def _sorted(rows: NDArray[np.int64], table: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the rows in increasing order, and the index of each; a stable sort."""
    bits = len(rows).bit_length()
    if table.bit_length() + bits >= 63:
        order = np.argsort(rows, kind="stable")
        return rows[order], order
    # Row and index in one number: sorting those is five times faster than a stable argsort.
    keys = (rows << bits) | np.arange(len(rows))
    keys.sort()
    return keys >> bits, keys & ((1 << bits) - 1)


def _check(rows: NDArray[Any], values: NDArray[Any], shape: tuple[int, ...]) -> None:
    if rows.dtype.kind not in "iu":
        raise DtypeError(f"rows must be integers, got {rows.dtype}")
    if not shape or rows.ndim != 1 or values.shape != (len(rows), *shape[1:]):
        raise ShapeError(
            f"rows {rows.shape} and values {values.shape} do not fit the shape {shape}: "
            f"expected rows (n,) and values (n, *{shape[1:]})"
        )
    if rows.size and (rows.min() < 0 or rows.max() >= shape[0]):
        bad = rows[(rows < 0) | (rows >= shape[0])][0]
        raise ShapeError(f"row {bad} is out of range for a table of {shape[0]} rows")
