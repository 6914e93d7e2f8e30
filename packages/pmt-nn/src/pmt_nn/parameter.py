"""`Parameter`: a tensor that is learnt."""

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
