"""Transposed convolution (Zeiler et al. 2010; Dumoulin & Visin 2016)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

import pmt_autograd as ag
from pmt_autograd import Array, Gradients, NeedsGrad, Result, Sample, Tensor, flip, pad
from pmt_core import SettingsError, ShapeError, as_floats
from pmt_nn.convolution.conv import conv2d
from pmt_nn.convolution.im2col import convolve, convolve_input_gradient, convolve_kernel_gradient
from pmt_nn.convolution.layer import Convolution
from pmt_nn.convolution.patches import Pair, PatchGrid, as_image, as_sequence, check_groups, pair
from pmt_nn.layers.memory_layout import channel_sums


@ag.primitive
def conv_transpose2d(
    x: Array,
    kernel: Array,
    bias: Array | None,
    *,
    stride: int | Pair = 1,
    padding: int | Pair = 0,
    output_padding: int | Pair = 0,
    dilation: int | Pair = 1,
    groups: int = 1,
    needs_grad: NeedsGrad = (True, True, True),
) -> Result:
    """Apply a transposed convolution: the gradient of a convolution by its input, as a layer.

    Each pixel of x adds the kernel times its value to y. x: (b, c, h, w), kernel: (c, o/g, kh, kw),
    bias: (o,) or None for 0 -> (b, o, oh, ow), oh = (h - 1) stride - 2 padding + span +
    output_padding.
    stride, padding, dilation and groups are those of the convolution, see `conv2d`. output_padding:
    rows and columns added at the end, less than the stride; it selects one of the sizes that the
    convolution maps to the size of x. Raises ShapeError or SettingsError.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import conv_transpose2d
        >>> x = np.array([[[[1.0, 2.0]]]])
        >>> kernel = np.array([[[[1.0, 1.0], [1.0, 1.0]]]])
        >>> conv_transpose2d(x, kernel, None, stride=2).data[0, 0]  # each pixel becomes four
        array([[1., 1., 2., 2.],
               [1., 1., 2., 2.]])
        >>> conv_transpose2d(x, kernel, None).data[0, 0]  # they overlap
        array([[1., 3., 2.],
               [1., 3., 2.]])
    """
    grid = PatchGrid.of(kernel.shape, stride=stride, padding=padding, dilation=dilation)
    x = as_floats(x)
    size = _output_size(x, kernel, grid, pair(output_padding, "output_padding", 0), groups)
    y = convolve_input_gradient(x, kernel, grid, groups, size)
    if bias is not None:
        y += bias.reshape(-1, 1, 1)

    def backward(grad: Array) -> Gradients:
        by_x = convolve(grad, kernel, grid, groups) if needs_grad[0] else None
        by_bias = channel_sums(grad) if needs_grad[2] else None
        if not needs_grad[1]:
            return by_x, None, by_bias
        return by_x, convolve_kernel_gradient(grad, x, grid, groups, kernel.shape), by_bias

    return y, backward


@ag.counts_flops(conv_transpose2d)
def _(value: Array, x: Array, kernel: Array, bias: Array | None, **settings: Any) -> int:
    return 2 * x.size * kernel[:1].size + value.size * (bias is not None)


@ag.composed_form(conv_transpose2d)
def conv_transpose2d_composed(
    x: Tensor,
    kernel: Tensor,
    bias: Tensor | None,
    *,
    output_padding: int | Pair = 0,
    groups: int = 1,
    **settings: Any,
) -> Tensor:
    """Convolve x, spread by zeros, with the mirrored kernel (Dumoulin & Visin 2016, sec. 4.5)."""
    grid, (eh, ew) = PatchGrid.of(kernel.shape, **settings), pair(output_padding, "", 0)
    (sh, sw), (ph, pw), span = grid.stride, grid.padding, grid.span
    b, c, h, w = x.shape
    between = ((0, 0), (0, 0), (0, 0), (0, sh - 1), (0, 0), (0, sw - 1))
    wide = pad(x.reshape(b, c, h, 1, w, 1), widths=between).reshape(b, c, h * sh, w * sw)
    wide = wide[:, :, : (h - 1) * sh + 1, : (w - 1) * sw + 1]
    rows, columns = (span[0] - 1, span[0] - 1 + eh), (span[1] - 1, span[1] - 1 + ew)
    wide = pad(wide, widths=((0, 0), (0, 0), rows, columns))
    mirrored = flip(kernel, axis=(2, 3)).reshape(groups, c // groups, -1, *grid.kernel)
    swapped = mirrored.swapaxes(1, 2).reshape(-1, c // groups, *grid.kernel)
    y = conv2d.composed(wide, swapped, bias, dilation=grid.dilation, groups=groups)
    return y[:, :, ph : y.shape[2] - ph, pw : y.shape[3] - pw]


class ConvTranspose2d(Convolution):
    """Transposed convolution of images (b, c, h, w) -> (b, o, oh, ow); see `conv_transpose2d`.

    For the arguments see `Conv2d`; the kernel is (c, o / groups, kh, kw).

    padding is the number of rows and columns that are cut at each end of the result; with
    `Padding(width, output=n)`, n fewer at its end (`output_padding` of `conv_transpose2d`).

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import Conv2d, ConvTranspose2d, Padding
        >>> rng = np.random.default_rng(0)
        >>> down = Conv2d(3, 8, 3, rng, stride=2, padding=1)
        >>> up = ConvTranspose2d(8, 3, 3, rng, stride=2, padding=Padding(1, output=1))
        >>> y = down(np.ones((1, 3, 32, 32), np.float32))
        >>> y.shape, up(y).shape
        ((1, 8, 16, 16), (1, 3, 32, 32))
    """

    axes, operation, is_transposed = 2, conv_transpose2d, True


def conv_transpose1d(
    x: Tensor,
    kernel: Tensor,
    bias: Tensor | None,
    *,
    stride: int = 1,
    padding: int = 0,
    output_padding: int = 0,
    dilation: int = 1,
    groups: int = 1,
) -> Tensor:
    """Apply a transposed convolution to sequences x (b, c, t), kernel (c, o/g, k), bias (o,).

    The result is (b, o, ot), ot = (t - 1) stride - 2 padding + span + output_padding; see
    `conv_transpose2d`.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import conv_transpose1d
        >>> x, kernel = np.array([[[1.0, 2.0, 3.0]]]), np.array([[[1.0, 10.0]]])
        >>> conv_transpose1d(x, kernel, None, stride=2).data
        array([[[ 1., 10.,  2., 20.,  3., 30.]]])
    """
    if x.ndim != 3 or kernel.ndim != 3:
        raise ShapeError(
            "conv_transpose1d needs x (b, c, t) and kernel (c, o/g, k), got "
            f"{x.shape} and {kernel.shape}"
        )
    steps: dict[str, Pair] = {"stride": (1, stride), "dilation": (1, dilation)}
    borders: dict[str, Pair] = {"padding": (0, padding), "output_padding": (0, output_padding)}
    image, flat_kernel = as_image(x), as_image(kernel)
    return as_sequence(
        conv_transpose2d(image, flat_kernel, bias, groups=groups, **steps, **borders)
    )


class ConvTranspose1d(Convolution):
    """Transposed convolution of sequences (b, c, t) -> (b, o, ot), as `ConvTranspose2d`.

    For the arguments see `Conv2d`; the kernel is (c, o / groups, k).

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import ConvTranspose1d
        >>> layer = ConvTranspose1d(8, 4, 2, np.random.default_rng(0), stride=2)
        >>> layer(np.ones((1, 8, 10), np.float32)).shape
        (1, 4, 20)
    """

    axes, operation, is_transposed = 1, staticmethod(conv_transpose1d), True


def _output_size(x: Array, kernel: Array, grid: PatchGrid, extra: Pair, groups: int) -> Pair:
    """The size (oh, ow) of the output. Raises if the arguments do not fit."""
    if x.ndim != 4 or kernel.ndim != 4 or x.shape[1] != kernel.shape[0]:
        raise ShapeError(
            f"a transposed convolution needs x (b, c, h, w) and kernel (c, o/g, kh, kw), got "
            f"{x.shape} and {kernel.shape}"
        )
    check_groups(x.shape[1], kernel.shape[1] * groups, groups)
    sizes = []
    for axis in (0, 1):
        if extra[axis] >= grid.stride[axis]:
            raise SettingsError(
                f"output_padding must be less than the stride {grid.stride}, got {extra}"
            )
        n = (x.shape[2 + axis] - 1) * grid.stride[axis] - 2 * grid.padding[axis]
        n += grid.span[axis] + extra[axis]
        if n < 1:
            raise ShapeError(f"padding {grid.padding} leaves nothing of an image of {x.shape[2:]}")
        sizes.append(n)
    return sizes[0], sizes[1]


@ag.samples(conv_transpose2d)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    cases: list[tuple[tuple[int, ...], tuple[int, ...], dict[str, Any], str]] = [
        ((2, 3, 4, 3), (3, 2, 3, 2), {}, "plain"),
        ((2, 2, 4, 3), (2, 3, 3, 3), {"padding": 1}, "more channels out"),
        ((2, 3, 3, 4), (3, 4, 3, 3), {"stride": 2, "padding": 1, "output_padding": 1}, "stride"),
        ((1, 2, 3, 4), (2, 2, 2, 3), {"dilation": 2, "stride": (1, 3)}, "dilation"),
        ((2, 4, 3, 3), (4, 3, 3, 3), {"groups": 2, "padding": 1}, "groups"),
        ((2, 4, 3, 3), (4, 2, 1, 1), {}, "pointwise"),
        ((0, 2, 3, 3), (2, 2, 3, 3), {}, "empty batch"),
    ]
    for x, kernel, settings, note in cases:
        o = kernel[1] * settings.get("groups", 1)
        arrays = rng.normal(size=x), rng.normal(size=kernel), rng.normal(size=o)
        yield Sample(arrays, settings, note)
    yield Sample(
        (rng.normal(size=(2, 3, 4, 3)), rng.normal(size=(3, 2, 3, 2)), None), {}, "no bias"
    )
