"""Convolution in groups: channels out of one group see the channels in of that group alone.

Letters as in `convolve`. The windows of a few images at a time become the columns of one matrix
per image and group; images lie in memory as (b, c, h, w).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from pmt_autograd import Array
from pmt_nn.convolution.sliding_windows import Pair, SlidingWindows

_BLOCK_BYTES = 1 << 19


def convolve_groups(x: Array, kernel: Array, windows: SlidingWindows, groups: int) -> Array:
    """x (b, c, h, w) * kernel (o, c/g, kh, kw) -> (b, o, oh, ow)."""
    count = windows.count((x.shape[2], x.shape[3]))
    o = len(kernel)
    y = np.empty((len(x), o, *count), x.dtype)
    weight = kernel.reshape(groups, o // groups, -1)
    for part, columns in _columns(x, windows, count, groups):
        np.matmul(weight, columns, out=y[part].reshape(len(columns), groups, o // groups, -1))
    return y


def convolve_groups_kernel_gradient(
    x: Array, grad: Array, windows: SlidingWindows, groups: int, kernel_shape: tuple[int, ...]
) -> Array:
    """Gradient by the kernel. x (b, c, h, w), grad (b, o, oh, ow) -> (o, c/g, kh, kw)."""
    o, count = grad.shape[1], (grad.shape[2], grad.shape[3])
    total = np.zeros((groups, int(np.prod(kernel_shape[1:])), o // groups), grad.dtype)
    for part, columns in _columns(x, windows, count, groups):
        outputs = grad[part].reshape(len(columns), groups, o // groups, -1).swapaxes(-1, -2)
        total += np.matmul(columns, outputs).sum(axis=0)
    return total.swapaxes(1, 2).reshape(kernel_shape)


def convolve_groups_input_gradient(
    grad: Array, kernel: Array, windows: SlidingWindows, groups: int, size: Pair
) -> Array:
    """Gradient by the input of `size` (h, w). grad (b, o, oh, ow) -> (b, c, h, w)."""
    b, o, *places = grad.shape
    count = (places[0], places[1])
    channels, (kh, kw) = kernel.shape[1] * groups, windows.kernel
    weight = kernel.reshape(groups, o // groups, -1).swapaxes(1, 2)  # (g, c/g kh kw, o/g)
    by_x = np.empty((b, channels, *size), grad.dtype)
    n = _images(b, (channels, kh, kw, *count), grad.itemsize)
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


def _columns(
    x: Array, windows: SlidingWindows, count: Pair, groups: int
) -> Iterator[tuple[slice, Array]]:
    """Blocks of images as matrices (n, g, c/g kh kw, oh ow); the memory is used again."""
    b, c, h, w = x.shape
    shape = (c, *windows.kernel, *count)
    n = _images(b, shape, x.itemsize)
    bordered = np.zeros((n, c, *windows.padded((h, w))), x.dtype)
    inside, view = windows.inside(bordered), windows.view(bordered, count)
    laid = np.empty((n, *shape), x.dtype)
    for start in range(0, b, max(n, 1)):
        m = min(n, b - start)
        inside[:m] = x[start : start + m]
        laid[:m] = view[:m]
        yield slice(start, start + m), laid[:m].reshape(m, groups, -1, count[0] * count[1])


def _images(b: int, shape: tuple[int, ...], itemsize: int) -> int:
    """How many images make a block."""
    return min(b, max(1, _BLOCK_BYTES // max(int(np.prod(shape)) * itemsize, 1)))
