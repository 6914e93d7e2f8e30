"""Arrays of which only a few rows are not zero: the gradient of a table that was looked up."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pmt_core.errors import DtypeError, ShapeError

__all__ = ["RowSparse"]


class RowSparse:
    """An array of shape (v, *rest) that is zero but for some rows.

    rows: (n,) int64 in [0, v), in any order, repeats allowed. values: (n, *rest).
    It means the dense array in which `values[i]` is added to row `rows[i]`, for every i.
    It never changes; the arrays given are kept, not copied, so do not write to them.
    """

    __slots__ = ("is_coalesced", "rows", "shape", "values")
    __array_ufunc__ = None  # ndarray + RowSparse comes to __radd__ below

    rows: NDArray[np.int64]
    values: NDArray[Any]
    shape: tuple[int, ...]
    is_coalesced: bool

    def __init__(
        self,
        rows: NDArray[np.integer],
        values: NDArray[Any],
        shape: tuple[int, ...],
    ) -> None:
        """See the class. Raises `ShapeError` or `DtypeError` where the three do not fit."""
        rows, values, shape = np.asarray(rows), np.asarray(values), tuple(shape)
        _check(rows, values, shape)
        self.rows = rows.astype(np.int64, copy=False)
        self.values = values
        self.shape = shape
        self.is_coalesced = bool(np.all(rows[1:] > rows[:-1]))

    @classmethod
    def _trusted(
        cls,
        rows: NDArray[np.int64],
        values: NDArray[Any],
        shape: tuple[int, ...],
        is_coalesced: bool,
    ) -> RowSparse:
        """Without the checks, for parts of an array that has passed them."""
        self = cls.__new__(cls)
        self.rows, self.values, self.shape, self.is_coalesced = rows, values, shape, is_coalesced
        return self

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of the values."""
        return self.values.dtype

    @property
    def ndim(self) -> int:
        """The number of axes of the dense meaning."""
        return len(self.shape)

    def coalesce(self) -> RowSparse:
        """The same array with every row named once, in rising order; itself if it is so already."""
        if self.is_coalesced:
            return self
        order = np.argsort(self.rows, kind="stable")
        rows = self.rows[order]
        starts = np.flatnonzero(np.concatenate(([True], rows[1:] != rows[:-1])))
        values = np.add.reduceat(self.values[order], starts, axis=0, dtype=self.dtype)
        return RowSparse._trusted(rows[starts], values, self.shape, True)

    def to_dense(self) -> NDArray[Any]:
        """The dense array, (v, *rest)."""
        dense = np.zeros(self.shape, self.dtype)
        once = self.coalesce()
        dense[once.rows] = once.values
        return dense

    def add_to(self, dense: NDArray[Any]) -> None:
        """Add this array to a dense one of the same shape, in place."""
        if dense.shape != self.shape:
            raise ShapeError(f"expected a dense array of shape {self.shape}, got {dense.shape}")
        once = self.coalesce()
        dense[once.rows] += once.values

    def scale(self, factor: float) -> RowSparse:
        """This array times a number, in the same dtype."""
        values = np.multiply(self.values, factor, dtype=self.dtype)
        return RowSparse._trusted(self.rows, values, self.shape, self.is_coalesced)

    def squared_norm(self) -> float:
        """The sum of the squares of all elements of the dense array, summed in float64."""
        values = self.coalesce().values
        return float(np.square(values, dtype=np.float64).sum())

    def __add__(self, other: Any) -> Any:
        """The sum with a `RowSparse` (row-sparse, not coalesced) or with an array (dense)."""
        if isinstance(other, np.ndarray):
            total = np.array(other, np.result_type(other, self.dtype))
            self.add_to(total)
            return total
        if not isinstance(other, RowSparse):
            return NotImplemented
        if other.shape != self.shape:
            raise ShapeError(f"cannot add shapes {self.shape} and {other.shape}")
        rows = np.concatenate((self.rows, other.rows))
        values = np.concatenate((self.values, other.values))
        return RowSparse._trusted(rows, values, self.shape, bool(np.all(rows[1:] > rows[:-1])))

    __radd__ = __add__

    def __repr__(self) -> str:
        """Shape, dtype and number of rows; not the numbers."""
        return f"RowSparse(shape={self.shape}, dtype={self.dtype}, rows={len(self.rows)})"


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
        raise ShapeError(f"row {bad} lies outside of a table of {shape[0]} rows")
