"""Convolution of images with few channels: the pixels below a point of the kernel are contiguous.

Letters as in `im2col.py`. Images are stored as (c, h, w, b), so that what a point of the kernel
sees in a row of patches is one run of w b numbers. The runs of all points are the rows of a
matrix, with a row of ones for the bias, and its transpose times the kernel gives the output, stored
as (h, w, b, o). The backward pass lays the runs out again: they fit in the cache, and cost a fifth
of its product.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from pmt_autograd import Array
from pmt_nn.convolution.matrix_blocks import parts_of
from pmt_nn.convolution.patches import Pair, PatchGrid
from pmt_nn.layers.memory_layout import pixels_first

_BLOCK = 4096  # patches whose runs are laid out at once, if they are less than a row


def convolve_few_channels(x: Array, kernel: Array, bias: Array | None, grid: PatchGrid) -> Array:
    """Return the convolution of x (b, c, h, w) and kernel (o, c, kh, kw), plus bias (o,)."""
    (b, _, h, w), o = x.shape, len(kernel)
    oh, ow = grid.count((h, w))
    weights = kernel.reshape(o, -1).T
    if bias is not None:
        weights = np.concatenate([weights, bias[np.newaxis]])
    y = np.empty((oh, ow, b, o), x.dtype)
    for part, runs in _runs(x, grid, (oh, ow), bias is not None, o):
        outputs = y[part].reshape(len(runs), -1, o)
        np.matmul(runs.swapaxes(1, 2), weights, out=outputs)
    return y.transpose(2, 3, 0, 1)


def few_channels_gradients(
    x: Array, grad: Array, grid: PatchGrid, kernel_shape: tuple[int, ...], with_bias: bool
) -> tuple[Array, Array | None]:
    """Return the gradients by the kernel (o, c, kh, kw) and by the bias (o,), if that is wanted."""
    o, count = kernel_shape[0], (grad.shape[2], grad.shape[3])
    width, pixels = int(np.prod(kernel_shape[1:])), pixels_first(grad)
    total = np.zeros((width + with_bias, o), grad.dtype)
    for part, runs in _runs(x, grid, count, with_bias, o):
        outputs = pixels[part].reshape(len(runs), -1, o)
        total += np.matmul(runs, outputs).sum(axis=0)
    return total[:width].T.reshape(kernel_shape), total[width] if with_bias else None


def few_channels_input_gradient(grad: Array, kernel: Array, grid: PatchGrid, size: Pair) -> Array:
    """Return the gradient by the input of `size` (h, w). grad: (b, o, oh, ow)."""
    b, o, oh, ow = grad.shape
    c, (kh, kw), pixels = kernel.shape[1], grid.kernel, pixels_first(grad)
    weights = kernel.reshape(o, -1).T  # (c kh kw, o)
    bordered = np.zeros((c, *grid.padded(size), b), grad.dtype)
    windows = grid.view_pixels(bordered, (oh, ow))
    for part in _row_blocks(oh, ow * b):
        rows = pixels[part].reshape(-1, o)
        runs = (weights @ rows.T).reshape(c, kh, kw, -1, ow, b)
        for k, i, j in np.ndindex(c, kh, kw):
            windows[k, i, j, part] += runs[k, i, j]
    inside = grid.inside(bordered.transpose(3, 0, 1, 2))
    return inside


def _row_blocks(oh: int, width: int) -> Iterator[slice]:
    rows = max(_BLOCK // max(width, 1), 1)
    return (slice(top, min(top + rows, oh)) for top in range(0, oh, rows))


def _runs(
    x: Array, grid: PatchGrid, count: Pair, with_ones: bool, o: int
) -> Iterator[tuple[slice, Array]]:
    """Yield rows of patches as matrices (parts, c kh kw, patches), in the same memory each time.

    with_ones: append a row of ones. o: the columns that the products with the matrices have.
    """
    (b, c, h, w), (kh, kw), (oh, ow) = x.shape, grid.kernel, count
    bordered = np.zeros((c, *grid.padded((h, w)), b), x.dtype)
    grid.inside(bordered.transpose(3, 0, 1, 2))[...] = x
    windows = grid.view_pixels(bordered, count)
    width = c * kh * kw
    memory = np.empty((width + with_ones) * min(max(_BLOCK, ow * b), oh * ow * b), x.dtype)
    for part in _row_blocks(oh, ow * b):
        n = (part.stop - part.start) * ow * b
        matrix = memory[: (width + with_ones) * n].reshape(width + with_ones, n)
        matrix[:width].reshape(c, kh, kw, -1, ow, b)[...] = windows[:, :, :, part]
        matrix[width:] = 1
        parts = parts_of(n, (width + with_ones) * o)
        yield part, matrix.reshape(width + with_ones, parts, -1).swapaxes(0, 1)
