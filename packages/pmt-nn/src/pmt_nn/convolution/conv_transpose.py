"""The transposed convolution, which enlarges (Zeiler et al. 2010; Dumoulin & Visin 2016)."""

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
    flip,
    pad,
    primitive,
    samples,
)
from pmt_core import SettingsError, ShapeError
from pmt_nn.convolution.conv import check_groups, conv2d
from pmt_nn.convolution.im2col import convolve, convolve_input_gradient, convolve_kernel_gradient
from pmt_nn.convolution.sliding_windows import Pair, SlidingWindows, pair
from pmt_nn.layers.channels_last import channel_sums
from pmt_nn.module.initializers import kaiming_uniform
from pmt_nn.module.module import Module
from pmt_nn.module.parameter import Parameter


@primitive
def conv_transpose2d(
    x: Array,
    kernel: Array,
    bias: Array,
    *,
    stride: int | Pair = 1,
    padding: int | Pair = 0,
    extra: int | Pair = 0,
    dilation: int | Pair = 1,
    groups: int = 1,
    needs_grad: NeedsGrad = (True, True, True),
) -> Result:
    """What the gradient of a convolution does to its input, as a layer: each pixel of x spreads
    kernel times its value over y.

    x: (b, c, h, w), kernel: (c, o/g, kh, kw), bias: (o,) -> (b, o, oh, ow) with
    oh = (h - 1) stride - 2 padding + span + extra. extra: rows and columns added at the end, to
    choose among the sizes that a convolution with this stride makes one (less than the stride).
    Raises ShapeError, SettingsError.
    """
    windows = SlidingWindows(
        (kernel.shape[-2], kernel.shape[-1]),
        pair(stride, "stride", 1),
        pair(padding, "padding", 0),
        pair(dilation, "dilation", 1),
    )
    size = _enlarged(x, kernel, windows, pair(extra, "extra", 0), groups)
    y = convolve_input_gradient(x, kernel, windows, groups, size)
    y += bias.reshape(-1, 1, 1)

    def backward(grad: Array) -> Gradients:
        return (
            convolve(grad, kernel, windows, groups) if needs_grad[0] else None,
            convolve_kernel_gradient(grad, x, windows, groups, kernel.shape)
            if needs_grad[1]
            else None,
            channel_sums(grad) if needs_grad[2] else None,
        )

    return y, backward


@composed_form(conv_transpose2d)
def conv_transpose2d_composed(
    x: Tensor,
    kernel: Tensor,
    bias: Tensor,
    *,
    stride: int | Pair = 1,
    padding: int | Pair = 0,
    extra: int | Pair = 0,
    dilation: int | Pair = 1,
    groups: int = 1,
) -> Tensor:
    """The same as `conv_transpose2d` in plain operations: zeros between the pixels, then a
    convolution with the mirrored kernel (Dumoulin & Visin 2016, section 4.5).
    """
    (sh, sw), (eh, ew) = pair(stride, "stride", 1), pair(extra, "extra", 0)
    windows = SlidingWindows(
        (kernel.shape[-2], kernel.shape[-1]), (1, 1), (0, 0), pair(dilation, "dilation", 1)
    )
    b, c, h, w = x.shape
    between = ((0, 0), (0, 0), (0, 0), (0, sh - 1), (0, 0), (0, sw - 1))
    wide = pad(x.reshape(b, c, h, 1, w, 1), widths=between).reshape(b, c, h * sh, w * sw)
    wide = wide[:, :, : (h - 1) * sh + 1, : (w - 1) * sw + 1]
    border = (windows.span[0] - 1, windows.span[1] - 1)
    wide = pad(
        wide, widths=((0, 0), (0, 0), (border[0], border[0] + eh), (border[1], border[1] + ew))
    )
    per_group = kernel.shape[1]
    mirrored = flip(kernel, axis=(2, 3)).reshape(groups, c // groups, per_group, *windows.kernel)
    turned = mirrored.swapaxes(1, 2).reshape(groups * per_group, c // groups, *windows.kernel)
    y = conv2d.composed(wide, turned, bias, dilation=windows.dilation, groups=groups)
    ph, pw = pair(padding, "padding", 0)
    return y[:, :, ph : y.shape[2] - ph, pw : y.shape[3] - pw]


class ConvTranspose2d(Module):
    """Transposed convolution of images (b, c, h, w) with a learned kernel.

    c, o: channels in and out; extra: see `conv_transpose2d`; the rest as for `Conv2d`.
    """

    def __init__(
        self,
        c: int,
        o: int,
        kernel: int | Pair,
        rng: np.random.Generator,
        *,
        stride: int | Pair = 1,
        padding: int | Pair = 0,
        extra: int | Pair = 0,
        dilation: int | Pair = 1,
        groups: int = 1,
        dtype: DTypeLike = np.float32,
    ) -> None:
        check_groups(c, o, groups)
        size = pair(kernel, "kernel", 1)
        self.stride = pair(stride, "stride", 1)
        self.padding = pair(padding, "padding", 0)
        self.extra = pair(extra, "extra", 0)
        self.dilation = pair(dilation, "dilation", 1)
        self.groups = groups
        # Each pixel of y is reached from about taps / stride^2 pixels of x.
        reached = max(1, size[0] * size[1] // (self.stride[0] * self.stride[1]))
        shape = (c, o // groups, *size)
        self.weight = Parameter(kaiming_uniform(rng, shape, c // groups * reached, dtype=dtype))
        self.bias = Parameter(np.zeros(o, dtype))

    def forward(self, x: Tensor) -> Tensor:
        """x: (b, c, h, w) -> (b, o, oh, ow)."""
        return conv_transpose2d(
            x,
            self.weight,
            self.bias,
            stride=self.stride,
            padding=self.padding,
            extra=self.extra,
            dilation=self.dilation,
            groups=self.groups,
        )


def _enlarged(x: Array, kernel: Array, windows: SlidingWindows, extra: Pair, groups: int) -> Pair:
    """Size (oh, ow) of the output."""
    if x.ndim != 4 or kernel.ndim != 4 or x.shape[1] != kernel.shape[0]:
        raise ShapeError(
            f"a transposed convolution wants x (b, c, h, w) and kernel (c, o/g, kh, kw), got "
            f"{x.shape} and {kernel.shape}"
        )
    check_groups(x.shape[1], kernel.shape[1] * groups, groups)
    sizes = []
    for axis in (0, 1):
        if extra[axis] >= windows.stride[axis]:
            raise SettingsError(
                f"extra is less than the stride {windows.stride}, got {extra}: a convolution with "
                "that stride makes one size of no more sizes than that"
            )
        n = (x.shape[2 + axis] - 1) * windows.stride[axis] - 2 * windows.padding[axis]
        n += windows.span[axis] + extra[axis]
        if n < 1:
            raise ShapeError(
                f"padding {windows.padding} leaves nothing of an image of {x.shape[2:]}"
            )
        sizes.append(n)
    return sizes[0], sizes[1]


@samples(conv_transpose2d)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    cases: list[tuple[tuple[int, ...], tuple[int, ...], dict[str, Any], str]] = [
        ((2, 3, 4, 3), (3, 2, 3, 2), {}, "plain"),
        ((2, 2, 4, 3), (2, 3, 3, 3), {"padding": 1}, "more channels out"),
        ((2, 3, 3, 4), (3, 4, 3, 3), {"stride": 2, "padding": 1, "extra": 1}, "stride"),
        ((1, 2, 3, 4), (2, 2, 2, 3), {"dilation": 2, "stride": (1, 3)}, "dilation"),
        ((2, 4, 3, 3), (4, 3, 3, 3), {"groups": 2, "padding": 1}, "groups"),
        ((2, 4, 3, 3), (4, 2, 1, 1), {}, "pointwise"),
        ((0, 2, 3, 3), (2, 2, 3, 3), {}, "empty batch"),
    ]
    for x, kernel, settings, note in cases:
        o = kernel[1] * settings.get("groups", 1)
        arrays = rng.normal(size=x), rng.normal(size=kernel), rng.normal(size=o)
        yield Sample(arrays, settings, note)
