"""Group normalization (Wu & He 2018)."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

import numpy as np
from numpy.typing import DTypeLike

from pmt_autograd import (
    Array,
    Gradients,
    Result,
    Sample,
    Tensor,
    composed_form,
    primitive,
    samples,
    sqrt,
)
from pmt_core import SettingsError, ShapeError
from pmt_nn.layers.cache_blocks import cache_blocks
from pmt_nn.module.module import Module
from pmt_nn.module.parameter import Parameter


@primitive
def group_norm(x: Array, weight: Array, bias: Array, *, groups: int, eps: float = 1e-5) -> Result:
    """Normalize each group of channels of each example, then scale and shift by channel.

    x: (b, c, ...), weight and bias: (c,); groups divides c. groups = 1 normalizes all channels
    together, groups = c each alone (instance normalization). The gradient is layer norm's.
    """
    if x.ndim < 2 or x.shape[1] % groups:
        raise ShapeError(
            f"group norm with {groups} groups wants (b, c, ...), c a multiple, got {x.shape}"
        )
    b, c, pixels = x.shape[0], x.shape[1], prod(x.shape[2:])
    rows = x.reshape(b, groups, c // groups * pixels)
    n = rows.shape[2]
    averaging = np.full(n, 1 / max(n, 1), x.dtype)  # a product with it is the mean of each row
    normed, inverse = np.empty(rows.shape, x.dtype), np.empty((b, groups, 1), x.dtype)
    y = np.empty((b, c, pixels), x.dtype)
    for block in cache_blocks(b, groups * n):
        part = np.subtract(rows[block], (rows[block] @ averaging)[..., np.newaxis], normed[block])
        variance = np.square(part) @ averaging
        inverse[block] = (1 / np.sqrt(variance + x.dtype.type(eps)))[..., np.newaxis]
        part *= inverse[block]
        np.multiply(part.reshape(-1, c, pixels), weight[:, np.newaxis], out=y[block])
        y[block] += bias[:, np.newaxis]

    def backward(grad: Array) -> Gradients:
        grads, by_channel = grad.reshape(b, c, pixels), normed.reshape(b, c, pixels)
        by_weight, by_bias = np.zeros(c, x.dtype), np.zeros(c, x.dtype)
        by_x, ones = np.empty(rows.shape, x.dtype), np.ones(pixels, x.dtype)
        for block in cache_blocks(b, groups * n):
            by_weight += ((grads[block] * by_channel[block]) @ ones).sum(axis=0)
            by_bias += (grads[block] @ ones).sum(axis=0)
            part = by_x[block]
            np.multiply(grads[block], weight[:, np.newaxis], out=part.reshape(-1, c, pixels))
            slope = ((part * normed[block]) @ averaging)[..., np.newaxis]
            part -= (part @ averaging)[..., np.newaxis]
            part -= normed[block] * slope
            part *= inverse[block]
        return by_x.reshape(x.shape), by_weight, by_bias

    return y.reshape(x.shape), backward


@composed_form(group_norm)
def group_norm_composed(
    x: Tensor, weight: Tensor, bias: Tensor, *, groups: int, eps: float = 1e-5
) -> Tensor:
    """The same as `group_norm` in plain operations."""
    b, c, *rest = x.shape
    rows = x.reshape(b, groups, c // groups * prod(rest))
    centered = rows - rows.mean(axis=-1, keepdims=True)
    normed = centered / sqrt(rows.var(axis=-1, keepdims=True) + eps)
    ones = (1,) * len(rest)
    return normed.reshape(x.shape) * weight.reshape(c, *ones) + bias.reshape(c, *ones)


class GroupNorm(Module):
    """Group normalization of c channels in `groups` groups; weight starts at 1, bias at 0."""

    def __init__(
        self, groups: int, c: int, *, eps: float = 1e-5, dtype: DTypeLike = np.float32
    ) -> None:
        if groups < 1 or c % groups:
            raise SettingsError(f"groups divides the channels, got groups={groups}, c={c}")
        self.groups = groups
        self.weight = Parameter(np.ones(c, dtype))
        self.bias = Parameter(np.zeros(c, dtype))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        """x: (b, c, ...), the same shape comes back."""
        return group_norm(x, self.weight, self.bias, groups=self.groups, eps=self.eps)


@samples(group_norm)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    weight, bias = rng.normal(size=4), rng.normal(size=4)
    for groups in (1, 2, 4):
        yield Sample((rng.normal(size=(2, 4, 3, 2)), weight, bias), {"groups": groups}, str(groups))
    yield Sample((rng.normal(size=(3, 4)), weight, bias), {"groups": 2}, "no pixels")
    yield Sample((rng.normal(size=(0, 4, 3)), weight, bias), {"groups": 2}, "empty batch")
