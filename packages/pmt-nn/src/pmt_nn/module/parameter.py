"""`Parameter` and `Buffer`: the tensors of a module's state."""

from __future__ import annotations

from numpy.typing import ArrayLike, DTypeLike

from pmt_autograd import Tensor


class Parameter(Tensor):
    """Leaf tensor of a `Module` that requires a gradient.

    `data` may be rebound to an array of the same shape and dtype, e.g. a view of a flat buffer.
    """

    __slots__ = ()

    def __init__(self, data: ArrayLike, dtype: DTypeLike | None = None) -> None:
        super().__init__(data, requires_grad=True, dtype=dtype)

    def __repr__(self) -> str:
        return f"Parameter(shape={self.shape}, dtype={self.dtype})"


class Buffer(Tensor):
    """State without a gradient, e.g. running statistics; saved and loaded with the parameters.

    A forward pass does not write to it; see `collecting_statistics`.
    """

    __slots__ = ()

    def __init__(self, data: ArrayLike, dtype: DTypeLike | None = None) -> None:
        super().__init__(data, requires_grad=False, dtype=dtype)

    def __repr__(self) -> str:
        return f"Buffer(shape={self.shape}, dtype={self.dtype})"
