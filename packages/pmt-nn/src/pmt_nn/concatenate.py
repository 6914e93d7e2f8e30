"""Several tensors become one, as a module."""

from __future__ import annotations

from pmt_autograd import Tensor, concat
from pmt_nn.module import Module


class Concatenate(Module):
    """Joins its inputs along `axis`, e.g. behind `Parallel`."""

    def __init__(self, axis: int = -1) -> None:
        self.axis = axis

    def forward(self, *inputs: Tensor) -> Tensor:
        """inputs: shapes that differ on `axis` alone."""
        return concat(*inputs, axis=self.axis)
