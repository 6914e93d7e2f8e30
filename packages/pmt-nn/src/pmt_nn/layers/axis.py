"""Layers that flatten, reduce or multiply along axes, and the masked mean."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

import numpy as np

from pmt_autograd import (
    Array,
    Result,
    Sample,
    Tensor,
    composed_form,
    counts_flops,
    masked,
    primitive,
    samples,
)
from pmt_core import ShapeError, as_floats, check_sizes, cut
from pmt_nn.masks import Mask, token_mask
from pmt_nn.module.inputs import float_tensor
from pmt_nn.module.module import Module


class Flatten(Module):
    """Flatten all axes from `first` on: (b, c, h, w) -> (b, c h w) by default.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import Flatten
        >>> Flatten()(np.zeros((32, 3, 8, 8))).shape
        (32, 192)
        >>> Flatten(first=2)(np.zeros((32, 3, 8, 8))).shape
        (32, 3, 64)
    """

    def __init__(self, first: int = 1) -> None:
        check_sizes("Flatten", least=0, first=first)
        self.first = first

    def forward(self, x: Tensor) -> Tensor:
        """Flatten x, which has more than `first` axes."""
        x = float_tensor(x)
        if x.ndim <= self.first:
            raise ShapeError(f"Flatten(first={self.first}) needs more axes, got shape {x.shape}")
        # The size is not -1, which an empty batch would leave undetermined.
        return x.reshape(*x.shape[: self.first], prod(x.shape[self.first :]))


class AxisDot(Module):
    """Dot product of the two vectors on `axis`, e.g. (b, 2, d) -> (b,).

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import AxisDot
        >>> pairs = np.array([[[1.0, 2.0], [3.0, 4.0]]])  # one pair of vectors
        >>> AxisDot()(pairs).data
        array([11.])
    """

    def __init__(self, axis: int = 1) -> None:
        self.axis = axis

    def forward(self, x: Tensor) -> Tensor:
        """Multiply x (..., 2, ..., d), with 2 on `axis`, which is not the last axis."""
        x = float_tensor(x)
        axis = self.axis % max(x.ndim, 1)
        if x.ndim < 2 or axis == x.ndim - 1 or x.shape[axis] != 2:
            raise ShapeError(
                f"AxisDot(axis={self.axis}) needs length 2 on that axis and vectors on the last, "
                f"got shape {x.shape}"
            )
        before: tuple[slice, ...] = (slice(None),) * axis
        return (x[(*before, 0)] * x[(*before, 1)]).sum(axis=-1)


class AxisMean(Module):
    """Mean over `axis`, e.g. of the context vectors of CBOW: (b, n, d) -> (b, d).

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import AxisMean
        >>> x = np.array([[[1.0, 2.0], [3.0, 4.0]]])
        >>> AxisMean()(x).data, AxisMean(keepdims=True)(x).shape
        (array([[2., 3.]]), (1, 1, 2))
    """

    def __init__(self, axis: int = 1, *, keepdims: bool = False) -> None:
        self.axis, self.keepdims = axis, keepdims

    def forward(self, x: Tensor) -> Tensor:
        """Average x of any shape with that axis."""
        return float_tensor(x).mean(axis=self.axis, keepdims=self.keepdims)


def masked_mean(x: Tensor, mask: Mask) -> Tensor:
    """Return the mean (b, d) of x (b, t, d) over the True positions of mask (b, t), or 0.

    What x holds elsewhere, infinities and nan included, does not matter.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import masked_mean
        >>> x = np.array([[[1.0], [3.0], [99.0]], [[np.nan], [np.nan], [np.nan]]])
        >>> masked_mean(x, np.array([[True, True, False], [False, False, False]])).data
        array([[2.],
               [0.]])
    """
    x = float_tensor(x)
    if x.ndim != 3:
        raise ShapeError(f"masked_mean needs vectors (b, t, d), got shape {x.shape}")
    return mean_of_tokens(x, mask=token_mask(mask, *x.shape[:2]))


@primitive
def mean_of_tokens(x: Array, *, mask: Mask) -> Result:
    """Return the mean (b, d) of x (b, t, d) over the True positions of mask (b, t), or 0.

    As a product with the share of each token. The product of a share of 0 with what is not finite
    is nan, so the product is made again if need be, of the tokens only.
    """
    x = as_floats(x)
    counts = np.maximum(mask.sum(axis=1, keepdims=True), 1)
    share = (mask / counts).astype(x.dtype)[..., np.newaxis]  # (b, t, 1)
    is_token = mask[..., np.newaxis]
    with np.errstate(invalid="ignore"):
        total: Array = share.swapaxes(1, 2) @ x  # (b, 1, d)
        if not np.isfinite(total).all():
            total = share.swapaxes(1, 2) @ cut(x, is_token)

    def backward(grad: Array) -> Array:
        grads = grad[:, np.newaxis]
        by_x: Array = share * (grads if np.isfinite(grad).all() else cut(grads, is_token))
        return by_x

    return total.reshape(x.shape[0], x.shape[2]), backward


@composed_form(mean_of_tokens)
def mean_of_tokens_composed(x: Tensor, *, mask: Mask) -> Tensor:
    """Compute `mean_of_tokens` in plain operations."""
    counts = np.maximum(mask.sum(axis=1, keepdims=True), 1).astype(x.dtype)
    mean: Tensor = masked(x, mask=mask[..., np.newaxis]).sum(axis=1) / counts
    return mean


@counts_flops(mean_of_tokens)
def _(value: Array, x: Array, **settings: object) -> int:
    return 2 * x.size


@samples(mean_of_tokens)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    for mask, note in [
        (np.arange(4) < np.array([[4], [1], [0]]), "a row without tokens"),
        (np.array([[True, False, True]]), "tokens anywhere"),
        (np.zeros((0, 3), np.bool_), "empty"),
    ]:
        yield Sample((rng.normal(size=(*mask.shape, 2)),), {"mask": mask}, note)
