"""Memory access: blocks that fit into the cache, and images with contiguous channels.

Blocks: a formula of several element-wise steps reads and writes whole arrays at every step, and
allocates scratch arrays of their size. Block by block, the data stays in the cache from the first
step to the last. Blocks are not smaller than needed for that, because every NumPy call releases
and acquires the interpreter lock, and many short calls of two threads wait for each other.

Channels last: convolutions return images (b, c, h, w) that are stored as (b, h, w, c), or, pixels
first, as (h, w, b, c), where all images of a pixel are contiguous. Element-wise operations keep the
order; operations per channel or patch (pooling, batch normalization) use the rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

import numpy as np
from numpy.typing import DTypeLike

from pmt_autograd import Array

BLOCK_ELEMENTS = 1 << 17
"""Elements of a block, 512 KiB of float32: a few of them fit in a level-2 cache."""


def cache_blocks(n: int, width: int) -> Iterator[slice]:
    """Return slices that cover range(n), each of about 131,072 / width rows, at least one.

    Examples:
        >>> from pmt_nn import cache_blocks
        >>> list(cache_blocks(100_000, width=3))
        [slice(0, 43690, None), slice(43690, 87380, None), slice(87380, 100000, None)]
    """
    rows = max(BLOCK_ELEMENTS // max(width, 1), 1)
    if 0 < n <= rows:
        return iter((slice(0, n),))  # most often, and faster than the general case
    return (slice(start, min(start + rows, n)) for start in range(0, n, rows))


def empty_channels_last(shape: tuple[int, ...], dtype: DTypeLike) -> Array:
    """Return uninitialized memory for an image (b, c, h, w), stored as (b, h, w, c)."""
    b, c, h, w = shape
    return np.empty((b, h, w, c), dtype).transpose(0, 3, 1, 2)


def is_channels_last(x: Array) -> bool:
    """Return whether x (b, c, h, w) is stored as (b, h, w, c), without gaps."""
    return x.ndim == 4 and x.transpose(0, 2, 3, 1).flags.c_contiguous and not x.flags.c_contiguous


def is_pixels_first(x: Array) -> bool:
    """Return whether x (b, c, h, w) is stored as (h, w, b, c), without gaps, and not otherwise."""
    return (
        x.ndim == 4
        and x.transpose(2, 3, 0, 1).flags.c_contiguous
        and not (x.flags.c_contiguous or is_channels_last(x))
    )


def pixels_as_images(x: Array) -> Array:
    """Return x (b, c, h, w), stored as (h, w, b, c), as channels-last images (h, c, w, b).

    For operations that treat all pixels of all images alike. `images_as_pixels` is the inverse.
    """
    return x.transpose(2, 1, 3, 0)


def images_as_pixels(x: Array) -> Array:
    """Return what `pixels_as_images` made of x, as x."""
    return x.transpose(3, 1, 0, 2)


def pixels_first(x: Array) -> Array:
    """Return x (b, c, h, w) as (h, w, b, c), contiguous: a view if it is stored so, else a copy."""
    return np.ascontiguousarray(x.transpose(2, 3, 0, 1))


def pixel_rows(x: Array) -> Array:
    """Return x (b, c, h, w) as (b h w, c): a view if x is channels-last, else a copy."""
    b, c, h, w = x.shape
    return x.transpose(0, 2, 3, 1).reshape(b * h * w, c)


def image_rows(x: Array) -> Array:
    """Return x (b, c, h, w) as (b h, w c): a view if x is channels-last, else a copy.

    Rows are long, so an operation per channel, repeated w times (`per_row`), is one pass over a
    row instead of w short ones.
    """
    b, c, h, w = x.shape
    return x.transpose(0, 2, 3, 1).reshape(b * h, w * c)


def per_row(by_channel: Array, w: int) -> Array:
    """Repeat numbers per channel (c,) for the rows of `image_rows`, (w c,)."""
    return np.tile(by_channel, w)


def channel_sums(x: Array) -> Array:
    """Return the sum of every channel of x (b, c, h, w), (c,), in any order of memory."""
    if is_pixels_first(x):
        x = pixels_as_images(x)
    if is_channels_last(x):
        sums: Array = image_rows(x).sum(axis=0).reshape(x.shape[3], x.shape[1]).sum(axis=0)
        return sums
    total: Array = x.sum(axis=(2, 3)).sum(axis=0)
    return total


def channel_rows(array: Array, x: Array) -> Array:
    """Return an array of the shape of x (b, c, ...) as rows, in the order that suits that of x.

    Rows are (b h, w c) if x is channels-last, (h w, b c) if pixels-first, else (b, c, pixels).
    """
    if x.ndim == 2:
        return array
    if is_pixels_first(x):
        return channel_rows(pixels_as_images(array), pixels_as_images(x))
    if is_channels_last(x):
        return image_rows(array)
    return array.reshape(*x.shape[:2], prod(x.shape[2:]))


def channel_image(rows: Array, x: Array) -> Array:
    """Return the rows that `channel_rows` makes as an array of the shape of x."""
    if is_pixels_first(x):
        return images_as_pixels(channel_image(rows, pixels_as_images(x)))
    if not is_channels_last(x):
        return rows.reshape(x.shape)
    b, c, h, w = x.shape
    return rows.reshape(b, h, w, c).transpose(0, 3, 1, 2)
