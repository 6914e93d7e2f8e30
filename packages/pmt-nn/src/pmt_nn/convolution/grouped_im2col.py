"""Grouped convolution by im2col: output channels of a group see the inputs of that group only.

Letters as in `im2col.py`. The patches of a few images at a time become the columns of one matrix
per image and group; images are stored as (b, c, h, w).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from pmt_autograd import Array
from pmt_nn.convolution.patches import Pair, PatchGrid, images_per_block


def convolve_groups(x: Array, kernel: Array, grid: PatchGrid, groups: int) -> Array:
    """Return the convolution of x (b, c, h, w) and kernel (o, c/g, kh, kw): (b, o, oh, ow)."""
    count = grid.count((x.shape[2], x.shape[3]))
    o = len(kernel)
    y = np.empty((len(x), o, *count), x.dtype)
    weight = kernel.reshape(groups, o // groups, -1)
    for part, columns in _columns(x, grid, count, groups):
        np.matmul(weight, columns, out=y[part].reshape(len(columns), groups, o // groups, -1))
    return y


def convolve_groups_kernel_gradient(
    x: Array, grad: Array, grid: PatchGrid, groups: int, kernel_shape: tuple[int, ...]
) -> Array:
    """Return the gradient by the kernel (o, c/g, kh, kw). x: (b, c, h, w), grad: (b, o, oh, ow)."""
    o, count = grad.shape[1], (grad.shape[2], grad.shape[3])
    total = np.zeros((groups, int(np.prod(kernel_shape[1:])), o // groups), grad.dtype)
    for part, columns in _columns(x, grid, count, groups):
        outputs = grad[part].reshape(len(columns), groups, o // groups, -1).swapaxes(-1, -2)
        total += np.matmul(columns, outputs).sum(axis=0)
    return total.swapaxes(1, 2).reshape(kernel_shape)


def convolve_groups_input_gradient(
    grad: Array, kernel: Array, grid: PatchGrid, groups: int, size: Pair
) -> Array:
    """Return the gradient by the input of `size` (h, w). grad (b, o, oh, ow) -> (b, c, h, w)."""
    (b, o), count = grad.shape[:2], (grad.shape[2], grad.shape[3])
    channels, (kh, kw) = kernel.shape[1] * groups, grid.kernel
    weight = kernel.reshape(groups, o // groups, -1).swapaxes(1, 2)  # (g, c/g kh kw, o/g)
    by_x = np.empty((b, channels, *size), grad.dtype)
    n = images_per_block(b, (channels, kh, kw, *count), grad.itemsize)
    columns = np.empty((n, channels, kh, kw, *count), grad.dtype)
    bordered = np.empty((n, channels, *grid.padded(size)), grad.dtype)
    for start in range(0, b, max(n, 1)):
        m = min(n, b - start)
        rows = grad[start : start + m].reshape(m, groups, o // groups, -1)
        np.matmul(weight, rows, out=columns[:m].reshape(m, groups, -1, rows.shape[-1]))
        bordered[:m] = 0
        for i, j in grid.points():
            pixels = grid.tap(bordered[:m], i, j, count)
            pixels += columns[:m, :, i, j]
        by_x[start : start + m] = grid.inside(bordered[:m])
    return by_x


def _columns(x: Array, grid: PatchGrid, count: Pair, groups: int) -> Iterator[tuple[slice, Array]]:
    """Yield blocks of images as matrices (n, g, c/g kh kw, oh ow), in the same memory each time."""
    b, c, h, w = x.shape
    shape = (c, *grid.kernel, *count)
    n = images_per_block(b, shape, x.itemsize)
    bordered = np.zeros((n, c, *grid.padded((h, w))), x.dtype)
    inside, view = grid.inside(bordered), grid.view(bordered, count)
    laid = np.empty((n, *shape), x.dtype)
    for start in range(0, b, max(n, 1)):
        m = min(n, b - start)
        inside[:m] = x[start : start + m]
        laid[:m] = view[:m]
        yield slice(start, start + m), laid[:m].reshape(m, groups, -1, count[0] * count[1])
