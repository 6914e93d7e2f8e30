"""Group normalisation (Wu & He 2018)."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

import numpy as np
from numpy.typing import DTypeLike

from pmt_autograd import Array, Gradients, Result, Sample, Tensor, primitive, samples, sqrt
from pmt_core import SettingsError, ShapeError
from pmt_nn.module import Module
from pmt_nn.parameter import Parameter


def group_norm_composed(
    x: Tensor, gain: Tensor, bias: Tensor, *, groups: int, eps: float = 1e-5
) -> Tensor:
    """The same as `group_norm` in plain operations."""
    b, c, *rest = x.shape
    rows = x.reshape(b, groups, -1)
    centred = rows - rows.mean(axis=-1, keepdims=True)
    normed = centred / sqrt(rows.var(axis=-1, keepdims=True) + eps)
    ones = (1,) * len(rest)
    return normed.reshape(x.shape) * gain.reshape(c, *ones) + bias.reshape(c, *ones)


@primitive
def group_norm(x: Array, gain: Array, bias: Array, *, groups: int, eps: float = 1e-5) -> Result:
    """Normalise each group of channels of each example, then scale and shift by channel.

    x: (b, c, ...), gain and bias: (c,); groups divides c. groups = 1 normalises all channels
    together, groups = c each alone (instance normalisation). The gradient is layer norm's.
    """
    if x.ndim < 2 or x.shape[1] % groups:
        raise ShapeError(
            f"group norm with {groups} groups wants (b, c, ...), c a multiple, got {x.shape}"
        )
    b, c = x.shape[:2]
    pixels = prod(x.shape[2:])
    normed = x.reshape(b, groups, c // groups * pixels)
    normed = normed - normed.mean(axis=-1, keepdims=True)
    variance = np.square(normed).mean(axis=-1, keepdims=True)
    inverse = 1 / np.sqrt(variance + x.dtype.type(eps))
    normed *= inverse
    by_channel = normed.reshape(b, c, pixels)
    y = by_channel * gain[:, np.newaxis]
    y += bias[:, np.newaxis]

    def backward(grad: Array) -> Gradients:
        grad = grad.reshape(b, c, pixels)
        by_gain = (grad * by_channel).sum(axis=-1).sum(axis=0)
        by_bias = grad.sum(axis=-1).sum(axis=0)
        by_x = (grad * gain[:, np.newaxis]).reshape(normed.shape)
        correction = normed * (by_x * normed).mean(axis=-1, keepdims=True)
        by_x -= by_x.mean(axis=-1, keepdims=True)
        by_x -= correction
        by_x *= inverse
        return by_x.reshape(x.shape), by_gain, by_bias

    return y.reshape(x.shape), backward


class GroupNorm(Module):
    """Group normalisation of c channels in `groups` groups; gain starts at 1, bias at 0."""

    def __init__(
        self, groups: int, c: int, *, eps: float = 1e-5, dtype: DTypeLike = np.float32
    ) -> None:
        if groups < 1 or c % groups:
            raise SettingsError(f"groups divides the channels, got groups={groups}, c={c}")
        self.groups = groups
        self.gain = Parameter(np.ones(c, dtype))
        self.bias = Parameter(np.zeros(c, dtype))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        """x: (b, c, ...), the same shape comes back."""
        return group_norm(x, self.gain, self.bias, groups=self.groups, eps=self.eps)


@samples(group_norm)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    gain, bias = rng.normal(size=4), rng.normal(size=4)
    for groups in (1, 2, 4):
        yield Sample((rng.normal(size=(2, 4, 3, 2)), gain, bias), {"groups": groups}, str(groups))
    yield Sample((rng.normal(size=(3, 4)), gain, bias), {"groups": 2}, "no pixels")
    yield Sample((rng.normal(size=(0, 4, 3)), gain, bias), {"groups": 2}, "empty batch")
