"""Convolution of sequences and images: `conv1d`, `conv2d` and their layers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import numpy as np
from numpy.typing import DTypeLike

import pmt_autograd as ag
from pmt_autograd import Array, Gradients, NeedsGrad, Result, Sample, Tensor, pad
from pmt_core import SettingsError, ShapeError, as_floats, check_sizes
from pmt_nn.convolution.im2col import convolve, convolve_gradients
from pmt_nn.convolution.padding import check_padding_mode, pad_border
from pmt_nn.convolution.patches import Pair, PatchGrid, as_image, as_sequence, pair
from pmt_nn.layers.memory_layout import channel_sums
from pmt_nn.module.initializers import constant, kaiming_uniform
from pmt_nn.module.inputs import float_tensor
from pmt_nn.module.module import Module
from pmt_nn.module.parameter import Parameter


@ag.primitive
def conv2d(
    x: Array,
    kernel: Array,
    bias: Array | None,
    *,
    stride: int | Pair = 1,
    padding: int | Pair = 0,
    dilation: int | Pair = 1,
    groups: int = 1,
    needs_grad: NeedsGrad = (True, True, True),
) -> Result:
    """Convolve images with a kernel (LeCun et al. 1989).

    y[b,o,p,q] = bias[o] + sum_cij kernel[o,c,i,j] x[b,c, s p + d i - pad, s q + d j - pad], x = 0
    outside the image. x: (b, c, h, w), kernel: (o, c/g, kh, kw), bias: (o,) or None for 0 ->
    (b, o, oh, ow), oh = (h + 2 padding - span) // stride + 1 and span = dilation (kh - 1) + 1.
    Raises ShapeError or SettingsError if the arguments do not fit.

    stride (s), padding (width of the border of zeros) and dilation (d, step between the points of
    the kernel) are one number or (height, width). groups: g; the output channels of a group see the
    input channels of that group only.
    """
    grid = PatchGrid.of(kernel.shape, stride=stride, padding=padding, dilation=dilation)
    _check(x, kernel, groups)
    x = as_floats(x)
    y = convolve(x, kernel, grid, groups, bias)

    def backward(grad: Array) -> Gradients:
        by_bias = channel_sums(grad) if needs_grad[2] else None
        return *convolve_gradients(x, grad, kernel, grid, groups, needs_grad), by_bias

    return y, backward


@ag.counts_flops(conv2d)
def _(value: Array, x: Array, kernel: Array, bias: Array | None, **settings: Any) -> int:
    return value.size * (2 * kernel.size // len(kernel) + (bias is not None))


@ag.composed_form(conv2d)
def conv2d_composed(
    x: Tensor, kernel: Tensor, bias: Tensor | None, *, groups: int = 1, **settings: Any
) -> Tensor:
    """Compute `conv2d` in plain operations: one matrix product per point of the kernel."""
    grid = PatchGrid.of(kernel.shape, **settings)
    b, o = x.shape[0], kernel.shape[0]
    count = grid.count((x.shape[2], x.shape[3]))
    (ph, pw), width = grid.padding, kernel.shape[1]
    padded = pad(x, widths=((0, 0), (0, 0), (ph, ph), (pw, pw)))
    y: Any = 0.0
    for i, j in grid.points():
        pixels = padded[grid.tap_index(i, j, count)].reshape(b, groups, width, count[0] * count[1])
        y = y + kernel[:, :, i, j].reshape(groups, o // groups, width) @ pixels
    y = y.reshape(b, o, *count)
    return y if bias is None else y + bias.reshape(o, 1, 1)  # type: ignore[no-any-return]


def conv1d(
    x: Tensor,
    kernel: Tensor,
    bias: Tensor | None,
    *,
    stride: int = 1,
    padding: int = 0,
    dilation: int = 1,
    groups: int = 1,
) -> Tensor:
    """Convolve sequences x (b, c, t) with a kernel (o, c/g, k); see `conv2d`."""
    if x.ndim != 3 or kernel.ndim != 3:
        raise ShapeError(
            f"conv1d needs x (b, c, t) and kernel (o, c/g, k), got {x.shape} and {kernel.shape}"
        )
    steps: dict[str, Pair] = {"stride": (1, stride), "dilation": (1, dilation)}
    image, flat_kernel = as_image(x), as_image(kernel)
    y = conv2d(image, flat_kernel, bias, padding=(0, padding), groups=groups, **steps)
    return as_sequence(y)


class Convolution(Module):
    """Base class: a kernel, initially Kaiming-uniform as before a ReLU, a bias, and settings."""

    operation: ClassVar[Callable[..., Tensor]]

    def __init__(
        self,
        shape: tuple[int, ...],
        o: int,
        n_in: int,
        rng: np.random.Generator,
        *,
        bias: bool,
        padding_mode: str = "zeros",
        dtype: DTypeLike,
        **settings: Any,
    ) -> None:
        check_padding_mode(padding_mode)
        self.weight = Parameter(kaiming_uniform(rng, shape, n_in, dtype=dtype))
        self.bias = Parameter(constant((o,), dtype=dtype)) if bias else None
        self.padding_mode, self.border, self.settings = padding_mode, (0,), settings
        if padding_mode != "zeros":  # the operation itself pads with zeros
            width = settings["padding"]
            self.border = width if isinstance(width, tuple) else (width,)
            self.settings = {**settings, "padding": 0}

    def forward(self, x: Tensor) -> Tensor:
        """Convolve x (b, c, ...) -> (b, o, ...)."""
        x = float_tensor(x, self.weight)
        if any(self.border):
            x = pad_border(x, widths=self.border, mode=self.padding_mode)
        return type(self).operation(x, self.weight, self.bias, **self.settings)


class Conv2d(Convolution):
    """Convolution of images (b, c, h, w) -> (b, o, oh, ow) with a learned kernel; see `conv2d`.

    Args:
        kernel: size; one number or (height, width), as stride, padding and dilation.
        rng: stream of the initial weights.
        padding: width of the border, or "same" to keep the size of the image (which needs stride 1
            and an odd span).
        groups: divides c and o; groups = c is a depthwise convolution.
        bias: whether a bias is added; it starts at 0.
        padding_mode: "zeros"; "reflect", the image mirrored at its outermost pixels; "replicate",
            copies of these; or "circular", the opposite side.
    """

    operation = conv2d

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
        bias: bool = True,
        padding_mode: str = "zeros",
        dtype: DTypeLike = np.float32,
    ) -> None:
        check_groups(c, o, groups)
        (kh, kw), per_group = pair(kernel, "kernel", 1), c // groups
        steps = pair(stride, "stride", 1), pair(dilation, "dilation", 1)
        border, shape = _padding(padding, (kh, kw), *steps), (o, per_group, kh, kw)
        settings: dict[str, Any] = {"stride": steps[0], "padding": border, "dilation": steps[1]}
        settings |= {"groups": groups, "bias": bias, "padding_mode": padding_mode}
        super().__init__(shape, o, per_group * kh * kw, rng, dtype=dtype, **settings)


class Conv1d(Convolution):
    """Convolution of sequences (b, c, t) with a learned kernel; arguments as for `Conv2d`."""

    operation = staticmethod(conv1d)

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
        bias: bool = True,
        padding_mode: str = "zeros",
        dtype: DTypeLike = np.float32,
    ) -> None:
        check_groups(c, o, groups)
        check_sizes("Conv1d", kernel=kernel, stride=stride, dilation=dilation)
        flat_padding, per_group = padding if isinstance(padding, str) else (0, padding), c // groups
        border = _padding(flat_padding, (1, kernel), (1, stride), (1, dilation))[1]
        settings: dict[str, Any] = {"stride": stride, "padding": border, "dilation": dilation}
        settings |= {"groups": groups, "bias": bias, "padding_mode": padding_mode}
        super().__init__(
            (o, per_group, kernel), o, per_group * kernel, rng, dtype=dtype, **settings
        )


def check_groups(c: int, o: int, groups: int) -> None:
    """Raise SettingsError if `groups` does not divide both numbers of channels."""
    check_sizes("convolution", c=c, o=o, groups=groups)
    if c % groups or o % groups:
        raise SettingsError(
            f"groups divides the input and output channels, got groups={groups} for {c} and {o}"
        )


def _padding(padding: int | Pair | str, kernel: Pair, stride: Pair, dilation: Pair) -> Pair:
    if not isinstance(padding, str):
        return pair(padding, "padding", 0)
    span = PatchGrid(kernel, dilation=dilation).span
    if padding != "same" or stride != (1, 1) or not (span[0] % 2 and span[1] % 2):
        raise SettingsError(
            f'padding is a number, two, or "same" (stride 1, odd span), got {padding!r} with '
            f"stride {stride} and span {span}"
        )
    return span[0] // 2, span[1] // 2


def _check(x: Array, kernel: Array, groups: int) -> None:
    if x.ndim != 4 or kernel.ndim != 4:
        raise ShapeError(
            f"a convolution needs x (b, c, h, w) and kernel (o, c/g, kh, kw), got {x.shape} and "
            f"{kernel.shape}"
        )
    check_groups(x.shape[1], kernel.shape[0], groups)
    if x.shape[1] != kernel.shape[1] * groups:
        raise ShapeError(
            f"a kernel {kernel.shape} with {groups} groups needs {kernel.shape[1] * groups} "
            f"channels, got x of shape {x.shape}"
        )


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


@ag.samples(conv2d)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    for x, kernel, settings, note in CASES:
        arrays = rng.normal(size=x), rng.normal(size=kernel), rng.normal(size=kernel[0])
        yield Sample(arrays, settings, note)
    for groups in (1, 2):
        image, weights = rng.normal(size=(2, 4, 4, 5)), rng.normal(size=(2, 4 // groups, 3, 2))
        settings = {"groups": groups, "padding": 1}
        yield Sample((image, weights, None), settings, f"no bias, {groups} groups")
