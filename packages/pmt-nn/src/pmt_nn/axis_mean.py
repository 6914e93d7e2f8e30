"""The mean over one axis, as a module."""

from __future__ import annotations

from pmt_autograd import Tensor
from pmt_nn.module import Module


class AxisMean(Module):
    """Averages over `axis`, e.g. the vectors of a context window in CBOW: (b, n, d) -> (b, d)."""

    def __init__(self, axis: int = 1, *, keepdims: bool = False) -> None:
        self.axis = axis
        self.keepdims = keepdims

    def forward(self, x: Tensor) -> Tensor:
        """x: any shape with that axis."""
        return x.mean(axis=self.axis, keepdims=self.keepdims)
