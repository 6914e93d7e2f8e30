"""`PackedWeight`: a copy of a weight in the order in which a product with few rows reads it.

A product of few rows with a large matrix is bound by reading the matrix. Row by row, a block of its
columns is a short piece from each of hundreds of rows, pages apart; a BLAS copies them together
before each product, which takes longer than the product. Here they are copied once.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

import numpy as np

from pmt_autograd import Array, Tensor

BLOCK = 32
"""Columns of a block: two vectors of AVX-512."""


@dataclass(frozen=True, slots=True)
class PackedWeight:
    """The blocks of columns of a matrix.

    Attributes:
        source: the matrix (n_in, n_out), read-only, so that it stays equal to its copy.
        blocks: (n_out / 32, n_in, 32).
    """

    source: Array
    blocks: Array

    @property
    def is_current(self) -> bool:
        """Whether nothing can have been written to the matrix since it was packed."""
        return not self.source.flags.writeable

    def release(self) -> None:
        """Make the matrix writable; this is not a current copy any more."""
        self.source.flags.writeable = True


def pack(tensor: Tensor) -> PackedWeight | None:
    """Return the packed matrix of a tensor; None if anything else may write to its memory.

    The matrix must be in memory of its own, in rows, and have no other reference, also none from a
    view. It is made read-only first, so a reference that appears later cannot write to it either,
    unless it is released.
    """
    if not (_can_be_packed(tensor._data) and _references(tensor) == _ALONE):
        return None
    tensor._data.flags.writeable = False
    if _references(tensor) != _ALONE:  # of another thread, which was faster
        tensor._data.flags.writeable = True
        return None
    n_in, n_out = tensor._data.shape
    columns = tensor._data.reshape(n_in, n_out // BLOCK, BLOCK)
    return PackedWeight(tensor._data, np.ascontiguousarray(columns.swapaxes(0, 1)))


def _can_be_packed(matrix: Array) -> bool:
    flags = matrix.flags
    has_blocks = matrix.ndim == 2 and matrix.size > 0 and matrix.shape[1] % BLOCK == 0
    return has_blocks and flags.owndata and flags.writeable and flags.c_contiguous


def _references(tensor: Tensor) -> int:
    return sys.getrefcount(tensor._data)


# What `_references` returns if only the tensor refers to its array: each interpreter counts its
# own temporary references.
_ALONE = _references(Tensor(np.zeros((1, 1), np.float32)))
