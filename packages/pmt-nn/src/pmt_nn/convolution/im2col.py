"""Convolution of arrays and its two derivatives, as products of large matrices.

Letters: b batch, c channels in, o channels out, h w image, kh kw kernel, g groups, p q place in
the image that comes out. "Convolution" is cross-correlation here, as everywhere in deep learning:
the kernel is not mirrored.

The windows of a few images at a time become the rows of a matrix ("im2col", Chellapilla et al.
2006), so few that they stay in the processor's cache, and a product with the kernel gives all
places at once. They are made again in the backward pass, which costs less than to keep nine times
the input. Channels lie side by side in memory (see `channels_last`), so what a window sees of a row
is one piece. And where image rows follow one another (stride 1), what row i of the kernel sees lies
together once an image is laid out for a single row of the kernel: a third of the copying for a
kernel of three rows, and the sum over i is one of matrix products.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from pmt_autograd import Array
from pmt_nn.convolution.grouped_im2col import (
    convolve_groups,
    convolve_groups_input_gradient,
    convolve_groups_kernel_gradient,
)
from pmt_nn.convolution.sliding_windows import Pair, SlidingWindows
from pmt_nn.layers.channels_last import empty_channels_last, image_rows, per_row, pixel_rows

_BLOCK_BYTES = 1 << 19
_WIDTH_OF_A_PRODUCT = 24  # below, one product over the whole kernel beats several thin ones
_CHANNELS_TO_COLLECT = 8
_PIXELS_PER_WINDOW = 1.5  # above, spreading is less work
_CHANNELS_OF_A_PIECE = 8  # below, rows of the image are the longer pieces to copy


def convolve(
    x: Array, kernel: Array, windows: SlidingWindows, groups: int = 1, bias: Array | None = None
) -> Array:
    """x (b, c, h, w) * kernel (o, c/g, kh, kw) + bias (o,) -> (b, o, oh, ow)."""
    if groups > 1:
        y = convolve_groups(x, kernel, windows, groups)
        if bias is not None:
            y += bias.reshape(-1, 1, 1)
        return y
    (b, c), o = x.shape[:2], len(kernel)
    count = windows.count((x.shape[2], x.shape[3]))
    y = empty_channels_last((b, o, *count), x.dtype)
    weights = kernel.transpose(2, 3, 1, 0).reshape(_products(c, windows), -1, o)
    with_ones, biases = False, None
    if bias is not None and _lays_by_tap(c, windows):
        with_ones, weights = True, np.concatenate([weights, bias.reshape(1, 1, o)], axis=1)
    elif bias is not None:
        biases = per_row(bias, count[1])
    scratch = np.empty(0, x.dtype)
    for part, matrices in _laid_out(x, windows, count, with_ones):
        found = pixel_rows(y[part]).reshape(*matrices[0].shape[:2], o)
        np.matmul(matrices[0], weights[0], out=found)
        if len(matrices) > 1 and scratch.shape != found.shape:
            scratch = np.empty_like(found)
        for matrix, weight in zip(matrices[1:], weights[1:], strict=True):
            found += np.matmul(matrix, weight, out=scratch)
        if biases is not None:
            rows = image_rows(y[part])
            rows += biases
    return y


def convolve_kernel_gradient(
    x: Array, grad: Array, windows: SlidingWindows, groups: int, kernel_shape: tuple[int, ...]
) -> Array:
    """Gradient by the kernel. x (b, c, h, w), grad (b, o, oh, ow) -> (o, c/g, kh, kw)."""
    if groups > 1:
        return convolve_groups_kernel_gradient(x, grad, windows, groups, kernel_shape)
    o, c, kh, kw = kernel_shape
    count = (grad.shape[2], grad.shape[3])
    products = _products(c, windows)
    total = np.zeros((products, kh * kw * c // products, o), grad.dtype)
    for part, matrices in _laid_out(x, windows, count):
        outputs = pixel_rows(grad[part]).reshape(*matrices[0].shape[:2], o)
        for i, matrix in enumerate(matrices):
            total[i] += np.matmul(matrix.swapaxes(1, 2), outputs).sum(axis=0)
    return total.reshape(kh, kw, c, o).transpose(3, 2, 0, 1)


def convolve_input_gradient(
    grad: Array, kernel: Array, windows: SlidingWindows, groups: int, size: Pair
) -> Array:
    """Gradient by the input of `size` (h, w). grad (b, o, oh, ow) -> (b, c, h, w)."""
    if groups > 1:
        return convolve_groups_input_gradient(grad, kernel, windows, groups, size)
    if _collects(grad, kernel, windows, size):
        return convolve(grad, kernel[:, :, ::-1, ::-1].swapaxes(0, 1), _backwards(windows))
    return _spread(grad, kernel, windows, size)


def convolve_gradients(
    x: Array, grad: Array, kernel: Array, windows: SlidingWindows, groups: int
) -> tuple[Array, Array]:
    """Gradients by the input and by the kernel; both together take less work."""
    size = (x.shape[2], x.shape[3])
    if groups == 1 and _collects(grad, kernel, windows, size):
        return _collect_both(x, grad, kernel, windows)
    return (
        convolve_input_gradient(grad, kernel, windows, groups, size),
        convolve_kernel_gradient(x, grad, windows, groups, kernel.shape),
    )


def _collects(grad: Array, kernel: Array, windows: SlidingWindows, size: Pair) -> bool:
    """Whether to collect the gradient of each pixel rather than to spread that of each window.

    Collecting is a convolution of the gradient with the mirrored kernel; it pays where there are
    some channels to collect for, and not many more pixels than windows.
    """
    fits = all(p < span for p, span in zip(windows.padding, windows.span, strict=True))
    if not fits or windows.stride != (1, 1) or kernel.shape[1] < _CHANNELS_TO_COLLECT:
        return False
    windows_there: int = grad.shape[2] * grad.shape[3]
    return size[0] * size[1] <= _PIXELS_PER_WINDOW * windows_there


def _backwards(windows: SlidingWindows) -> SlidingWindows:
    """Windows over the gradient: the one at a pixel sees all windows that saw the pixel."""
    border = tuple(s - 1 - p for s, p in zip(windows.span, windows.padding, strict=True))
    return SlidingWindows(windows.kernel, (1, 1), (border[0], border[1]), windows.dilation)


def _collect_both(
    x: Array, grad: Array, kernel: Array, windows: SlidingWindows
) -> tuple[Array, Array]:
    """Both gradients from one layout of `grad`, in which a row is what a pixel of x was used for.

    Times the mirrored kernel it gives the pixel's gradient, times the pixels the kernel's.
    """
    o, c, kh, kw = kernel.shape
    back = _backwards(windows)
    products = _products(o, back)
    weights = kernel[:, :, ::-1, ::-1].transpose(2, 3, 0, 1).reshape(products, -1, c)
    total = np.zeros(weights.shape, grad.dtype)
    by_x = empty_channels_last(x.shape, grad.dtype)
    scratch = np.empty(0, grad.dtype)
    for part, matrices in _laid_out(grad, back, (x.shape[2], x.shape[3])):
        rows = (*matrices[0].shape[:2], c)
        pixels, found = pixel_rows(x[part]).reshape(rows), pixel_rows(by_x[part]).reshape(rows)
        if len(matrices) > 1 and scratch.shape != found.shape:
            scratch = np.empty_like(found)
        for i, (matrix, weight) in enumerate(zip(matrices, weights, strict=True)):
            total[i] += np.matmul(matrix.swapaxes(1, 2), pixels).sum(axis=0)
            if i == 0:
                np.matmul(matrix, weight, out=found)
            else:
                found += np.matmul(matrix, weight, out=scratch)
    return by_x, total.reshape(kh, kw, o, c)[::-1, ::-1].transpose(2, 3, 0, 1)


def _spread(grad: Array, kernel: Array, windows: SlidingWindows, size: Pair) -> Array:
    b, o, oh, ow = grad.shape
    c, (kh, kw) = kernel.shape[1], windows.kernel
    weight = kernel.transpose(0, 2, 3, 1).reshape(o, kh * kw * c)
    by_x = empty_channels_last((b, c, *size), grad.dtype)
    n = _images(b, (oh, ow, kh, kw, c), grad.itemsize)
    columns = np.empty((n, oh, ow, kh, kw, c), grad.dtype)
    by_place = columns.transpose(3, 4, 0, 5, 1, 2)  # (kh, kw, n, c, oh, ow)
    has_border = windows.padding != (0, 0)
    bordered = empty_channels_last((n * has_border, c, *windows.padded(size)), grad.dtype)
    for start in range(0, b, max(n, 1)):
        m = min(n, b - start)
        target = bordered[:m] if has_border else by_x[start : start + m]
        rows = pixel_rows(grad[start : start + m])
        np.matmul(rows, weight, out=columns[:m].reshape(len(rows), kh * kw * c))
        target[...] = 0
        for i in range(kh):
            for j in range(kw):
                seen = windows.tap(target, i, j, (oh, ow))
                seen += by_place[i, j, :m]
        if has_border:
            by_x[start : start + m] = windows.inside(target)
    return by_x


def _products(c: int, windows: SlidingWindows) -> int:
    """How many matrices an image is laid out as: one per row of the kernel, or one in all."""
    kh, kw = windows.kernel
    return kh if windows.stride[0] == 1 and c * kw >= _WIDTH_OF_A_PRODUCT else 1


def _lays_by_tap(c: int, windows: SlidingWindows) -> bool:
    """Whether an image is laid out point by point of the kernel, as its channels are too few."""
    single = _products(c, windows) == 1 and not windows.is_pointwise
    return single and c < _CHANNELS_OF_A_PIECE


def _laid_out(
    x: Array, windows: SlidingWindows, count: Pair, with_ones: bool = False
) -> Iterator[tuple[slice, list[Array]]]:
    """Blocks of images, each laid out as `_products` matrices.

    One is (1, n oh ow, kh kw c), several are (n, oh ow, kw c) each. The memory is used again for
    the next block. with_ones: a column of ones follows, which a bias is multiplied by; only where
    `_lays_by_tap`.
    """
    if windows.is_pointwise:
        if x.size:
            yield slice(0, len(x)), [pixel_rows(x)[np.newaxis]]
    elif _products(x.shape[1], windows) > 1:
        yield from _by_kernel_row(x, windows, count)
    else:
        yield from _by_window(x, windows, count, with_ones)


def _by_kernel_row(
    x: Array, windows: SlidingWindows, count: Pair
) -> Iterator[tuple[slice, list[Array]]]:
    b, c, h, w = x.shape
    (kh, kw), (bordered_h, bordered_w), (oh, ow) = windows.kernel, windows.padded((h, w)), count
    shape = (bordered_h, ow, kw, c)
    n = _images(b, shape, x.itemsize)
    has_border = windows.padding != (0, 0)
    bordered = empty_channels_last((n * has_border, c, bordered_h, bordered_w), x.dtype)
    bordered[...] = 0
    inside = windows.inside(bordered)
    laid = np.empty((n, *shape), x.dtype)
    tops = [i * windows.dilation[0] for i in range(kh)]
    for start in range(0, b, max(n, 1)):
        m = min(n, b - start)
        images = x[start : start + m]
        if has_border:
            inside[:m] = images
            images = bordered[:m]
        laid[:m] = windows.view_rows(images, ow)
        seen = [laid[:m, top : top + oh].reshape(m, oh * ow, kw * c) for top in tops]
        yield slice(start, start + m), seen


def _by_window(
    x: Array, windows: SlidingWindows, count: Pair, with_ones: bool
) -> Iterator[tuple[slice, list[Array]]]:
    b, c, h, w = x.shape
    (kh, kw), (oh, ow) = windows.kernel, count
    n = _images(b, (oh, ow, kh, kw, c), x.itemsize)
    bordered = empty_channels_last((n, c, *windows.padded((h, w))), x.dtype)
    bordered[...] = 0
    inside, view = windows.inside(bordered), windows.view(bordered, count)  # (n, c, kh, kw, oh, ow)
    width, by_tap = kh * kw * c, _lays_by_tap(c, windows)
    memory = np.empty((width + with_ones) * n * oh * ow, x.dtype)
    for start in range(0, b, max(n, 1)):
        m = min(n, b - start)
        inside[:m] = x[start : start + m]
        places = m * oh * ow
        matrix = memory[: (width + with_ones) * places]
        laid = matrix[: width * places]
        if by_tap:
            taps = laid.reshape(kh, kw, c, m, oh, ow)
            taps[...] = view[:m].transpose(2, 3, 1, 0, 4, 5)
            if with_ones:
                matrix[width * places :] = 1
            matrix = matrix.reshape(-1, places).T
        else:
            seen = laid.reshape(m, oh, ow, kh, kw, c)
            seen[...] = view[:m].transpose(0, 4, 5, 2, 3, 1)
            matrix = matrix.reshape(places, width)
        yield slice(start, start + m), [matrix[np.newaxis]]


def _images(b: int, shape: tuple[int, ...], itemsize: int) -> int:
    """How many images make a block."""
    return min(b, max(1, _BLOCK_BYTES // max(int(np.prod(shape)) * itemsize, 1)))
