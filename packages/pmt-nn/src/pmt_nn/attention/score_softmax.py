"""The softmax of attention scores, block by block, in one pass if no score is large.

Letters: b batch, t query length, s key length, h heads.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from typing import Any

import numpy as np

from pmt_autograd import Array
from pmt_core import softmax
from pmt_nn.layers.memory_layout import cache_blocks

# If no score is above 40, the exponentials are summed as they are: e^40 = 2e17 is far from
# float32's limits, and a sum above e^-40 has lost nothing. Finding the largest score of each row
# first is the slowest step of the softmax, and trained models rarely come near such scores.
SMALL = 40.0
LARGE = math.exp(SMALL)

ScoreWriter = Callable[[slice, Array], None]
"""(block of sequences, array (block, h, t, s)) -> writes the scores of the block to the array."""


def rows_of_block(x: Array, block: slice) -> Array:
    """Return the rows of x that belong to a block; x itself if its first axis broadcasts."""
    return x if len(x) == 1 else x[block]


def softmax_weights(write: ScoreWriter, shape: tuple[int, ...], dtype: np.dtype) -> Array:
    """Return the softmax of the scores, of shape (b, h, t, s)."""
    weights = np.empty(shape, dtype)
    for _ in softmax_blocks(write, weights):
        pass
    return weights


def softmax_blocks(write: ScoreWriter, weights: Array) -> Iterator[slice]:
    """Fill weights (b, h, t, s) with the softmax of the scores; yield each block when done."""
    for block in sequence_blocks(weights):
        softmax_written(partial(write, block, weights[block]), weights[block])
        yield block


def softmax_written(write: Callable[[], None], scores: Array) -> None:
    """Replace the scores that `write` writes to (..., s) by their softmax over the last axis.

    `write` is called a second time if the first attempt was not exact. A score of -inf gets the
    weight 0; a row of them, with nothing to attend to, becomes zeros.
    """
    rows = scores.reshape(math.prod(scores.shape[:-1]), scores.shape[-1])
    write()
    if np.maximum.reduce(rows.reshape(-1), initial=0) < SMALL:
        total = _exponentials(rows)
        if np.minimum.reduce(total, initial=1) > 1 / LARGE:
            rows *= (1 / total)[:, np.newaxis]
            return
        write()  # a row without keys, or with very small scores only
    top = rows.max(axis=-1, keepdims=True, initial=np.finfo(rows.dtype).min)
    if (top == np.inf).any():  # infinite scores share the weight
        rows[...] = softmax(rows)
        return
    rows -= top  # the smallest float for a row of -inf, which stays -inf, not nan
    total = _exponentials(rows)
    total[total == 0] = 1
    rows *= (1 / total)[:, np.newaxis]


def _exponentials(rows: Array) -> Array:
    """Replace rows (n, s) by e^rows and return their sums (n,), as a product, which is faster."""
    np.exp(rows, out=rows)
    total: Array = rows @ _ones(rows.shape[1], rows.dtype)
    return total


@lru_cache(maxsize=256)
def _ones(s: int, dtype: np.dtype[Any]) -> Array:
    """Return (s,) ones, read-only."""
    ones = np.ones(s, dtype)
    ones.flags.writeable = False
    return ones


def sequence_blocks(weights: Array) -> Iterator[slice]:
    """Return slices of the batch whose weights fit in the level-2 cache."""
    return cache_blocks(len(weights), weights[:1].size)
