"""Convolution over sequences and images (LeCun et al. 1989)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from pmt_autograd import (
    Array,
    Gradients,
    NeedsGrad,
    Result,
    Sample,
    Tensor,
    composed_form,
    concat,
    primitive,
    samples,
)
from pmt_core import SettingsError, ShapeError
from pmt_nn.convolution.im2col import (
    convolve,
    convolve_gradients,
    convolve_input_gradient,
    convolve_kernel_gradient,
)
from pmt_nn.convolution.sliding_windows import Pair, SlidingWindows, pair
from pmt_nn.layers.channels_last import channel_sums
from pmt_nn.module.initializers import kaiming_uniform
from pmt_nn.module.module import Module
from pmt_nn.module.parameter import Parameter


@primitive
def conv2d(
    x: Array,
    kernel: Array,
    bias: Array,
    *,
    stride: int | Pair = 1,
    padding: int | Pair = 0,
    dilation: int | Pair = 1,
    groups: int = 1,
    needs_grad: NeedsGrad = (True, True, True),
) -> Result:
    """y[b,o,p,q] = bias[o] + sum_cij kernel[o,c,i,j] x[b,c, s p + d i - pad, s q + d j - pad].

    x: (b, c, h, w), kernel: (o, c/g, kh, kw), bias: (o,) -> (b, o, oh, ow); outside of the image
    are zeros. groups g: channels out of group i see the channels in of group i alone.
    Raises ShapeError, SettingsError.
    """
    windows = _windows(kernel.shape, stride, padding, dilation)
    _check(x, kernel, groups)
    y = convolve(x, kernel, windows, groups, bias)

    def backward(grad: Array) -> Gradients:
        by_bias = channel_sums(grad) if needs_grad[2] else None
        if needs_grad[0] and needs_grad[1]:
            return *convolve_gradients(x, grad, kernel, windows, groups), by_bias
        size = (x.shape[2], x.shape[3])
        return (
            convolve_input_gradient(grad, kernel, windows, groups, size) if needs_grad[0] else None,
            convolve_kernel_gradient(x, grad, windows, groups, kernel.shape)
            if needs_grad[1]
            else None,
            by_bias,
        )

    return y, backward


@composed_form(conv2d)
def conv2d_composed(
    x: Tensor,
    kernel: Tensor,
    bias: Tensor,
    *,
    stride: int | Pair = 1,
    padding: int | Pair = 0,
    dilation: int | Pair = 1,
    groups: int = 1,
) -> Tensor:
    """The same as `conv2d` in plain operations: one matrix product per point of the kernel."""
    windows = _windows(kernel.shape, stride, padding, dilation)
    b, o = x.shape[0], kernel.shape[0]
    count = windows.count((x.shape[2], x.shape[3]))
    padded = _with_border(x, windows.padding)
    y: Any = 0.0
    for i in range(windows.kernel[0]):
        for j in range(windows.kernel[1]):
            seen = padded[windows.tap_index(i, j, count)]
            weight = kernel[:, :, i, j].reshape(groups, o // groups, kernel.shape[1])
            y = y + weight @ seen.reshape(b, groups, kernel.shape[1], count[0] * count[1])
    return y.reshape(b, o, *count) + bias.reshape(o, 1, 1)  # type: ignore[no-any-return]


def conv1d(
    x: Tensor,
    kernel: Tensor,
    bias: Tensor,
    *,
    stride: int = 1,
    padding: int = 0,
    dilation: int = 1,
    groups: int = 1,
) -> Tensor:
    """Convolution over sequences: an image of height 1. x: (b, c, t), kernel: (o, c/g, k)."""
    if x.ndim != 3 or kernel.ndim != 3:
        raise ShapeError(
            f"conv1d wants x (b, c, t) and kernel (o, c/g, k), got {x.shape} and {kernel.shape}"
        )
    y = conv2d(
        x.reshape(x.shape[0], x.shape[1], 1, x.shape[2]),
        kernel.reshape(kernel.shape[0], kernel.shape[1], 1, kernel.shape[2]),
        bias,
        stride=(1, stride),
        padding=(0, padding),
        dilation=(1, dilation),
        groups=groups,
    )
    return y.reshape(y.shape[0], y.shape[1], y.shape[3])


class Conv2d(Module):
    """Convolution over images (b, c, h, w) with a learned kernel.

    c, o: channels in and out; kernel, stride, padding, dilation: one number, or (height, width);
    padding "same" keeps the image's size (stride 1, windows of odd span); groups: divides c and o,
    groups = c is the depthwise convolution. Weights start Kaiming-uniform for a rectifier, biases
    at zero.
    """

    def __init__(
        self,
        c: int,
        o: int,
        kernel: int | Pair,
        rng: np.random.Generator,
        *,
        stride: int | Pair = 1,
        padding: int | Pair | str = 0,
        dilation: int | Pair = 1,
        groups: int = 1,
        dtype: DTypeLike = np.float32,
    ) -> None:
        check_groups(c, o, groups)
        size = pair(kernel, "kernel", 1)
        self.stride = pair(stride, "stride", 1)
        self.dilation = pair(dilation, "dilation", 1)
        self.padding = _padding(padding, size, self.stride, self.dilation)
        self.groups = groups
        shape = (o, c // groups, *size)
        self.weight = Parameter(
            kaiming_uniform(rng, shape, c // groups * size[0] * size[1], dtype=dtype)
        )
        self.bias = Parameter(np.zeros(o, dtype))

    def forward(self, x: Tensor) -> Tensor:
        """x: (b, c, h, w) -> (b, o, oh, ow), oh = (h + 2 padding - span) // stride + 1."""
        return conv2d(
            x,
            self.weight,
            self.bias,
            stride=self.stride,
            padding=self.padding,
            dilation=self.dilation,
            groups=self.groups,
        )


class Conv1d(Module):
    """Convolution over sequences (b, c, t). Settings as for `Conv2d`, one number each."""

    def __init__(
        self,
        c: int,
        o: int,
        kernel: int,
        rng: np.random.Generator,
        *,
        stride: int = 1,
        padding: int | str = 0,
        dilation: int = 1,
        groups: int = 1,
        dtype: DTypeLike = np.float32,
    ) -> None:
        check_groups(c, o, groups)
        both = padding if isinstance(padding, str) else (0, padding)
        flat = _padding(both, (1, kernel), (1, stride), (1, dilation))
        self.stride, self.padding, self.dilation, self.groups = stride, flat[1], dilation, groups
        shape = (o, c // groups, kernel)
        self.weight = Parameter(kaiming_uniform(rng, shape, c // groups * kernel, dtype=dtype))
        self.bias = Parameter(np.zeros(o, dtype))

    def forward(self, x: Tensor) -> Tensor:
        """x: (b, c, t) -> (b, o, ot)."""
        return conv1d(
            x,
            self.weight,
            self.bias,
            stride=self.stride,
            padding=self.padding,
            dilation=self.dilation,
            groups=self.groups,
        )


def check_groups(c: int, o: int, groups: int) -> None:
    """Raise SettingsError where `groups` does not divide both channels."""
    if groups < 1 or c % groups or o % groups:
        raise SettingsError(
            f"groups divides the channels in and out, got groups={groups} for {c} in, {o} out"
        )


def _windows(
    kernel_shape: tuple[int, ...],
    stride: int | Pair,
    padding: int | Pair,
    dilation: int | Pair,
) -> SlidingWindows:
    return SlidingWindows(
        (kernel_shape[-2], kernel_shape[-1]),
        pair(stride, "stride", 1),
        pair(padding, "padding", 0),
        pair(dilation, "dilation", 1),
    )


def _padding(padding: int | Pair | str, kernel: Pair, stride: Pair, dilation: Pair) -> Pair:
    if not isinstance(padding, str):
        return pair(padding, "padding", 0)
    span = SlidingWindows(kernel, dilation=dilation).span
    if padding != "same" or stride != (1, 1) or not (span[0] % 2 and span[1] % 2):
        raise SettingsError(
            f'padding is a number, two, or "same" (stride 1, odd span), got {padding!r} with '
            f"stride {stride} and span {span}"
        )
    return span[0] // 2, span[1] // 2


def _check(x: Array, kernel: Array, groups: int) -> None:
    if x.ndim != 4 or kernel.ndim != 4:
        raise ShapeError(
            f"a convolution wants x (b, c, h, w) and kernel (o, c/g, kh, kw), got {x.shape} and "
            f"{kernel.shape}"
        )
    check_groups(x.shape[1], kernel.shape[0], groups)
    if x.shape[1] != kernel.shape[1] * groups:
        raise ShapeError(
            f"a kernel {kernel.shape} with {groups} groups wants {kernel.shape[1] * groups} "
            f"channels, got x of shape {x.shape}"
        )


def _with_border(x: Tensor, padding: Pair) -> Tensor:
    b, c, h, w = x.shape
    top = np.zeros((b, c, padding[0], w), x.dtype)
    x = concat(top, x, top, axis=2)
    side = np.zeros((b, c, h + 2 * padding[0], padding[1]), x.dtype)
    return concat(side, x, side, axis=3)


CASES: list[tuple[tuple[int, ...], tuple[int, ...], dict[str, Any], str]] = [
    ((2, 3, 5, 6), (4, 3, 3, 2), {}, "plain"),
    ((2, 3, 5, 5), (2, 3, 3, 3), {"padding": 1}, "fewer channels out"),
    ((2, 3, 7, 6), (4, 3, 3, 3), {"stride": 2, "padding": (1, 0)}, "stride"),
    ((2, 2, 8, 7), (3, 2, 3, 2), {"dilation": (2, 3), "padding": 2}, "dilation"),
    ((2, 4, 5, 5), (6, 2, 3, 3), {"groups": 2, "padding": 1}, "groups"),
    ((2, 4, 5, 5), (4, 1, 2, 2), {"groups": 4, "stride": (2, 1)}, "depthwise"),
    ((2, 4, 3, 3), (5, 4, 1, 1), {}, "pointwise"),
    ((2, 4, 3, 3), (2, 2, 1, 1), {"groups": 2}, "pointwise in groups"),
    ((1, 1, 4, 5), (1, 1, 2, 2), {"stride": 3, "padding": 2}, "stride beyond the kernel"),
    ((1, 2, 3, 3), (2, 2, 2, 2), {"padding": 3}, "padding beyond the kernel"),
    ((0, 2, 4, 4), (3, 2, 3, 3), {}, "empty batch"),
]


@samples(conv2d)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    for x, kernel, settings, note in CASES:
        arrays = rng.normal(size=x), rng.normal(size=kernel), rng.normal(size=kernel[0])
        yield Sample(arrays, settings, note)
