"""Layer and root-mean-square normalization."""

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
    weight: Array | None,
    bias: Array | None,
    *,
    eps: float = 1e-5,
    axes: int = 1,
    needs_grad: NeedsGrad = (True, True, True),
) -> Result:
    """Normalize the last axes to mean 0 and variance 1, then scale and shift by element.

    Layer normalization (Ba et al. 2016). x: (..., d), weight, bias: (d,) or None for 1 and 0.
    axes: how many of the last axes are normalized together; weight and bias have their shape.
    With n = (x - mean) / s, s = sqrt(var + eps) and h = dy weight:
    dx = (h - mean(h) - n mean(h n)) / s, with means over the last axes.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import layer_norm
        >>> x = np.array([[1, 2, 3, 4]], np.float32)
        >>> layer_norm(x, None, None).data.round(3)
        array([[-1.342, -0.447,  0.447,  1.342]], dtype=float32)
        >>> weight, bias = np.full(4, 10, np.float32), np.ones(4, np.float32)
        >>> layer_norm(x, weight, bias).data.round(2)
        array([[-12.42,  -3.47,   5.47,  14.42]], dtype=float32)
    """
    x, shape, normalized = as_floats(x), x.shape, _last_axes(x, axes, weight, bias)
    d = prod(normalized)
    rows = as_rows(x if axes == 1 else x.reshape(*shape[: x.ndim - axes], d))
    scale = np.ones(d, x.dtype) if weight is None else weight.reshape(d)
    averaging = mean_weights(d, x.dtype)
    normed = rows - (rows @ averaging)[:, np.newaxis]
    squares = normed * normed
    inverse = squares @ averaging  # the variance
    inverse += x.dtype.type(eps)
    np.reciprocal(np.sqrt(inverse, out=inverse), out=inverse)
    inverse = inverse[:, np.newaxis]
    normed *= inverse
    y = squares if any(needs_grad) else normed  # backward needs `normed`
    np.multiply(normed, scale, out=y)
    if bias is not None:
        y += bias.reshape(d)

    def backward(grad: Array) -> Gradients:
        grad = grad.reshape(rows.shape)
        by_x = np.empty(rows.shape, x.dtype)
        by_weight, by_bias = np.zeros(d, x.dtype), np.zeros(d, x.dtype)
        weighting = averaging * scale
        for block in cache_blocks(len(rows), d):
            out = by_x[block]
            product = grad[block] * normed[block]
            if weight is not None:
                by_weight += sum_rows(product)
            if bias is not None:
                by_bias += sum_rows(grad[block])
            # mean(h) and mean(h n), with the weight moved to the other factor
            mean_h, mean_hn = grad[block] @ weighting, product @ weighting
            np.multiply(normed[block], mean_hn[:, np.newaxis], out=product)
            product += mean_h[:, np.newaxis]
            np.multiply(grad[block], scale, out=out)
            out -= product
            out *= inverse[block]
        return (
            by_x.reshape(shape),
            None if weight is None else by_weight.reshape(normalized),
            None if bias is None else by_bias.reshape(normalized),
        )

    return y.reshape(shape), backward


@ag.composed_form(layer_norm)
def layer_norm_composed(
    x: Tensor, weight: Tensor | None, bias: Tensor | None, *, eps: float = 1e-5, axes: int = 1
) -> Tensor:
    """Compute (x - mean) / sqrt(var + eps) * weight + bias in plain operations."""
    last = tuple(range(-axes, 0))
    centered = x - x.mean(axis=last, keepdims=True)
    normed = centered / (x.var(axis=last, keepdims=True) + eps).sqrt()
    return _scaled_and_shifted(normed, weight, bias)


def _scaled_and_shifted(x: Tensor, weight: Tensor | None, bias: Tensor | None) -> Tensor:
    x = x if weight is None else x * weight
    return x if bias is None else x + bias


def _last_axes(x: Array, axes: int, *parameters: Array | None) -> tuple[int, ...]:
    """Return the shape of the last axes. Raises ShapeError unless all parameters have it."""
    shape = x.shape[x.ndim - axes :] if 1 <= axes <= x.ndim else None
    for parameter in parameters:
        if parameter is not None and parameter.shape != shape:
            width = parameter.size if parameter.ndim == 1 else parameter.shape
            raise ShapeError(f"a norm of vectors of width {width} got shape {x.shape}")
    if shape is None:
        raise ShapeError(f"a norm of the last {axes} axes got shape {x.shape}")
    return shape


@lru_cache(maxsize=64)
def mean_weights(d: int, dtype: np.dtype[Any]) -> Array:
    """Return (d,) values 1 / d: the product of a row with them is its mean, and fast."""
    shares = np.full(d, 1 / max(d, 1), dtype)
    shares.flags.writeable = False
    return shares


class LayerNorm(Module):
    """Layer normalization of the last axis, of length d, or of several last axes.

    d: a length, or a tuple of lengths, e.g. (c, h, w) for images. The weight starts at 1, the bias
    at 0, both of shape d; bias=False: without a bias, affine=False: without either.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import LayerNorm
        >>> norm = LayerNorm(4)
        >>> x = np.array([[1, 2, 3, 4], [10, 20, 30, 40]], np.float32)
        >>> norm(x).data.round(3)  # the scale of a row does not matter
        array([[-1.342, -0.447,  0.447,  1.342],
               [-1.342, -0.447,  0.447,  1.342]], dtype=float32)
        >>> norm.weight.data, norm.bias.data
        (array([1., 1., 1., 1.], dtype=float32), array([0., 0., 0., 0.], dtype=float32))
    """

    def __init__(
        self,
        d: int | tuple[int, ...],
        *,
        eps: float = 1e-5,
        affine: bool = True,
        bias: bool = True,
        dtype: DTypeLike = np.float32,
    ) -> None:
        self.shape = _lengths("LayerNorm", d)
        self.weight = Parameter(constant(self.shape, 1.0, dtype=dtype)) if affine else None
        self.bias = Parameter(constant(self.shape, dtype=dtype)) if affine and bias else None
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        """Normalize x (..., d)."""
        x, axes = _input_of("LayerNorm", x, self.shape, self.weight), len(self.shape)
        return layer_norm(x, self.weight, self.bias, eps=self.eps, axes=axes)


def _lengths(name: str, d: int | tuple[int, ...]) -> tuple[int, ...]:
    """Return the lengths of the normalized axes. Raises SettingsError."""
    shape = tuple(d) if isinstance(d, (tuple, list)) else (d,)
    if not shape:
        raise SettingsError(f"{name}: d is a length, or one or more lengths, got {d}")
    for length in shape:
        check_sizes(name, d=length)
    return shape


def _input_of(name: str, x: Tensor, shape: tuple[int, ...], weight: Tensor | None) -> Tensor:
    """Return x in the dtype of the weight. Raises ShapeError unless its last axes have `shape`."""
    x = float_tensor(x, weight)
    if x.shape[-len(shape) :] != shape:
        width = shape[0] if len(shape) == 1 else shape
        raise ShapeError(f"{name} of width {width} got shape {x.shape}")
    return x


@ag.samples(layer_norm)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    weight, bias = rng.normal(size=4), rng.normal(size=4)
    for shape in [(3, 4), (2, 3, 4), (4,), (0, 4), (40_000, 4)]:  # the last in several blocks
        yield Sample((rng.normal(size=shape), weight, bias), note=str(shape))
    yield Sample((rng.normal(size=(2, 4)) + 100, weight, bias), note="far from zero")
    yield Sample((rng.normal(size=(2, 4)) * 1e-3, weight, bias), note="eps as large as var")
    yield Sample((rng.normal(size=(2, 4)), None, None), note="without weight and bias")
    yield Sample((rng.normal(size=(2, 4)), weight, None), note="without bias")
    images = rng.normal(size=(2, 3, 2, 4)), rng.normal(size=(2, 4)), rng.normal(size=(2, 4))
    yield Sample(images, {"axes": 2}, note="two axes")
    yield Sample((images[0], None, None), {"axes": 3}, note="three axes without weight")


@ag.primitive
def rms_norm(x: Array, weight: Array | None, *, eps: float = 1e-6, axes: int = 1) -> Result:
    """Scale the last axes to root mean square 1, then by element (Zhang & Sennrich 2019).

    x: (..., d), weight: (d,) or None for 1. axes: how many of the last axes are scaled together;
    the weight has their shape. With n = x / s, s = sqrt(mean(x^2) + eps) and h = dy weight:
    dx = (h - n mean(h n)) / s.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import rms_norm
        >>> y = rms_norm(np.array([3.0, 4.0]), None).data
        >>> y.round(3)
        array([0.849, 1.131])
        >>> float(np.mean(y * y).round(3))
        1.0
    """
    x, shape, scaled = as_floats(x), x.shape, _last_axes(x, axes, weight)
    d = prod(scaled)
    rows = as_rows(x if axes == 1 else x.reshape(*shape[: x.ndim - axes], d))
    scale = np.ones(d, x.dtype) if weight is None else weight.reshape(d)
    averaging = mean_weights(d, x.dtype)
    mean_square = np.square(rows) @ averaging
    inverse = (1 / np.sqrt(mean_square + x.dtype.type(eps)))[:, np.newaxis]
    normed = rows * inverse
    y = normed * scale

    def backward(grad: Array) -> Gradients:
        grad = grad.reshape(rows.shape)
        product = grad * normed
        by_x = grad * scale
        by_x -= normed * (product @ (averaging * scale))[:, np.newaxis]
        by_x *= inverse
        by_weight = None if weight is None else product.sum(axis=0).reshape(scaled)
        return by_x.reshape(shape), by_weight

    return y.reshape(shape), backward


@ag.composed_form(rms_norm)
def rms_norm_composed(
    x: Tensor, weight: Tensor | None, *, eps: float = 1e-6, axes: int = 1
) -> Tensor:
    """Compute x / sqrt(mean(x^2) + eps) * weight in plain operations."""
    power = (x * x).mean(axis=tuple(range(-axes, 0)), keepdims=True)
    return _scaled_and_shifted(x / (power + eps).sqrt(), weight, None)


class RMSNorm(Module):
    """Root-mean-square normalization of the last axis, of length d, or of several last axes.

    d: a length, or a tuple of lengths. The weight, of shape d, starts at 1; affine=False: without.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import RMSNorm
        >>> norm = RMSNorm(2)
        >>> norm(np.array([[3, 4], [0, 5]], np.float32)).data.round(3)  # the mean is not subtracted
        array([[0.849, 1.131],
               [0.   , 1.414]], dtype=float32)
        >>> norm
        RMSNorm(2)  2 parameters
    """

    def __init__(
        self,
        d: int | tuple[int, ...],
        *,
        eps: float = 1e-6,
        affine: bool = True,
        dtype: DTypeLike = np.float32,
    ) -> None:
        self.shape = _lengths("RMSNorm", d)
        self.weight = Parameter(constant(self.shape, 1.0, dtype=dtype)) if affine else None
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        """Normalize x (..., d)."""
        x = _input_of("RMSNorm", x, self.shape, self.weight)
        return rms_norm(x, self.weight, eps=self.eps, axes=len(self.shape))


@ag.samples(rms_norm)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    weight = rng.normal(size=4)
    for shape in [(3, 4), (2, 3, 4), (4,), (0, 4)]:
        yield Sample((rng.normal(size=shape), weight), note=str(shape))
    yield Sample((rng.normal(size=(2, 4)) * 1e-3, weight), note="eps as large as the mean square")
    yield Sample((rng.normal(size=(2, 4)), None), note="without weight")
    yield Sample((rng.normal(size=(2, 3, 4)), rng.normal(size=(3, 4))), {"axes": 2}, "two axes")
