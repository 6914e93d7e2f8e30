"""Batch normalization (Ioffe & Szegedy 2015)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import prod

import numpy as np
from numpy.typing import DTypeLike

import pmt_autograd as ag
from pmt_autograd import Array, Gradients, Result, Sample, Tensor
from pmt_core import ShapeError, as_floats, check_sizes
from pmt_nn.layers.memory_layout import (
    cache_blocks,
    channel_image,
    channel_rows,
    is_channels_last,
    is_pixels_first,
    per_row,
    pixels_as_images,
)
from pmt_nn.layers.running_statistics import BatchStatistics, report_statistics
from pmt_nn.module.initializers import constant
from pmt_nn.module.inputs import float_tensor
from pmt_nn.module.module import Module
from pmt_nn.module.parameter import Buffer, Parameter


@ag.primitive
def batch_norm(
    x: Array,
    weight: Array | None,
    bias: Array | None,
    *,
    eps: float = 1e-5,
    moments: tuple[Array, Array] | None = None,
) -> Result:
    """Normalize each channel over the batch and all pixels, then scale and shift by channel.

    x: (b, c, ...), weight, bias: (c,) or None for 1 and 0. moments: mean and variance (c,) of x if
    already computed. With N numbers per channel, n = (x - mean) / s, s = sqrt(var + eps) and
    h = dy weight: dx = (h - sum(h) / N - n sum(h n) / N) / s.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import batch_norm
        >>> x = np.array([[1.0, 10.0], [3.0, 30.0]])  # two examples, two channels
        >>> batch_norm(x, None, None).data.round(3)
        array([[-1., -1.],
               [ 1.,  1.]])
        >>> weight, bias = np.array([2.0, 1.0]), np.array([0.0, 5.0])
        >>> batch_norm(x, weight, bias).data.round(3)
        array([[-2.,  4.],
               [ 2.,  6.]])
    """
    x = as_floats(x)
    mean, variance = channel_moments(x) if moments is None else moments
    inverse = 1 / np.sqrt(variance + x.dtype.type(eps))
    rows, spread, sums = _by_channel(x)
    normed, y = np.empty(rows.shape, x.dtype), np.empty(rows.shape, x.dtype)
    by_channel = np.ones_like(mean) if weight is None else weight
    center, scale, factor = map(spread, (mean, inverse, by_channel))
    shift = None if bias is None else spread(bias)
    for block in _blocks(rows):
        part = np.subtract(rows[block], center, out=normed[block])
        part *= scale
        np.multiply(part, factor, out=y[block])
        if shift is not None:
            y[block] += shift
    count = max(x.size // x.shape[1], 1)

    def backward(grad: Array) -> Gradients:
        grads = channel_rows(grad, x)
        by_bias, by_weight = np.zeros(mean.shape, x.dtype), np.zeros(mean.shape, x.dtype)
        for block in _blocks(rows):
            by_bias += sums(grads[block])
            by_weight += sums(grads[block] * normed[block])
        by_x = np.empty(rows.shape, x.dtype)
        slope, level, scale = map(
            spread, (by_weight / count, by_bias / count, by_channel * inverse)
        )
        for block in _blocks(rows):
            part = np.multiply(normed[block], slope, out=by_x[block])
            np.subtract(grads[block], part, out=part)
            part -= level
            part *= scale
        by_parameters = None if weight is None else by_weight, None if bias is None else by_bias
        return channel_image(by_x, x), *by_parameters

    return channel_image(y, x), backward


@ag.composed_form(batch_norm)
def batch_norm_composed(
    x: Tensor, weight: Tensor | None, bias: Tensor | None, *, eps: float = 1e-5
) -> Tensor:
    """Compute `batch_norm` in plain operations."""
    axes = (0, *range(2, x.ndim))
    shape = (x.shape[1],) + (1,) * (x.ndim - 2)
    centered = x - x.mean(axis=axes, keepdims=True)
    normed = centered / (x.var(axis=axes, keepdims=True) + eps).sqrt()
    scaled = normed if weight is None else normed * weight.reshape(*shape)
    return scaled if bias is None else scaled + bias.reshape(*shape)


def channel_moments(x: Array) -> tuple[Array, Array]:
    """Return mean and (biased) variance of each channel of x (b, c, ...), (c,) each."""
    rows, spread, sums = _by_channel(x)
    count = x.dtype.type(max(x.size // max(x.shape[1], 1), 1))
    mean, variance = np.zeros(x.shape[1], x.dtype), np.zeros(x.shape[1], x.dtype)
    for block in _blocks(rows):
        mean += sums(rows[block])
    mean /= count
    center = spread(mean)
    for block in _blocks(rows):
        variance += sums(np.square(rows[block] - center))
    return mean, variance / count


Spread = Callable[[Array], Array]


def _by_channel(x: Array) -> tuple[Array, Spread, Spread]:
    """Return x as rows, a function that repeats (c,) for a row, and one that sums rows to (c,).

    Rows are (b h, w c) if x is channels-last, (h w, b c) if pixels-first, else (b, c, pixels).
    """
    if is_pixels_first(x):
        return _by_channel(pixels_as_images(x))
    if x.ndim == 2 or is_channels_last(x):
        c, w = x.shape[1], x.shape[3] if x.ndim == 4 else 1
        return (
            channel_rows(x, x),
            lambda by_channel: per_row(by_channel, w),
            lambda rows: rows.sum(axis=0).reshape(w, c).sum(axis=0),
        )
    ones = np.ones(prod(x.shape[2:]), x.dtype)  # a product with ones is the faster sum
    return (
        channel_rows(x, x),
        lambda by_channel: by_channel[:, np.newaxis],
        lambda rows: (rows @ ones).sum(axis=0),
    )


def _blocks(rows: Array) -> Iterator[slice]:
    """Return slices of the rows that fit in the cache."""
    return cache_blocks(len(rows), prod(rows.shape[1:]))


class BatchNorm(Module):
    """Base class of `BatchNorm1d`, `2d` and `3d`. For the arguments see `BatchNorm1d`."""

    axes: tuple[int, ...] = ()

    def __init__(
        self,
        c: int,
        *,
        momentum: float = 0.1,
        eps: float = 1e-5,
        affine: bool = True,
        bias: bool = True,
        dtype: DTypeLike = np.float32,
    ) -> None:
        check_sizes(type(self).__name__, c=c)
        self.weight = Parameter(constant((c,), 1.0, dtype=dtype)) if affine else None
        self.bias = Parameter(constant((c,), dtype=dtype)) if affine and bias else None
        self.running_mean = Buffer(constant((c,), dtype=dtype))
        self.running_variance = Buffer(constant((c,), 1.0, dtype=dtype))
        self.momentum, self.eps = momentum, eps

    def forward(self, x: Tensor) -> Tensor:
        """Normalize x (b, c, ...). Raises ShapeError."""
        x = float_tensor(x, self.running_mean)
        self._check(x)
        if not self.training:
            return self._by_running_statistics(x)
        moments = channel_moments(x.data)
        count = x.size // x.shape[1]
        buffers = self.running_mean, self.running_variance
        report_statistics(BatchStatistics(*moments, count, *buffers, self.momentum))
        return batch_norm(x, self.weight, self.bias, eps=self.eps, moments=moments)

    def _by_running_statistics(self, x: Tensor) -> Tensor:
        shape = (-1,) + (1,) * (x.ndim - 2)
        deviation = np.sqrt(self.running_variance.data + self.running_variance.dtype.type(self.eps))
        scale = (1.0 if self.weight is None else self.weight) / Tensor(deviation)
        shift = (0.0 if self.bias is None else self.bias) - scale * self.running_mean.data
        y: Tensor = x * scale.reshape(*shape) + shift.reshape(*shape)
        return y

    def _check(self, x: Tensor) -> None:
        if x.ndim not in self.axes or x.shape[1] != self.running_mean.size:
            raise ShapeError(
                f"{type(self).__name__} of {self.running_mean.size} channels needs x with "
                f"{' or '.join(map(str, self.axes))} axes, (b, c, ...), got shape {x.shape}"
            )
        if self.training and x.size <= x.shape[1]:
            raise ShapeError(
                f"in training batch norm needs more than one number per channel, got {x.shape}; "
                "give a larger batch, or switch to eval()"
            )


class BatchNorm1d(BatchNorm):
    """Batch normalization of vectors (b, c) or sequences (b, c, t) (Ioffe & Szegedy 2015).

    In training each channel is normalized by its mean and variance over the batch, or over each of
    its shards (unlike with all other layers, their number matters slightly), in evaluation by the
    running ones, which every training pass moves towards those of its batch (see
    `collecting_statistics` for several threads). The weight starts at 1, the bias at 0.

    Args:
        c: number of channels.
        momentum: weight of a batch in the running statistics.
        eps: constant added to the variance.
        affine: whether there are a weight and a bias (c,).
        bias: whether there is a bias, if affine.
        dtype: of parameters and buffers.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import BatchNorm1d
        >>> norm = BatchNorm1d(2)
        >>> x = np.array([[1, 10], [3, 30]], np.float32)
        >>> norm(x).data.round(3)  # in training: by the batch
        array([[-1., -1.],
               [ 1.,  1.]], dtype=float32)
        >>> norm.running_mean.data  # moved by a tenth of the way
        array([0.2, 2. ], dtype=float32)
        >>> norm.eval()(x).data.round(3)  # in evaluation: by the running statistics
        array([[0.763, 1.75 ],
               [2.67 , 6.125]], dtype=float32)
    """

    axes = (2, 3)


class BatchNorm2d(BatchNorm):
    """Batch normalization of images (b, c, h, w); for the arguments see `BatchNorm1d`.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import BatchNorm2d
        >>> norm = BatchNorm2d(3)
        >>> x = np.random.default_rng(0).normal(5, 2, (8, 3, 4, 4)).astype(np.float32)
        >>> y = norm(x).data
        >>> bool(np.abs(y.mean(axis=(0, 2, 3))).max() < 1e-5)
        True
        >>> bool(np.abs(y.std(axis=(0, 2, 3)) - 1).max() < 1e-3)
        True
    """

    axes = (4,)


class BatchNorm3d(BatchNorm):
    """Batch normalization of volumes (b, c, d, h, w); for the arguments see `BatchNorm1d`.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import BatchNorm3d
        >>> BatchNorm3d(2)(np.ones((4, 2, 3, 5, 5), np.float32)).shape
        (4, 2, 3, 5, 5)
    """

    axes = (5,)


@ag.samples(batch_norm)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    weight, bias = rng.normal(size=3), rng.normal(size=3)
    yield Sample((rng.normal(size=(5, 3)), weight, bias), note="vectors")
    yield Sample((rng.normal(size=(2, 3, 4)), weight, bias), note="sequences")
    yield Sample((rng.normal(size=(2, 3, 2, 2)) + 5, weight, bias), note="images")
    last = rng.normal(size=(2, 2, 3, 3)).transpose(0, 3, 1, 2)
    yield Sample((last, weight, bias), note="images, channels last in memory")
    yield Sample((rng.normal(size=(3, 3)) * 1e-3, weight, bias), note="eps as large as var")
    images = rng.normal(size=(2, 3, 2, 2))
    yield Sample((images, None, None), note="without weight and bias")
    yield Sample((images, weight, None), note="without bias")
    yield Sample((rng.normal(size=(2, 3, 2, 2, 2)), weight, bias), note="volumes")
