"""Convolution of arrays and its two derivatives, as matrix products over blocks of windows.

Letters: b batch, c channels in, o channels out, h w image, kh kw kernel, g groups. "Convolution"
is cross-correlation here, as everywhere in deep learning: the kernel is not mirrored.

The windows of a few images at a time are laid out as the columns of a matrix ("im2col", Chellapilla
et al. 2006), so few that they stay in the processor's cache. They are made again in the backward
pass, which costs less than to keep nine times the input. Where rows follow one another (stride 1)
and there are channels enough, an image is laid out once per column of the kernel only: the rows
that row i of the kernel sees lie together then, and the sum over i is one of matrix products.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from pmt_autograd import Array
from pmt_nn.sliding_windows import Pair, SlidingWindows

_BLOCK_BYTES = 1 << 19
_ROWS_OF_A_PRODUCT = 24  # below, one product over the whole kernel is faster than several thin ones
_CHANNELS_TO_COLLECT = 8


def convolve(
    x: Array, kernel: Array, windows: SlidingWindows, groups: int = 1, bias: Array | None = None
) -> Array:
    """x (b, c, h, w) * kernel (o, c/g, kh, kw) + bias (o,) -> (b, o, oh, ow)."""
    count = windows.count((x.shape[2], x.shape[3]))
    o = len(kernel)
    y = np.empty((len(x), o, *count), x.dtype)
    weights: list[Array] = []
    for part, layouts in _laid_out(x, windows, count, groups):
        weights = weights or _split_kernel(kernel, groups, len(layouts))
        products = y[part].reshape(len(layouts[0]), groups, o // groups, -1)
        np.matmul(weights[0], layouts[0], out=products)
        for weight, columns in zip(weights[1:], layouts[1:], strict=True):
            products += np.matmul(weight, columns)
        if bias is not None:
            products += bias.reshape(groups, o // groups, 1)
    return y


def convolve_kernel_gradient(
    x: Array, grad: Array, windows: SlidingWindows, groups: int, kernel_shape: tuple[int, ...]
) -> Array:
    """Gradient by the kernel. x (b, c, h, w), grad (b, o, oh, ow) -> (o, c/g, kh, kw)."""
    o, count = grad.shape[1], (grad.shape[2], grad.shape[3])
    totals: list[Array] = []  # (g, rows, o/g) per layout: this way round the product is faster
    for part, layouts in _laid_out(x, windows, count, groups):
        outputs = grad[part].reshape(len(layouts[0]), groups, o // groups, -1).swapaxes(-1, -2)
        sums = [np.matmul(columns, outputs).sum(axis=0) for columns in layouts]
        totals = [a + b for a, b in zip(totals, sums, strict=True)] if totals else sums
    if not totals:
        return np.zeros(kernel_shape, x.dtype)
    turned = [total.swapaxes(1, 2).reshape(o, kernel_shape[1], -1) for total in totals]
    return turned[0].reshape(kernel_shape) if len(turned) == 1 else np.stack(turned, axis=2)


def convolve_input_gradient(
    grad: Array, kernel: Array, windows: SlidingWindows, groups: int, size: Pair
) -> Array:
    """Gradient by the input of `size` (h, w). grad (b, o, oh, ow) -> (b, c, h, w)."""
    if windows.is_pointwise:
        weight = kernel.reshape(groups, len(kernel) // groups, -1).swapaxes(1, 2)
        rows = grad.reshape(len(grad), groups, -1, size[0] * size[1])
        by_x: Array = np.matmul(weight, rows)
        return by_x.reshape(len(grad), -1, *size)
    if _gathers(kernel, windows):
        return _gather(grad, kernel, windows, groups)
    return _scatter(grad, kernel, windows, groups, size)


def _laid_out(
    x: Array, windows: SlidingWindows, count: Pair, groups: int
) -> Iterator[tuple[slice, list[Array]]]:
    """Blocks of images, each laid out as one matrix, or as one per row of the kernel.

    The matrices are (n, g, rows, oh ow); rows counts (c/g, kh, kw), or (c/g, kw). The memory is
    used again for the next block.
    """
    b, c, h, w = x.shape
    if windows.is_pointwise:
        if b:
            yield slice(0, b), [x.reshape(b, groups, c // groups, h * w)]
        return
    (kh, kw), (bordered_h, bordered_w) = windows.kernel, windows.padded((h, w))
    by_row = kh > 1 and windows.stride[0] == 1 and c // groups * kw >= _ROWS_OF_A_PRODUCT
    shape = (c, kw, bordered_h, count[1]) if by_row else (c, kh, kw, *count)
    n = min(b, max(1, _BLOCK_BYTES // (int(np.prod(shape)) * x.itemsize)))
    bordered = np.zeros((n, c, bordered_h, bordered_w), x.dtype)
    inside = windows.inside(bordered)
    view = windows.view_columns(bordered, count) if by_row else windows.view(bordered, count)
    laid = np.empty((n, *shape), x.dtype)
    for start in range(0, b, max(n, 1)):
        m = min(n, b - start)
        inside[:m] = x[start : start + m]
        laid[:m] = view[:m]
        part = slice(start, start + m)
        if not by_row:
            yield part, [laid[:m].reshape(m, groups, -1, count[0] * count[1])]
            continue
        starts = [i * windows.dilation[0] for i in range(kh)]
        seen = [laid[:m, :, :, top : top + count[0]] for top in starts]
        yield part, [rows.reshape(m, groups, -1, count[0] * count[1]) for rows in seen]


def _split_kernel(kernel: Array, groups: int, parts: int) -> list[Array]:
    """The kernel as matrices (g, o/g, rows) that fit the layouts: one, or one per row."""
    o = len(kernel)
    if parts == 1:
        return [kernel.reshape(groups, o // groups, -1)]
    return [kernel[:, :, i].reshape(groups, o // groups, -1) for i in range(parts)]


def _gathers(kernel: Array, windows: SlidingWindows) -> bool:
    """Whether to collect the gradient of each pixel rather than to spread that of each window.

    Collecting is a convolution of the gradient with the mirrored kernel; it pays where there are
    some channels to collect for.
    """
    fits = all(p < span for p, span in zip(windows.padding, windows.span, strict=True))
    return fits and windows.stride == (1, 1) and kernel.shape[1] >= _CHANNELS_TO_COLLECT


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
