"""`Parameter`: a tensor that is learned.

`Buffer`: a tensor that belongs to a module's state but is not learned by gradients.
"""

from __future__ import annotations

from numpy.typing import ArrayLike, DTypeLike

from pmt_autograd import Tensor


class Parameter(Tensor):
    """A leaf tensor that requires a gradient and that a `Module` counts as its own.

    `data` may be rebound to an array of the same shape and dtype, e.g. to a view into one flat
    buffer that holds all parameters of a model.
    """

    __slots__ = ()

    def __init__(self, data: ArrayLike, dtype: DTypeLike | None = None) -> None:
        super().__init__(data, requires_grad=True, dtype=dtype)

    def __repr__(self) -> str:
        return f"Parameter(shape={self.shape}, dtype={self.dtype})"


class Buffer(Tensor):
    """State without a gradient, e.g. running statistics; saved and loaded with the parameters.

    A forward pass never writes to it: what a pass finds is told to `collecting_statistics`.
    """

    __slots__ = ()

    def __init__(self, data: ArrayLike, dtype: DTypeLike | None = None) -> None:
        super().__init__(data, requires_grad=False, dtype=dtype)

    def __repr__(self) -> str:
        return f"Buffer(shape={self.shape}, dtype={self.dtype})"
