"""Convolution of arrays and its two derivatives by im2col (Chellapilla et al. 2006).

Letters: b batch, c input channels, o output channels, h w image, kh kw kernel, g groups, oh ow
output. Convolution is cross-correlation, as usual in deep learning: the kernel is not mirrored.

The patches of a few images at a time become the rows of a matrix, few enough to stay in the
cache, and a product with the kernel gives all outputs at once. The backward pass builds them
again, which costs less than storing nine times the input. Channels are contiguous in memory (see
`channels_last`), so the part of a patch in one image row is contiguous. If the vertical stride is
1, images are laid out for a single row of the kernel: all patches of kernel row i are then
contiguous, which copies a third as much for a kernel of three rows, and the sum over i is a sum of
matrix products.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from pmt_autograd import Array, NeedsGrad
from pmt_nn.convolution.grouped_im2col import (
    convolve_groups,
    convolve_groups_input_gradient,
    convolve_groups_kernel_gradient,
)
from pmt_nn.convolution.matrix_blocks import parts_of
from pmt_nn.convolution.patches import Pair, PatchGrid, images_per_block
from pmt_nn.layers.memory_layout import empty_channels_last, image_rows, per_row, pixel_rows

_MIN_PRODUCT_WIDTH = 24  # below, one product over the whole kernel beats several thin ones
_MIN_CHANNELS_TO_COLLECT = 8
_MAX_PIXELS_PER_PATCH = 1.5  # above, scattering is less work
_MIN_CHANNELS_BY_PATCH = 8  # below, rows of the image are longer runs to copy than channels


def convolve(
    x: Array, kernel: Array, grid: PatchGrid, groups: int = 1, bias: Array | None = None
) -> Array:
    """Return the convolution of x (b, c, h, w) and kernel (o, c/g, kh, kw), plus bias (o,)."""
    if groups > 1:
        y = convolve_groups(x, kernel, grid, groups)
        if bias is not None:
            y += bias.reshape(-1, 1, 1)
        return y
    (b, c), o = x.shape[:2], len(kernel)
    count = grid.count((x.shape[2], x.shape[3]))
    y = empty_channels_last((b, o, *count), x.dtype)
    weights = kernel.transpose(2, 3, 1, 0).reshape(_products(c, grid), -1, o)
    biases = None if bias is None else per_row(bias, count[1])
    scratch = np.empty(0, x.dtype)
    for part, matrices in _laid_out(x, grid, count):
        outputs = pixel_rows(y[part]).reshape(*matrices[0].shape[:2], o)
        np.matmul(matrices[0], weights[0], out=outputs)
        if len(matrices) > 1 and scratch.shape != outputs.shape:
            scratch = np.empty_like(outputs)
        for matrix, weight in zip(matrices[1:], weights[1:], strict=True):
            outputs += np.matmul(matrix, weight, out=scratch)
        if biases is not None:
            rows = image_rows(y[part])
            rows += biases
    return y


def convolve_kernel_gradient(
    x: Array, grad: Array, grid: PatchGrid, groups: int, kernel_shape: tuple[int, ...]
) -> Array:
    """Return the gradient by the kernel (o, c/g, kh, kw). x: (b, c, h, w), grad: (b, o, oh, ow)."""
    if groups > 1:
        return convolve_groups_kernel_gradient(x, grad, grid, groups, kernel_shape)
    o, c, kh, kw = kernel_shape
    count = (grad.shape[2], grad.shape[3])
    products = _products(c, grid)
    total = np.zeros((products, kh * kw * c // products, o), grad.dtype)
    for part, matrices in _laid_out(x, grid, count):
        outputs = pixel_rows(grad[part]).reshape(*matrices[0].shape[:2], o)
        for i, matrix in enumerate(matrices):
            total[i] += np.matmul(matrix.swapaxes(1, 2), outputs).sum(axis=0)
    return total.reshape(kh, kw, c, o).transpose(3, 2, 0, 1)


def convolve_input_gradient(
    grad: Array, kernel: Array, grid: PatchGrid, groups: int, size: Pair
) -> Array:
    """Return the gradient by the input of `size` (h, w). grad: (b, o, oh, ow)."""
    if groups > 1:
        return convolve_groups_input_gradient(grad, kernel, grid, groups, size)
    if _should_collect(grad, kernel, grid, size):
        return convolve(grad, kernel[:, :, ::-1, ::-1].swapaxes(0, 1), _mirrored(grid))
    return _scatter(grad, kernel, grid, size)


def convolve_gradients(
    x: Array, grad: Array, kernel: Array, grid: PatchGrid, groups: int, needs_grad: NeedsGrad
) -> tuple[Array | None, Array | None]:
    """Return the needed gradients by the input and by the kernel, which share work."""
    size, (needs_x, needs_kernel) = (x.shape[2], x.shape[3]), needs_grad[:2]
    if needs_x and needs_kernel and groups == 1 and _should_collect(grad, kernel, grid, size):
        return _collect_both(x, grad, kernel, grid)
    by_x = convolve_input_gradient(grad, kernel, grid, groups, size) if needs_x else None
    if not needs_kernel:
        return by_x, None
    return by_x, convolve_kernel_gradient(x, grad, grid, groups, kernel.shape)


def _should_collect(grad: Array, kernel: Array, grid: PatchGrid, size: Pair) -> bool:
    """Whether to collect the gradient of each pixel, not to scatter that of each patch.

    Collecting, a convolution of the gradient with the mirrored kernel, is faster if there are
    enough input channels, and not many more pixels than patches.
    """
    fits = all(p < span for p, span in zip(grid.padding, grid.span, strict=True))
    if not fits or grid.stride != (1, 1) or kernel.shape[1] < _MIN_CHANNELS_TO_COLLECT:
        return False
    return bool(size[0] * size[1] <= _MAX_PIXELS_PER_PATCH * (grad.shape[2] * grad.shape[3]))


def _mirrored(grid: PatchGrid) -> PatchGrid:
    """The grid over the gradient whose patch at a pixel holds all patches that hold the pixel."""
    border = tuple(s - 1 - p for s, p in zip(grid.span, grid.padding, strict=True))
    return PatchGrid(grid.kernel, (1, 1), (border[0], border[1]), grid.dilation)


def _collect_both(x: Array, grad: Array, kernel: Array, grid: PatchGrid) -> tuple[Array, Array]:
    """Both gradients from one layout of `grad`, in which each row belongs to a pixel of x.

    Its product with the mirrored kernel is that by the pixels, with the pixels that by the kernel.
    """
    o, c, kh, kw = kernel.shape
    back = _mirrored(grid)
    products = _products(o, back)
    weights = kernel[:, :, ::-1, ::-1].transpose(2, 3, 0, 1).reshape(products, -1, c)
    total = np.zeros(weights.shape, grad.dtype)
    by_x = empty_channels_last(x.shape, grad.dtype)
    scratch = np.empty(0, grad.dtype)
    for part, matrices in _laid_out(grad, back, (x.shape[2], x.shape[3])):
        rows = (*matrices[0].shape[:2], c)
        pixels = pixel_rows(x[part]).reshape(rows)
        by_pixels = pixel_rows(by_x[part]).reshape(rows)
        if len(matrices) > 1 and scratch.shape != by_pixels.shape:
            scratch = np.empty_like(by_pixels)
        for i, (matrix, weight) in enumerate(zip(matrices, weights, strict=True)):
            total[i] += np.matmul(matrix.swapaxes(1, 2), pixels).sum(axis=0)
            if i == 0:
                np.matmul(matrix, weight, out=by_pixels)
            else:
                by_pixels += np.matmul(matrix, weight, out=scratch)
    return by_x, total.reshape(kh, kw, o, c)[::-1, ::-1].transpose(2, 3, 0, 1)


def _scatter(grad: Array, kernel: Array, grid: PatchGrid, size: Pair) -> Array:
    b, o, oh, ow = grad.shape
    c, (kh, kw) = kernel.shape[1], grid.kernel
    weight = kernel.transpose(0, 2, 3, 1).reshape(o, kh * kw * c)
    by_x = empty_channels_last((b, c, *size), grad.dtype)
    n = images_per_block(b, (oh, ow, kh, kw, c), grad.itemsize)
    columns = np.empty((n, oh, ow, kh, kw, c), grad.dtype)
    by_point = columns.transpose(3, 4, 0, 5, 1, 2)  # (kh, kw, n, c, oh, ow)
    has_border = grid.padding != (0, 0)
    bordered = empty_channels_last((n * has_border, c, *grid.padded(size)), grad.dtype)
    for start in range(0, b, max(n, 1)):
        m = min(n, b - start)
        target = bordered[:m] if has_border else by_x[start : start + m]
        rows = pixel_rows(grad[start : start + m])
        np.matmul(rows, weight, out=columns[:m].reshape(len(rows), kh * kw * c))
        target[...] = 0
        for i, j in grid.points():
            pixels = grid.tap(target, i, j, (oh, ow))
            pixels += by_point[i, j, :m]
        if has_border:
            by_x[start : start + m] = grid.inside(target)
    return by_x


def _products(c: int, grid: PatchGrid) -> int:
    """The number of matrices an image is laid out as: one per kernel row, or one."""
    kh, kw = grid.kernel
    return kh if grid.stride[0] == 1 and c * kw >= _MIN_PRODUCT_WIDTH else 1


def _is_laid_by_tap(c: int, grid: PatchGrid) -> bool:
    """Whether an image with few channels is laid out point by point of the kernel."""
    return _products(c, grid) == 1 and not grid.is_pointwise and c < _MIN_CHANNELS_BY_PATCH


def _laid_out(x: Array, grid: PatchGrid, count: Pair) -> Iterator[tuple[slice, list[Array]]]:
    """Yield blocks of images, each laid out as `_products` matrices, in the same memory.

    One is (parts, n oh ow / parts, kh kw c), several are (n, oh ow, kw c) each.
    """
    if grid.is_pointwise:
        if x.size:
            yield slice(0, len(x)), [_in_parts(pixel_rows(x))]
    elif _products(x.shape[1], grid) > 1:
        yield from _by_kernel_row(x, grid, count)
    else:
        yield from _by_window(x, grid, count)


def _by_kernel_row(x: Array, grid: PatchGrid, count: Pair) -> Iterator[tuple[slice, list[Array]]]:
    b, c, h, w = x.shape
    (kh, kw), (bordered_h, bordered_w), (oh, ow) = grid.kernel, grid.padded((h, w)), count
    shape = (bordered_h, ow, kw, c)
    n = images_per_block(b, shape, x.itemsize)
    has_border = grid.padding != (0, 0)
    bordered = empty_channels_last((n * has_border, c, bordered_h, bordered_w), x.dtype)
    bordered[...] = 0
    inside = grid.inside(bordered)
    laid = np.empty((n, *shape), x.dtype)
    tops = [i * grid.dilation[0] for i in range(kh)]
    for start in range(0, b, max(n, 1)):
        m = min(n, b - start)
        images = x[start : start + m]
        if has_border:
            inside[:m] = images
            images = bordered[:m]
        laid[:m] = grid.view_rows(images, ow)
        rows = [laid[:m, top : top + oh].reshape(m, oh * ow, kw * c) for top in tops]
        yield slice(start, start + m), rows


def _by_window(x: Array, grid: PatchGrid, count: Pair) -> Iterator[tuple[slice, list[Array]]]:
    b, c, h, w = x.shape
    (kh, kw), (oh, ow) = grid.kernel, count
    n = images_per_block(b, (oh, ow, kh, kw, c), x.itemsize)
    bordered = empty_channels_last((n, c, *grid.padded((h, w))), x.dtype)
    bordered[...] = 0
    inside, view = grid.inside(bordered), grid.view(bordered, count)  # (n, c, kh, kw, oh, ow)
    width, by_tap = kh * kw * c, _is_laid_by_tap(c, grid)
    memory = np.empty(width * n * oh * ow, x.dtype)
    for start in range(0, b, max(n, 1)):
        m = min(n, b - start)
        inside[:m] = x[start : start + m]
        n_rows = m * oh * ow
        laid = memory[: width * n_rows]
        if by_tap:
            taps = laid.reshape(kh, kw, c, m, oh, ow)
            taps[...] = view[:m].transpose(2, 3, 1, 0, 4, 5)
            matrix = laid.reshape(-1, n_rows).T[np.newaxis]
        else:
            patches = laid.reshape(m, oh, ow, kh, kw, c)
            patches[...] = view[:m].transpose(0, 4, 5, 2, 3, 1)
            matrix = _in_parts(laid.reshape(n_rows, width))
        yield slice(start, start + m), [matrix]


def _in_parts(rows: Array) -> Array:
    """Return rows (n, c) as (parts, n / parts, c), for products with about 64 columns."""
    n, c = rows.shape
    return rows.reshape(parts_of(n, 64 * c), -1, c)
