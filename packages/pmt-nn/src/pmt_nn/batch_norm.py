"""Batch normalisation (Ioffe & Szegedy 2015)."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

import numpy as np
from numpy.typing import DTypeLike

from pmt_autograd import Array, Gradients, Result, Sample, Tensor, primitive, samples, sqrt
from pmt_core import ShapeError
from pmt_nn.batch_statistics import BatchStatistics, tell_statistics
from pmt_nn.buffer import Buffer
from pmt_nn.module import Module
from pmt_nn.parameter import Parameter


def batch_norm_composed(x: Tensor, gain: Tensor, bias: Tensor, *, eps: float = 1e-5) -> Tensor:
    """The same as `batch_norm` in plain operations."""
    axes = (0, *range(2, x.ndim))
    shape = (x.shape[1],) + (1,) * (x.ndim - 2)
    centred = x - x.mean(axis=axes, keepdims=True)
    normed = centred / sqrt(x.var(axis=axes, keepdims=True) + eps)
    return normed * gain.reshape(*shape) + bias.reshape(*shape)


@primitive
def batch_norm(
    x: Array,
    gain: Array,
    bias: Array,
    *,
    eps: float = 1e-5,
    moments: tuple[Array, Array] | None = None,
) -> Result:
    """Normalise each channel over the batch and all pixels, then scale and shift by channel.

    x: (b, c, ...), gain and bias: (c,). moments: mean and variance (c,) of x, where they are known
    already. With N numbers per channel, n = (x - mean) / s, s = sqrt(var + eps) and h = dy gain:
    dx = (h - sum(h) / N - n sum(h n) / N) / s.
    """
    b, c = x.shape[:2]
    pixels = x.reshape(b, c, prod(x.shape[2:]))
    mean, variance = channel_moments(x) if moments is None else moments
    inverse = 1 / np.sqrt(variance + x.dtype.type(eps))
    normed = pixels - mean[:, np.newaxis]
    normed *= inverse[:, np.newaxis]
    y = normed * gain[:, np.newaxis]
    y += bias[:, np.newaxis]
    count = max(b * pixels.shape[2], 1)

    def backward(grad: Array) -> Gradients:
        grad = grad.reshape(pixels.shape)
        by_bias = grad.sum(axis=2).sum(axis=0)
        by_gain = (grad * normed).sum(axis=2).sum(axis=0)
        by_x = normed * (by_gain * (-1 / count))[:, np.newaxis]
        by_x += grad
        by_x -= (by_bias * (1 / count))[:, np.newaxis]
        by_x *= (gain * inverse)[:, np.newaxis]
        return by_x.reshape(x.shape), by_gain, by_bias

    return y.reshape(x.shape), backward


def channel_moments(x: Array) -> tuple[Array, Array]:
    """Mean and variance (divided by the count) of each channel of x (b, c, ...): (c,) each."""
    b, c = x.shape[:2]
    pixels = x.reshape(b, c, prod(x.shape[2:]))
    count = max(b * pixels.shape[2], 1)
    mean = pixels.sum(axis=2).sum(axis=0) / x.dtype.type(count)
    variance = np.square(pixels - mean[:, np.newaxis]).sum(axis=2).sum(axis=0)
    return mean, variance / x.dtype.type(count)


class _BatchNorm(Module):
    """Normalises each of c channels by its mean and variance over the batch.

    In evaluation by the running mean and variance instead, which every pass in training moves by
    `momentum` towards those of its batch (see `batch_statistics` for several threads). Shards of
    a batch are each normalised by their own statistics, so unlike with all other layers a batch
    in two shards is not quite the batch in one.
    """

    axes: tuple[int, ...] = ()

    def __init__(
        self,
        c: int,
        *,
        momentum: float = 0.1,
        eps: float = 1e-5,
        dtype: DTypeLike = np.float32,
    ) -> None:
        self.gain = Parameter(np.ones(c, dtype))
        self.bias = Parameter(np.zeros(c, dtype))
        self.running_mean = Buffer(np.zeros(c, dtype))
        self.running_variance = Buffer(np.ones(c, dtype))
        self.momentum = momentum
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        """x: (b, c, ...), the same shape comes back. Raises ShapeError."""
        self._check(x)
        if not self.training:
            return self._by_running_statistics(x)
        mean, variance = moments = channel_moments(x.data)
        count = x.size // x.shape[1]
        tell_statistics(
            BatchStatistics(
                mean, variance, count, self.running_mean, self.running_variance, self.momentum
            )
        )
        y: Tensor = batch_norm(x, self.gain, self.bias, eps=self.eps, moments=moments)
        return y

    def _by_running_statistics(self, x: Tensor) -> Tensor:
        shape = (-1,) + (1,) * (x.ndim - 2)
        deviation = np.sqrt(self.running_variance.data + self.running_variance.dtype.type(self.eps))
        scale = self.gain / deviation
        shift = self.bias - scale * self.running_mean.data
        y: Tensor = x * scale.reshape(*shape) + shift.reshape(*shape)
        return y

    def _check(self, x: Tensor) -> None:
        if x.ndim not in self.axes or x.shape[1] != self.gain.size:
            raise ShapeError(
                f"{type(self).__name__} of {self.gain.size} channels wants x with "
                f"{' or '.join(map(str, self.axes))} axes, (b, c, ...), got shape {x.shape}"
            )
        if self.training and x.size <= x.shape[1]:
            raise ShapeError(
                f"in training batch norm wants more than one number per channel, got {x.shape}; "
                "give a larger batch, or switch to eval()"
            )


class BatchNorm1d(_BatchNorm):
    """Batch normalisation of vectors (b, c) or sequences (b, c, t); see `_BatchNorm` above."""

    axes = (2, 3)


class BatchNorm2d(_BatchNorm):
    """Batch normalisation of images (b, c, h, w); see `_BatchNorm` above."""

    axes = (4,)


@samples(batch_norm)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    gain, bias = rng.normal(size=3), rng.normal(size=3)
    yield Sample((rng.normal(size=(5, 3)), gain, bias), note="vectors")
    yield Sample((rng.normal(size=(2, 3, 4)), gain, bias), note="sequences")
    yield Sample((rng.normal(size=(2, 3, 2, 2)) + 5, gain, bias), note="images")
    yield Sample((rng.normal(size=(3, 3)) * 1e-3, gain, bias), note="eps as large as var")
