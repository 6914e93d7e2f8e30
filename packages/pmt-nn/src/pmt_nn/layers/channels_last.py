"""Images whose channels lie side by side in memory, though their axes are (b, c, h, w).

Convolutions hand their results on in this order. What works element by element keeps it without
knowing; what goes by channel or by window (pooling, batch normalization) asks for the rows.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike

from pmt_autograd import Array


def empty_channels_last(shape: tuple[int, ...], dtype: DTypeLike) -> Array:
    """Memory for an image (b, c, h, w), whatever is in it."""
    b, c, h, w = shape
    return np.empty((b, h, w, c), dtype).transpose(0, 3, 1, 2)


def is_channels_last(x: Array) -> bool:
    """Whether x (b, c, h, w) lies in memory as (b, h, w, c), without gaps."""
    return x.ndim == 4 and x.transpose(0, 2, 3, 1).flags.c_contiguous and not x.flags.c_contiguous


def pixel_rows(x: Array) -> Array:
    """(b, c, h, w) -> (b h w, c): a view where the channels lie last, else a copy."""
    b, c, h, w = x.shape
    return x.transpose(0, 2, 3, 1).reshape(b * h * w, c)


def image_rows(x: Array) -> Array:
    """(b, c, h, w) -> (b h, w c): a view where the channels lie last, else a copy.

    Long rows: what is added to or taken from each channel, repeated w times (`per_row`), fits to
    them in one pass, where c numbers at a time would be many short ones.
    """
    b, c, h, w = x.shape
    return x.transpose(0, 2, 3, 1).reshape(b * h, w * c)


def per_row(by_channel: Array, w: int) -> Array:
    """(c,) -> (w c,): numbers by channel for the rows of `image_rows`."""
    return np.tile(by_channel, w)


def channel_sums(x: Array) -> Array:
    """(b, c, h, w) -> (c,): sum of every channel, whatever the order in memory."""
    if is_channels_last(x):
        sums: Array = image_rows(x).sum(axis=0).reshape(x.shape[3], x.shape[1]).sum(axis=0)
        return sums
    total: Array = x.sum(axis=(2, 3)).sum(axis=0)
    return total
