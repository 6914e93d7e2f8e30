"""Adaptive pooling of images: the size of the result is given, not that of the patches."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

import pmt_autograd as ag
from pmt_autograd import Array, Result, Sample, Tensor, stack
from pmt_core import ShapeError, as_floats
from pmt_nn.convolution.patches import Pair, pair
from pmt_nn.convolution.pooling import avg_pool2d, max_pool2d


def adaptive_avg_pool2d(x: Tensor, *, size: int | Pair) -> Tensor:
    """Return the means of patches of x (b, c, h, w) that cover it: (b, c, *size).

    Row i of the result is of the rows floor(i h / oh) ... ceil((i + 1) h / oh) of x, and columns
    likewise: patches overlap if oh does not divide h. Raises ShapeError or SettingsError.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import adaptive_avg_pool2d
        >>> x = np.arange(5.0).reshape(1, 1, 1, 5)
        >>> adaptive_avg_pool2d(x, size=(1, 2)).data  # columns 0-2 and 2-4
        array([[[[1., 3.]]]])
    """
    kernel, count = _kernel(x, size)
    if kernel is None:
        return adaptive_average(x, size=count)
    return avg_pool2d(x, kernel=kernel)


def adaptive_max_pool2d(x: Tensor, *, size: int | Pair) -> Tensor:
    """Return the maxima of patches of x (b, c, h, w) that cover it: (b, c, *size).

    The patches are those of `adaptive_avg_pool2d`, the gradients those of `max_pool2d`. Raises
    ShapeError or SettingsError.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import adaptive_max_pool2d
        >>> x = np.arange(5.0).reshape(1, 1, 1, 5)
        >>> adaptive_max_pool2d(x, size=(1, 2)).data  # of columns 0-2 and 2-4
        array([[[[2., 4.]]]])
    """
    kernel, count = _kernel(x, size)
    if kernel is None:
        return adaptive_maximum(x, size=count)
    return max_pool2d(x, kernel=kernel)


def _kernel(x: Tensor, size: int | Pair) -> tuple[Pair | None, Pair]:
    """Return the size of the patches if all are equal and do not overlap, and the result's."""
    count = pair(size, "size", 1)
    if x.ndim != 4 or not (x.shape[2] and x.shape[3]):
        raise ShapeError(
            f"adaptive pooling needs images (b, c, h, w) of at least one pixel, got {x.shape}"
        )
    if x.shape[2] % count[0] or x.shape[3] % count[1]:
        return None, count
    return (x.shape[2] // count[0], x.shape[3] // count[1]), count


def _bounds(n: int, count: int) -> list[slice]:
    """Return the patches of an axis of length n."""
    return [slice(i * n // count, -(-(i + 1) * n // count)) for i in range(count)]


@ag.primitive
def adaptive_average(x: Array, *, size: Pair) -> Result:
    """Return the means of overlapping patches, see `adaptive_avg_pool2d`: along rows, then columns.

    The gradient of a pixel is the sum over its patches of their gradient divided by their size.
    """
    x = as_floats(x)
    rows, columns = _bounds(x.shape[2], size[0]), _bounds(x.shape[3], size[1])
    by_rows = np.stack([x[:, :, part].mean(axis=2) for part in rows], axis=2)
    y = np.stack([by_rows[..., part].mean(axis=3) for part in columns], axis=3)

    def backward(grad: Array) -> Array:
        by_row, by_x = np.zeros(by_rows.shape, x.dtype), np.zeros(x.shape, x.dtype)
        for j, part in enumerate(columns):
            by_row[..., part] += grad[..., j : j + 1] / x.dtype.type(part.stop - part.start)
        for i, part in enumerate(rows):
            by_x[:, :, part] += by_row[:, :, i : i + 1] / x.dtype.type(part.stop - part.start)
        return by_x

    return y, backward


@ag.primitive
def adaptive_maximum(x: Array, *, size: Pair) -> Result:
    """Return the maxima of overlapping patches, see `adaptive_max_pool2d`.

    The gradient goes to the first of equal values, in reading order, and to the last nan.
    """
    x = as_floats(x)
    b, c, h, w = x.shape
    rows, columns = _bounds(h, size[0]), _bounds(w, size[1])
    y, chosen = np.empty((b * c, *size), x.dtype), np.empty((b * c, *size), np.intp)
    images, index = x.reshape(b * c, h, w), np.arange(h * w).reshape(h, w)
    each = np.arange(b * c)
    for i, row in enumerate(rows):
        for j, column in enumerate(columns):
            pixels = index[row, column].reshape(-1)
            patches = images[:, row, column].reshape(b * c, len(pixels))
            at = _first_largest(patches)
            y[:, i, j], chosen[:, i, j] = patches[each, at], pixels[at]

    def backward(grad: Array) -> Array:
        by_x, grads = np.zeros((b * c, h * w), x.dtype), grad.reshape(b * c, *size)
        for i in range(size[0]):
            for j in range(size[1]):
                by_x[each, chosen[:, i, j]] += grads[:, i, j]
        return by_x.reshape(x.shape)

    return y.reshape(b, c, *size), backward


def _first_largest(rows: Array) -> Array:
    """Return the index of the largest element of each row, the first of equals, the last nan."""
    at: Array = rows.argmax(axis=1)
    is_nan = np.isnan(rows)
    if is_nan.any():
        last = rows.shape[1] - 1 - is_nan[:, ::-1].argmax(axis=1)
        at = np.where(is_nan.any(axis=1), last, at)
    return at


@ag.composed_form(adaptive_average)
def adaptive_average_composed(x: Tensor, *, size: Pair) -> Tensor:
    """Compute `adaptive_average` in plain operations."""
    return _by_patches(x, size, lambda patch: patch.mean(axis=(2, 3)))


@ag.composed_form(adaptive_maximum)
def adaptive_maximum_composed(x: Tensor, *, size: Pair) -> Tensor:
    """Compute `adaptive_maximum` in plain operations; equal values share the gradient."""
    return _by_patches(x, size, lambda patch: patch.max(axis=(2, 3)))


def _by_patches(x: Tensor, size: Pair, reduce: Callable[[Tensor], Tensor]) -> Tensor:
    rows, columns = _bounds(x.shape[2], size[0]), _bounds(x.shape[3], size[1])
    lines = [stack(*(reduce(x[:, :, i, j]) for j in columns), axis=-1) for i in rows]
    return stack(*lines, axis=2)


_SHAPES: list[tuple[tuple[int, ...], Pair, str]] = [
    ((2, 3, 5, 7), (2, 3), "overlap"),
    ((1, 2, 4, 6), (3, 6), "one axis overlaps"),
    ((1, 2, 2, 3), (4, 5), "larger than the image"),
    ((0, 2, 5, 5), (2, 2), "empty batch"),
]


@ag.samples(adaptive_average)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    for shape, size, note in _SHAPES:
        yield Sample((rng.normal(size=shape),), {"size": size}, note)


@ag.samples(adaptive_maximum, kinks="equal values in a patch: to the first; nan: to it")
def _(rng: np.random.Generator) -> Iterator[Sample]:
    for shape, size, note in _SHAPES:
        x = rng.permutation(int(np.prod(shape))).reshape(shape) / 5.0  # no ties
        yield Sample((x,), {"size": size}, note)
