"""Several axes become one."""

from __future__ import annotations

from pmt_autograd import Tensor
from pmt_core import ShapeError
from pmt_nn.module import Module


class Flatten(Module):
    """Merges all axes from `first` on: (b, c, h, w) -> (b, c h w) by default."""

    def __init__(self, first: int = 1) -> None:
        self.first = first

    def forward(self, x: Tensor) -> Tensor:
        """x: more than `first` axes."""
        if x.ndim <= self.first:
            raise ShapeError(f"Flatten(first={self.first}) wants more axes, got shape {x.shape}")
        kept = x.shape[: self.first]
        size = 1
        for length in x.shape[self.first :]:
            size *= length  # not -1, which an empty batch would leave undetermined
        return x.reshape(*kept, size)
