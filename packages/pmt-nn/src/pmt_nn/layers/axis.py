"""Layers that flatten, reduce or multiply along axes, and the masked mean."""

from __future__ import annotations

from math import prod

import numpy as np

from pmt_autograd import Tensor
from pmt_core import ShapeError
from pmt_nn.masks import Mask
from pmt_nn.module.module import Module


class Flatten(Module):
    """Flatten all axes from `first` on: (b, c, h, w) -> (b, c h w) by default."""

    def __init__(self, first: int = 1) -> None:
        self.first = first

    def forward(self, x: Tensor) -> Tensor:
        """Flatten x, which has more than `first` axes."""
        if x.ndim <= self.first:
            raise ShapeError(f"Flatten(first={self.first}) needs more axes, got shape {x.shape}")
        # The size is not -1, which an empty batch would leave undetermined.
        return x.reshape(*x.shape[: self.first], prod(x.shape[self.first :]))


class AxisDot(Module):
    """Dot product of the two vectors on `axis`, e.g. (b, 2, d) -> (b,)."""

    def __init__(self, axis: int = 1) -> None:
        self.axis = axis

    def forward(self, x: Tensor) -> Tensor:
        """Multiply x (..., 2, ..., d), with 2 on `axis`, which is not the last axis."""
        axis = self.axis % max(x.ndim, 1)
        if x.ndim < 2 or axis == x.ndim - 1 or x.shape[axis] != 2:
            raise ShapeError(
                f"AxisDot(axis={self.axis}) needs length 2 on that axis and vectors on the last, "
                f"got shape {x.shape}"
            )
        before: tuple[slice, ...] = (slice(None),) * axis
        return (x[(*before, 0)] * x[(*before, 1)]).sum(axis=-1)


class AxisMean(Module):
    """Mean over `axis`, e.g. of the context vectors of CBOW: (b, n, d) -> (b, d)."""

    def __init__(self, axis: int = 1, *, keepdims: bool = False) -> None:
        self.axis, self.keepdims = axis, keepdims

    def forward(self, x: Tensor) -> Tensor:
        """Average x of any shape with that axis."""
        return x.mean(axis=self.axis, keepdims=self.keepdims)


def masked_mean(x: Tensor, mask: Mask) -> Tensor:
    """Return the mean (b, d) of x (b, t, d) over the True positions of mask (b, t), or 0."""
    counts = np.maximum(mask.sum(axis=1, keepdims=True), 1)
    share = (mask / counts).astype(x.dtype)  # (b, t)
    mean: Tensor = share[:, np.newaxis, :] @ x  # (b, 1, d)
    return mean.reshape(x.shape[0], x.shape[2])
