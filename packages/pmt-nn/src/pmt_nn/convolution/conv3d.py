"""Convolution of volumes and videos: `conv3d` and its layer."""

from __future__ import annotations

from typing import Any

from pmt_autograd import Tensor, pad, stack, transpose
from pmt_core import ShapeError
from pmt_nn.convolution.conv import conv2d
from pmt_nn.convolution.layer import Convolution
from pmt_nn.convolution.patches import check_groups, per_axis

Triple = tuple[int, int, int]
"""Depth (or time), height and width."""


def triple(value: int | Triple, name: str, least: int) -> Triple:
    """Return (depth, height, width) of one number or three. Raises SettingsError."""
    depth, height, width = per_axis(value, 3, name, least, caller="volumes")
    return depth, height, width


def conv3d(
    x: Tensor,
    kernel: Tensor,
    bias: Tensor | None,
    *,
    stride: int | Triple = 1,
    padding: int | Triple = 0,
    dilation: int | Triple = 1,
    groups: int = 1,
) -> Tensor:
    """Convolve volumes with a kernel; see `conv2d`, which computes it.

    x: (b, c, d, h, w), kernel: (o, c/g, kd, kh, kw), bias: (o,) or None -> (b, o, od, oh, ow). The
    kd slices of x that a slice of the result depends on become channels of an image. Settings are
    one number or (depth, height, width). Raises ShapeError or SettingsError.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import conv3d
        >>> x, kernel = np.ones((1, 1, 3, 4, 4)), np.ones((1, 1, 2, 2, 2))
        >>> y = conv3d(x, kernel, None)
        >>> y.shape, y.data[0, 0, 0, 0, 0].item()  # the sum of 2 x 2 x 2 ones
        ((1, 1, 2, 3, 3), 8.0)
    """
    if x.ndim != 5 or kernel.ndim != 5:
        raise ShapeError(
            "conv3d needs x (b, c, d, h, w) and kernel (o, c/g, kd, kh, kw), got "
            f"{x.shape} and {kernel.shape}"
        )
    check_groups(x.shape[1], kernel.shape[0], groups)
    if x.shape[1] != kernel.shape[1] * groups:
        raise ShapeError(
            f"a kernel {kernel.shape} with {groups} groups needs {kernel.shape[1] * groups} "
            f"channels, got x of shape {x.shape}"
        )
    step, *steps = triple(stride, "stride", 1)
    border, *borders = triple(padding, "padding", 0)
    gap, *gaps = triple(dilation, "dilation", 1)
    images, count = _slices(x, kernel.shape[2], step, border, gap)
    o, per_group, kd, kh, kw = kernel.shape
    settings: dict[str, Any] = {"stride": tuple(steps), "padding": tuple(borders)}
    settings |= {"dilation": tuple(gaps), "groups": groups}
    y = conv2d(images, kernel.reshape(o, per_group * kd, kh, kw), bias, **settings)
    return transpose(y.reshape(x.shape[0], count, *y.shape[1:]), axes=(0, 2, 1, 3, 4))


def _slices(x: Tensor, kd: int, step: int, border: int, gap: int) -> tuple[Tensor, int]:
    """Return x (b, c, d, h, w) as images (b od, c kd, h, w), and od."""
    if border:
        x = pad(x, widths=((0, 0), (0, 0), (border, border), (0, 0), (0, 0)))
    b, c, d, h, w = x.shape
    room = d - gap * (kd - 1) - 1
    if room < 0:
        raise ShapeError(
            f"a kernel of depth {kd} with dilation {gap} does not fit into {d} slices (padding "
            "included); enlarge the input or the padding"
        )
    count = room // step + 1
    stop = step * (count - 1) + 1
    taps = stack(*(x[:, :, k * gap : k * gap + stop : step] for k in range(kd)), axis=2)
    return transpose(taps, axes=(0, 3, 1, 2, 4, 5)).reshape(b * count, c * kd, h, w), count


class Conv3d(Convolution):
    """Convolution of volumes (b, c, d, h, w) -> (b, o, od, oh, ow); see `conv3d`.

    For the arguments see `Conv2d`; the kernel is (o, c / groups, kd, kh, kw).

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import Conv3d
        >>> layer = Conv3d(1, 4, (1, 3, 3), np.random.default_rng(0), padding=(0, 1, 1))
        >>> layer(np.ones((2, 1, 5, 8, 8), np.float32)).shape
        (2, 4, 5, 8, 8)
    """

    axes, operation = 3, staticmethod(conv3d)
