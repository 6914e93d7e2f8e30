"""Convolution of arrays and its two derivatives, as matrix products over blocks of windows.

Letters: b batch, c channels in, o channels out, h w image, kh kw kernel, g groups. "Convolution"
is cross-correlation here, as everywhere in deep learning: the kernel is not mirrored.

The windows of a few images at a time are laid out as the columns of a matrix ("im2col", Chellapilla
et al. 2006), so few that they stay in the processor's cache. They are made again in the backward
pass, which costs less than to keep nine times the input.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from pmt_autograd import Array
from pmt_nn.sliding_windows import Pair, SlidingWindows

_BLOCK_BYTES = 1 << 19


def convolve(
    x: Array, kernel: Array, windows: SlidingWindows, groups: int = 1, bias: Array | None = None
) -> Array:
    """x (b, c, h, w) * kernel (o, c/g, kh, kw) + bias (o,) -> (b, o, oh, ow)."""
    count = windows.count(x.shape[2:])
    o = len(kernel)
    y = np.empty((len(x), o, *count), x.dtype)
    weight = kernel.reshape(groups, o // groups, -1)
    for part, columns in _columns(x, windows, count, groups):
        products = y[part].reshape(len(columns), groups, o // groups, -1)
        np.matmul(weight, columns, out=products)
        if bias is not None:
            products += bias.reshape(groups, o // groups, 1)
    return y


def convolve_kernel_gradient(
    x: Array, grad: Array, windows: SlidingWindows, groups: int, kernel_shape: tuple[int, ...]
) -> Array:
    """Gradient by the kernel. x (b, c, h, w), grad (b, o, oh, ow) -> (o, c/g, kh, kw)."""
    o, count = grad.shape[1], (grad.shape[2], grad.shape[3])
    total = np.zeros((groups, o // groups, int(np.prod(kernel_shape[1:]))), x.dtype)
    for part, columns in _columns(x, windows, count, groups):
        rows = grad[part].reshape(len(columns), groups, o // groups, -1)
        total += np.matmul(rows, columns.swapaxes(-1, -2)).sum(axis=0)
    return total.reshape(kernel_shape)


def convolve_input_gradient(
    grad: Array, kernel: Array, windows: SlidingWindows, groups: int, size: Pair
) -> Array:
    """Gradient by the input of `size` (h, w). grad (b, o, oh, ow) -> (b, c, h, w)."""
    if windows.is_pointwise:
        weight = kernel.reshape(groups, len(kernel) // groups, -1).swapaxes(1, 2)
        rows = grad.reshape(len(grad), groups, -1, size[0] * size[1])
        by_x: Array = np.matmul(weight, rows)
        return by_x.reshape(len(grad), -1, *size)
    if _gathers(kernel, windows, groups):
        return _gather(grad, kernel, windows, groups)
    return _scatter(grad, kernel, windows, groups, size)


def _columns(
    x: Array, windows: SlidingWindows, count: Pair, groups: int
) -> Iterator[tuple[slice, Array]]:
    """Blocks of images and their windows, (n, g, c/g kh kw, oh ow). The memory is used again."""
    b, c, h, w = x.shape
    taps, places = windows.kernel[0] * windows.kernel[1], count[0] * count[1]
    if windows.is_pointwise:
        if b:
            yield slice(0, b), x.reshape(b, groups, c // groups, h * w)
        return
    n = min(b, max(1, _BLOCK_BYTES // (c * taps * places * x.itemsize)))
    if not n:
        return
    bordered = np.zeros((n, c, *windows.padded((h, w))), x.dtype)
    inside, view = windows.inside(bordered), windows.view(bordered, count)
    columns = np.empty((n, c, *windows.kernel, *count), x.dtype)
    for start in range(0, b, n):
        m = min(n, b - start)
        inside[:m] = x[start : start + m]
        columns[:m] = view[:m]
        yield slice(start, start + m), columns[:m].reshape(m, groups, -1, places)


def _gathers(kernel: Array, windows: SlidingWindows, groups: int) -> bool:
    """Whether to collect the gradient of each pixel rather than to spread that of each window.

    Collecting is a convolution of the gradient with the mirrored kernel. It lays out the
    gradient's windows, so it pays where there are not more channels out than in.
    """
    fits = all(p < span for p, span in zip(windows.padding, windows.span, strict=True))
    return fits and windows.stride == (1, 1) and len(kernel) <= kernel.shape[1] * groups


def _gather(grad: Array, kernel: Array, windows: SlidingWindows, groups: int) -> Array:
    o, per_group, *size = kernel.shape
    mirrored = kernel[:, :, ::-1, ::-1].reshape(groups, o // groups, per_group, *size)
    turned = mirrored.swapaxes(1, 2).reshape(groups * per_group, o // groups, *size)
    border = tuple(s - 1 - p for s, p in zip(windows.span, windows.padding, strict=True))
    back = SlidingWindows(windows.kernel, (1, 1), (border[0], border[1]), windows.dilation)
    return convolve(grad, turned, back, groups)


def _scatter(grad: Array, kernel: Array, windows: SlidingWindows, groups: int, size: Pair) -> Array:
    b, o, *places = grad.shape
    count = (places[0], places[1])
    channels, (kh, kw) = kernel.shape[1] * groups, windows.kernel
    weight = kernel.reshape(groups, o // groups, -1).swapaxes(1, 2)  # (g, c/g kh kw, o/g)
    by_x = np.empty((b, channels, *size), grad.dtype)
    per_image = channels * kh * kw * count[0] * count[1] * grad.itemsize
    n = min(b, max(1, _BLOCK_BYTES // max(per_image, 1)))
    columns = np.empty((n, channels, kh, kw, *count), grad.dtype)
    bordered = np.empty((n, channels, *windows.padded(size)), grad.dtype)
    for start in range(0, b, max(n, 1)):
        m = min(n, b - start)
        rows = grad[start : start + m].reshape(m, groups, o // groups, -1)
        np.matmul(weight, rows, out=columns[:m].reshape(m, groups, -1, rows.shape[-1]))
        bordered[:m] = 0
        for i in range(kh):
            for j in range(kw):
                seen = windows.tap(bordered[:m], i, j, count)
                seen += columns[:m, :, i, j]
        by_x[start : start + m] = windows.inside(bordered[:m])
    return by_x
