"""Several axes become one.

The dot product of the two vectors that lie beside each other on an axis of length 2.

The mean over one axis, as a module.

Mean over the positions that hold a token.
"""

from __future__ import annotations

import numpy as np

from pmt_autograd import Tensor
from pmt_core import ShapeError
from pmt_nn.masks import Mask
from pmt_nn.module.module import Module


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


class AxisMean(Module):
    """Averages over `axis`, e.g. the vectors of a context window in CBOW: (b, n, d) -> (b, d)."""

    def __init__(self, axis: int = 1, *, keepdims: bool = False) -> None:
        self.axis = axis
        self.keepdims = keepdims

    def forward(self, x: Tensor) -> Tensor:
        """x: any shape with that axis."""
        return x.mean(axis=self.axis, keepdims=self.keepdims)


def masked_mean(x: Tensor, mask: Mask) -> Tensor:
    """Mean of x (b, t, d) over the positions where mask (b, t) is True -> (b, d).

    A row without any gives zeros.
    """
    counts = np.maximum(mask.sum(axis=1, keepdims=True), 1)
    share = (mask / counts).astype(x.dtype)  # (b, t)
    mean: Tensor = share[:, np.newaxis, :] @ x  # (b, 1, d)
    return mean.reshape(x.shape[0], x.shape[2])
