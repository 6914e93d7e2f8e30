"""Layer, root-mean-square and group normalization."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from math import prod
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

import pmt_autograd as ag
from pmt_autograd import Array, Gradients, NeedsGrad, Result, Sample, Tensor
from pmt_core import SettingsError, ShapeError, as_floats, as_rows, check_sizes
from pmt_nn.layers.linear import sum_rows
from pmt_nn.layers.memory_layout import cache_blocks
from pmt_nn.module.initializers import constant
from pmt_nn.module.inputs import float_tensor
from pmt_nn.module.module import Module
from pmt_nn.module.parameter import Parameter


@ag.primitive
def layer_norm(
    x: Array,
    weight: Array,
    bias: Array | None,
    *,
    eps: float = 1e-5,
    needs_grad: NeedsGrad = (True, True, True),
) -> Result:
    """Normalize the last axis to mean 0 and variance 1, then scale and shift by element.

    Layer normalization (Ba et al. 2016). x: (..., d), weight: (d,), bias: (d,) or None.
    With n = (x - mean) / s, s = sqrt(var + eps) and h = dy weight:
    dx = (h - mean(h) - n mean(h n)) / s, with means over the last axis.
    """
    _check_width(x, weight)
    x, d = as_floats(x), x.shape[-1]
    rows = as_rows(x)
    averaging = _averaging(d, x.dtype)
    normed = rows - (rows @ averaging)[:, np.newaxis]
    squares = normed * normed
    inverse = squares @ averaging  # the variance
    inverse += x.dtype.type(eps)
    np.reciprocal(np.sqrt(inverse, out=inverse), out=inverse)
    inverse = inverse[:, np.newaxis]
    normed *= inverse
    y = squares if any(needs_grad) else normed  # backward needs `normed`
    np.multiply(normed, weight, out=y)
    if bias is not None:
        y += bias

    def backward(grad: Array) -> Gradients:
        grad = as_rows(grad)
        by_x = np.empty(rows.shape, x.dtype)
        by_weight = np.zeros(d, x.dtype)
        by_bias = None if bias is None else np.zeros(d, x.dtype)
        weighting = averaging * weight
        for block in cache_blocks(len(rows), d):
            out = by_x[block]
            product = grad[block] * normed[block]
            by_weight += sum_rows(product)
            if by_bias is not None:
                by_bias += sum_rows(grad[block])
            # mean(h) and mean(h n), with the weight moved to the other factor
            mean_h, mean_hn = grad[block] @ weighting, product @ weighting
            np.multiply(normed[block], mean_hn[:, np.newaxis], out=product)
            product += mean_h[:, np.newaxis]
            np.multiply(grad[block], weight, out=out)
            out -= product
            out *= inverse[block]
        return by_x.reshape(x.shape), by_weight, by_bias

    return y.reshape(x.shape), backward


@ag.composed_form(layer_norm)
def layer_norm_composed(x: Tensor, weight: Tensor, bias: Tensor, *, eps: float = 1e-5) -> Tensor:
    """Compute (x - mean) / sqrt(var + eps) * weight + bias in plain operations."""
    centered = x - x.mean(axis=-1, keepdims=True)
    return centered / (x.var(axis=-1, keepdims=True) + eps).sqrt() * weight + bias


def _check_width(x: Array, weight: Array) -> None:
    if x.shape[-1:] != weight.shape:
        raise ShapeError(f"a norm of vectors of width {weight.size} got shape {x.shape}")


@lru_cache(maxsize=64)
def _averaging(d: int, dtype: np.dtype[Any]) -> Array:
    """Return (d,) values 1 / d: the product of a row with them is its mean, and fast."""
    shares = np.full(d, 1 / max(d, 1), dtype)
    shares.flags.writeable = False
    return shares


class LayerNorm(Module):
    """Layer normalization of the last axis, of length d. The weight starts at 1, the bias at 0."""

    def __init__(
        self, d: int, *, eps: float = 1e-5, bias: bool = True, dtype: DTypeLike = np.float32
    ) -> None:
        check_sizes("LayerNorm", d=d)
        self.weight = Parameter(constant((d,), 1.0, dtype=dtype))
        self.bias = Parameter(constant((d,), dtype=dtype)) if bias else None
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        """Normalize x (..., d)."""
        return layer_norm(float_tensor(x, self.weight), self.weight, self.bias, eps=self.eps)


@ag.samples(layer_norm)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    weight, bias = rng.normal(size=4), rng.normal(size=4)
    for shape in [(3, 4), (2, 3, 4), (4,), (0, 4), (40_000, 4)]:  # the last in several blocks
        yield Sample((rng.normal(size=shape), weight, bias), note=str(shape))
    yield Sample((rng.normal(size=(2, 4)) + 100, weight, bias), note="far from zero")
    yield Sample((rng.normal(size=(2, 4)) * 1e-3, weight, bias), note="eps as large as var")


@ag.primitive
def rms_norm(x: Array, weight: Array, *, eps: float = 1e-6) -> Result:
    """Scale the last axis to root mean square 1, then by element (Zhang & Sennrich 2019).

    x: (..., d), weight: (d,). With n = x / s, s = sqrt(mean(x^2) + eps) and h = dy weight:
    dx = (h - n mean(h n)) / s.
    """
    _check_width(x, weight)
    x, d = as_floats(x), x.shape[-1]
    rows = as_rows(x)
    averaging = _averaging(d, x.dtype)
    mean_square = np.square(rows) @ averaging
    inverse = (1 / np.sqrt(mean_square + x.dtype.type(eps)))[:, np.newaxis]
    normed = rows * inverse
    y = normed * weight

    def backward(grad: Array) -> Gradients:
        grad = as_rows(grad)
        product = grad * normed
        by_x = grad * weight
        by_x -= normed * (product @ (averaging * weight))[:, np.newaxis]
        by_x *= inverse
        return by_x.reshape(x.shape), product.sum(axis=0)

    return y.reshape(x.shape), backward


@ag.composed_form(rms_norm)
def rms_norm_composed(x: Tensor, weight: Tensor, *, eps: float = 1e-6) -> Tensor:
    """Compute x / sqrt(mean(x^2) + eps) * weight in plain operations."""
    return x / ((x * x).mean(axis=-1, keepdims=True) + eps).sqrt() * weight


class RMSNorm(Module):
    """Root-mean-square normalization of the last axis, of length d. The weight starts at 1."""

    def __init__(self, d: int, *, eps: float = 1e-6, dtype: DTypeLike = np.float32) -> None:
        check_sizes("RMSNorm", d=d)
        self.weight = Parameter(constant((d,), 1.0, dtype=dtype))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        """Normalize x (..., d)."""
        return rms_norm(float_tensor(x, self.weight), self.weight, eps=self.eps)


@ag.samples(rms_norm)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    weight = rng.normal(size=4)
    for shape in [(3, 4), (2, 3, 4), (4,), (0, 4)]:
        yield Sample((rng.normal(size=shape), weight), note=str(shape))
    yield Sample((rng.normal(size=(2, 4)) * 1e-3, weight), note="eps as large as the mean square")


@ag.primitive
def group_norm(x: Array, weight: Array, bias: Array, *, groups: int, eps: float = 1e-5) -> Result:
    """Normalize each group of channels of each example, then scale and shift by channel.

    Group normalization (Wu & He 2018). x: (b, c, ...), weight and bias: (c,); groups divides c.
    groups = 1 normalizes all channels together, groups = c each channel (instance normalization).
    The gradient is that of layer normalization.
    """
    if x.ndim < 2 or x.shape[1] % groups or x.shape[1:2] != weight.shape:
        raise ShapeError(
            f"group norm of {weight.size} channels with {groups} groups needs (b, c, ...), c a "
            f"multiple, got {x.shape}"
        )
    x = as_floats(x)
    b, c, pixels = x.shape[0], x.shape[1], prod(x.shape[2:])
    rows = x.reshape(b, groups, c // groups * pixels)
    n = rows.shape[2]
    averaging = _averaging(n, x.dtype)
    normed, inverse = np.empty(rows.shape, x.dtype), np.empty((b, groups, 1), x.dtype)
    y = np.empty((b, c, pixels), x.dtype)
    for block in cache_blocks(b, groups * n):
        part = np.subtract(rows[block], (rows[block] @ averaging)[..., np.newaxis], normed[block])
        variance = np.square(part) @ averaging
        inverse[block] = (1 / np.sqrt(variance + x.dtype.type(eps)))[..., np.newaxis]
        part *= inverse[block]
        np.multiply(part.reshape(len(part), c, pixels), weight[:, np.newaxis], out=y[block])
        y[block] += bias[:, np.newaxis]

    def backward(grad: Array) -> Gradients:
        grads, by_channel = grad.reshape(b, c, pixels), normed.reshape(b, c, pixels)
        by_weight, by_bias = np.zeros(c, x.dtype), np.zeros(c, x.dtype)
        by_x, ones = np.empty(rows.shape, x.dtype), np.ones(pixels, x.dtype)
        for block in cache_blocks(b, groups * n):
            by_weight += ((grads[block] * by_channel[block]) @ ones).sum(axis=0)
            by_bias += (grads[block] @ ones).sum(axis=0)
            part = by_x[block]
            np.multiply(grads[block], weight[:, np.newaxis], out=part.reshape(len(part), c, pixels))
            slope = ((part * normed[block]) @ averaging)[..., np.newaxis]
            part -= (part @ averaging)[..., np.newaxis]
            part -= normed[block] * slope
            part *= inverse[block]
        return by_x.reshape(x.shape), by_weight, by_bias

    return y.reshape(x.shape), backward


@ag.composed_form(group_norm)
def group_norm_composed(
    x: Tensor, weight: Tensor, bias: Tensor, *, groups: int, eps: float = 1e-5
) -> Tensor:
    """Compute `group_norm` in plain operations."""
    b, c, *rest = x.shape
    rows = x.reshape(b, groups, c // groups * prod(rest))
    centered = rows - rows.mean(axis=-1, keepdims=True)
    normed = centered / (rows.var(axis=-1, keepdims=True) + eps).sqrt()
    ones = (1,) * len(rest)
    return normed.reshape(x.shape) * weight.reshape(c, *ones) + bias.reshape(c, *ones)


class GroupNorm(Module):
    """Group normalization of c channels. The weight starts at 1, the bias at 0."""

    def __init__(
        self, groups: int, c: int, *, eps: float = 1e-5, dtype: DTypeLike = np.float32
    ) -> None:
        check_sizes("GroupNorm", groups=groups, c=c)
        if c % groups:
            raise SettingsError(f"groups divides the channels, got groups={groups}, c={c}")
        self.groups = groups
        self.weight = Parameter(constant((c,), 1.0, dtype=dtype))
        self.bias = Parameter(constant((c,), dtype=dtype))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        """Normalize x (b, c, ...)."""
        x = float_tensor(x, self.weight)
        return group_norm(x, self.weight, self.bias, groups=self.groups, eps=self.eps)


@ag.samples(group_norm)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    weight, bias = rng.normal(size=4), rng.normal(size=4)
    for groups in (1, 2, 4):
        yield Sample((rng.normal(size=(2, 4, 3, 2)), weight, bias), {"groups": groups}, str(groups))
    yield Sample((rng.normal(size=(3, 4)), weight, bias), {"groups": 2}, "no pixels")
    yield Sample((rng.normal(size=(0, 4, 3)), weight, bias), {"groups": 2}, "empty batch")
