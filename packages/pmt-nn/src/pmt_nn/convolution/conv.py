"""Convolution of sequences and images: `conv1d`, `conv2d` and their layers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

import pmt_autograd as ag
from pmt_autograd import Array, NeedsGrad, Result, Sample, Tensor, pad
from pmt_core import ShapeError, as_floats
from pmt_nn.convolution.algorithm import convolution
from pmt_nn.convolution.layer import Convolution
from pmt_nn.convolution.patches import Pair, PatchGrid, as_image, as_sequence, check_groups


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

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import conv2d
        >>> image = np.zeros((1, 1, 3, 4))
        >>> image[..., 2:] = 1  # dark on the left, bright on the right
        >>> kernel = np.array([[[[-1.0, 1.0]]]])  # (o, c, kh, kw): the difference of neighbors
        >>> conv2d(image, kernel, None).data[0, 0]  # finds the edge
        array([[0., 1., 0.],
               [0., 1., 0.],
               [0., 1., 0.]])
        >>> conv2d(image, kernel, None, stride=2, padding=1).shape
        (1, 1, 3, 3)
    """
    grid = PatchGrid.of(kernel.shape, stride=stride, padding=padding, dilation=dilation)
    _check(x, kernel, groups)
    y, backward = convolution(as_floats(x), kernel, bias, grid, groups)
    return y, lambda grad: backward(grad, needs_grad)


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
    """Convolve sequences x (b, c, t) with a kernel (o, c/g, k); see `conv2d`.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import conv1d
        >>> x = np.array([[[1.0, 2.0, 4.0, 8.0]]])
        >>> kernel = np.array([[[0.5, 0.5]]])
        >>> conv1d(x, kernel, None).data  # the mean of two neighbors
        array([[[1.5, 3. , 6. ]]])
        >>> conv1d(x, kernel, None, dilation=2).data  # of elements two apart
        array([[[2.5, 5. ]]])
    """
    if x.ndim != 3 or kernel.ndim != 3:
        raise ShapeError(
            f"conv1d needs x (b, c, t) and kernel (o, c/g, k), got {x.shape} and {kernel.shape}"
        )
    steps: dict[str, Pair] = {"stride": (1, stride), "dilation": (1, dilation)}
    image, flat_kernel = as_image(x), as_image(kernel)
    y = conv2d(image, flat_kernel, bias, padding=(0, padding), groups=groups, **steps)
    return as_sequence(y)


class Conv2d(Convolution):
    """Convolution of images (b, c, h, w) -> (b, o, oh, ow) with a learned kernel; see `conv2d`.

    The kernel (o, c / groups, kh, kw) is initially Kaiming-uniform as before a ReLU, the bias (o,)
    is 0. kernel, stride, padding and dilation are one number or one for each axis.

    Args:
        c: number of input channels.
        o: number of output channels.
        kernel: size of the kernel.
        rng: stream of the initial weights.
        stride: step from patch to patch.
        padding: width of the border of zeros; "same" to keep the size of the input; or a `Padding`
            for other borders and for the output padding of a transposed convolution.
        dilation: step between the points of the kernel.
        groups: divides c and o; groups = c is a depthwise convolution.
        bias: whether a bias is added.
        dtype: of the parameters.

    Raises:
        SettingsError: if the settings do not fit together.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import Conv2d
        >>> layer = Conv2d(3, 16, 3, np.random.default_rng(0), stride=2, padding=1)
        >>> layer.weight.shape, layer.bias.shape
        ((16, 3, 3, 3), (16,))
        >>> layer(np.ones((4, 3, 32, 32), np.float32)).shape
        (4, 16, 16, 16)
        >>> depthwise = Conv2d(16, 16, 3, np.random.default_rng(0), groups=16)
        >>> depthwise.weight.shape
        (16, 1, 3, 3)
    """

    axes, operation = 2, conv2d


class Conv1d(Convolution):
    """Convolution of sequences (b, c, t) -> (b, o, ot) with a learned kernel; see `conv1d`.

    For the arguments see `Conv2d`; the kernel is (o, c / groups, k).

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import Conv1d
        >>> layer = Conv1d(8, 16, 3, np.random.default_rng(0), padding="same")
        >>> layer
        Conv1d(8, 16, 3, padding='same')  400 parameters
        >>> layer(np.ones((4, 8, 20), np.float32)).shape  # (b, c, t)
        (4, 16, 20)
    """

    axes, operation = 1, staticmethod(conv1d)


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
