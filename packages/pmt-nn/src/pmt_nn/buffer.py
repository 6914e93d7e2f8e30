"""`Buffer`: a tensor that belongs to a module's state but is not learnt by gradients."""

from __future__ import annotations

from numpy.typing import ArrayLike, DTypeLike

from pmt_autograd import Tensor


class Buffer(Tensor):
    """State without a gradient, e.g. running statistics; saved and loaded with the parameters.

    A forward pass never writes to it: what a pass finds is told to `collecting_statistics`.
    """

    __slots__ = ()

    def __init__(self, data: ArrayLike, dtype: DTypeLike | None = None) -> None:
        super().__init__(data, requires_grad=False, dtype=dtype)

    def __repr__(self) -> str:
        return f"Buffer(shape={self.shape}, dtype={self.dtype})"
