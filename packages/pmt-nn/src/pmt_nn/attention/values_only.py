"""Self-attention without a tape: the weights of a block of sequences at a time, few calls."""

from __future__ import annotations

from functools import partial

import numpy as np

from pmt_autograd import Array
from pmt_nn.attention.kernel import times_transposed
from pmt_nn.attention.relative import relative_scores
from pmt_nn.attention.score_softmax import ScoreWriter, softmax_written
from pmt_nn.layers.memory_layout import cache_blocks


def self_attention_into(qkv: Array, output: Array, heads: int) -> None:
    """Write the attention of sequences qkv (b, t, 3d) to output (b, t, d), contiguous arrays."""
    b, t, d = output.shape
    width = d // heads
    queries, keys, values = qkv.reshape(b, t, 3, heads, width).transpose(2, 0, 3, 1, 4)
    scale = qkv.dtype.type(width**-0.5)

    def write(block: slice, scores: Array) -> None:
        times_transposed(queries[block], keys[block], scores, scale)

    _mix(write, values, output.reshape(b, t, heads, width).swapaxes(1, 2))


def relative_attention_into(
    qkv: Array, content_bias: Array, position_bias: Array, output: Array
) -> None:
    """Write `relative_attention` of qkv (b, t, 3d) to output (b, t, d), contiguous arrays."""
    b, t, d = output.shape
    heads, width = content_bias.shape
    values = qkv[..., 2 * d :].reshape(b, t, heads, width).swapaxes(1, 2)
    write = relative_scores(qkv, content_bias, position_bias)
    _mix(write, values, output.reshape(b, t, heads, width).swapaxes(1, 2))


def _mix(write: ScoreWriter, values: Array, output: Array) -> None:
    """Write softmax(scores) V to output (b, h, t, k), for values V (b, h, t, k)."""
    b, heads, t, _ = values.shape
    with np.errstate(invalid="ignore"):  # of tokens that are not finite
        for block in cache_blocks(b, heads * t * t):
            weights = np.empty((block.stop - block.start, heads, t, t), values.dtype)
            softmax_written(partial(write, block, weights), weights)
            np.matmul(weights, values[block], out=output[block])
