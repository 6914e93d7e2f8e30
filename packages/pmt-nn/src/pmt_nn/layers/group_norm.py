"""Group normalization (Wu & He 2018)."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

import numpy as np
from numpy.typing import DTypeLike

import pmt_autograd as ag
from pmt_autograd import Array, Gradients, Result, Sample, Tensor
from pmt_core import SettingsError, ShapeError, as_floats, check_sizes
from pmt_nn.layers.memory_layout import cache_blocks
from pmt_nn.layers.normalization import mean_weights
from pmt_nn.module.initializers import constant
from pmt_nn.module.inputs import float_tensor
from pmt_nn.module.module import Module
from pmt_nn.module.parameter import Parameter


@ag.primitive
def group_norm(
    x: Array, weight: Array | None, bias: Array | None, *, groups: int, eps: float = 1e-5
) -> Result:
    """Normalize each group of channels of each example, then scale and shift by channel.

    Group normalization (Wu & He 2018). x: (b, c, ...), weight, bias: (c,) or None for 1 and 0;
    groups divides c.
    groups = 1 normalizes all channels together, groups = c each channel (instance normalization).
    The gradient is that of layer normalization.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import group_norm
        >>> x = np.array([[1.0, 3.0, 10.0, 30.0]])  # one example, four channels
        >>> group_norm(x, None, None, groups=2).data.round(3)
        array([[-1.,  1., -1.,  1.]])
        >>> group_norm(x, None, None, groups=1).data.round(3)
        array([[-0.872, -0.698, -0.087,  1.657]])
    """
    _check(x, groups, weight, bias)
    x = as_floats(x)
    b, c, pixels = x.shape[0], x.shape[1], prod(x.shape[2:])
    rows = x.reshape(b, groups, c // groups * pixels)
    n, scale = rows.shape[2], np.ones(c, x.dtype) if weight is None else weight
    averaging = mean_weights(n, x.dtype)
    normed, inverse = np.empty(rows.shape, x.dtype), np.empty((b, groups, 1), x.dtype)
    y = np.empty((b, c, pixels), x.dtype)
    for block in cache_blocks(b, groups * n):
        part = np.subtract(rows[block], (rows[block] @ averaging)[..., np.newaxis], normed[block])
        variance = np.square(part) @ averaging
        inverse[block] = (1 / np.sqrt(variance + x.dtype.type(eps)))[..., np.newaxis]
        part *= inverse[block]
        np.multiply(part.reshape(len(part), c, pixels), scale[:, np.newaxis], out=y[block])
        if bias is not None:
            y[block] += bias[:, np.newaxis]

    def backward(grad: Array) -> Gradients:
        grads, by_channel = grad.reshape(b, c, pixels), normed.reshape(b, c, pixels)
        by_weight, by_bias = np.zeros(c, x.dtype), np.zeros(c, x.dtype)
        by_x, ones = np.empty(rows.shape, x.dtype), np.ones(pixels, x.dtype)
        for block in cache_blocks(b, groups * n):
            if weight is not None:
                by_weight += ((grads[block] * by_channel[block]) @ ones).sum(axis=0)
            if bias is not None:
                by_bias += (grads[block] @ ones).sum(axis=0)
            part = by_x[block]
            np.multiply(grads[block], scale[:, np.newaxis], out=part.reshape(len(part), c, pixels))
            slope = ((part * normed[block]) @ averaging)[..., np.newaxis]
            part -= (part @ averaging)[..., np.newaxis]
            part -= normed[block] * slope
            part *= inverse[block]
        by_channels = None if weight is None else by_weight, None if bias is None else by_bias
        return by_x.reshape(x.shape), *by_channels

    return y.reshape(x.shape), backward


@ag.composed_form(group_norm)
def group_norm_composed(
    x: Tensor, weight: Tensor | None, bias: Tensor | None, *, groups: int, eps: float = 1e-5
) -> Tensor:
    """Compute `group_norm` in plain operations."""
    b, c, *rest = x.shape
    rows = x.reshape(b, groups, c // groups * prod(rest))
    centered = rows - rows.mean(axis=-1, keepdims=True)
    normed = (centered / (rows.var(axis=-1, keepdims=True) + eps).sqrt()).reshape(x.shape)
    ones = (1,) * len(rest)
    scaled = normed if weight is None else normed * weight.reshape(c, *ones)
    return scaled if bias is None else scaled + bias.reshape(c, *ones)


def _check(x: Array, groups: int, *parameters: Array | None) -> None:
    for parameter in parameters:
        if parameter is not None and parameter.shape != x.shape[1:2]:
            raise ShapeError(
                f"group norm of {parameter.size} channels with {groups} groups needs (b, c, ...), "
                f"c a multiple, got {x.shape}"
            )
    if x.ndim < 2 or x.shape[1] % groups:
        raise ShapeError(f"group norm with {groups} groups needs (b, c, ...), got {x.shape}")


class GroupNorm(Module):
    """Group normalization of c channels; groups = c is instance normalization.

    The weight starts at 1, the bias at 0, one number for each channel; bias=False: without a bias,
    affine=False: without either.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import GroupNorm
        >>> norm = GroupNorm(2, 4)
        >>> norm(np.array([[1, 3, 10, 30], [0, 2, 0, 0]], np.float32)).data.round(3)
        array([[-1.,  1., -1.,  1.],
               [-1.,  1.,  0.,  0.]], dtype=float32)
        >>> norm
        GroupNorm(2, 4)  8 parameters
    """

    def __init__(
        self,
        groups: int,
        c: int,
        *,
        eps: float = 1e-5,
        affine: bool = True,
        bias: bool = True,
        dtype: DTypeLike = np.float32,
    ) -> None:
        check_sizes("GroupNorm", groups=groups, c=c)
        if c % groups:
            raise SettingsError(f"groups divides the channels, got groups={groups}, c={c}")
        self.groups, self.c = groups, c
        self.weight = Parameter(constant((c,), 1.0, dtype=dtype)) if affine else None
        self.bias = Parameter(constant((c,), dtype=dtype)) if affine and bias else None
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        """Normalize x (b, c, ...)."""
        x = float_tensor(x, self.weight)
        if x.shape[1:2] != (self.c,):
            raise ShapeError(f"GroupNorm of {self.c} channels needs (b, c, ...), got {x.shape}")
        return group_norm(x, self.weight, self.bias, groups=self.groups, eps=self.eps)


@ag.samples(group_norm)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    weight, bias = rng.normal(size=4), rng.normal(size=4)
    for groups in (1, 2, 4):
        yield Sample((rng.normal(size=(2, 4, 3, 2)), weight, bias), {"groups": groups}, str(groups))
    yield Sample((rng.normal(size=(3, 4)), weight, bias), {"groups": 2}, "no pixels")
    yield Sample((rng.normal(size=(0, 4, 3)), weight, bias), {"groups": 2}, "empty batch")
    images = rng.normal(size=(2, 4, 3, 2))
    yield Sample((images, None, None), {"groups": 2}, "without weight and bias")
    yield Sample((images, weight, None), {"groups": 2}, "without bias")
