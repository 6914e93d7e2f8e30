"""The dot product of the two vectors that lie beside each other on an axis of length 2."""

from __future__ import annotations

from pmt_autograd import Tensor
from pmt_core import ShapeError
from pmt_nn.module import Module


class AxisDot(Module):
    """Multiplies the two entries of `axis` element by element and sums over the last axis.

    With target and context word of skip-gram looked up together, (b, 2, d) -> (b,).
    """

    def __init__(self, axis: int = 1) -> None:
        self.axis = axis

    def forward(self, x: Tensor) -> Tensor:
        """x: (..., 2, ..., d), the 2 on `axis`, which is not the last one."""
        axis = self.axis % max(x.ndim, 1)
        if x.ndim < 2 or axis == x.ndim - 1 or x.shape[axis] != 2:
            raise ShapeError(
                f"AxisDot(axis={self.axis}) wants length 2 on that axis and vectors on the last, "
                f"got shape {x.shape}"
            )
        before: tuple[slice, ...] = (slice(None),) * axis
        return (x[(*before, 0)] * x[(*before, 1)]).sum(axis=-1)
