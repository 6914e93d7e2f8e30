"""Hierarchical softmax: loss and gradients by hand, for several blocks at once.

What one update of the weights comes to.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pmt_text.word2vec.kernels.logistic import logistic_changes, logistic_loss

__all__ = ["tree_gradients", "BlockGradients"]


def tree_gradients(
    hidden: NDArray[np.float32],
    top: NDArray[np.float32],
    deep: NDArray[np.float32],
    top_total: NDArray[np.float32],
    top_right: NDArray[np.float32],
    deep_total: NDArray[np.float32],
    deep_right: NDArray[np.float32],
) -> BlockGradients:
    """Loss and gradients of r blocks of h hidden vectors.

    hidden: (r, h, d); top: (k, d) vectors of the inner nodes near the root, which nearly every word
    passes: all hidden vectors meet all of them. deep: (r, o, d) vectors of the nodes that the words
    of a block pass below, a column for each step of each word.
    top_total, top_right: (r, h, k), deep_total, deep_right: (r, o, h), how often a node is asked by
    a hidden vector for the way, and how often that is to the right.

    The loss is that of `skipgram_noise_gradients`, with p the ways to the right. `inputs` of the
    result are by the hidden vectors, `outputs` by the deep nodes, `shared` by the top ones.
    """
    r, h, d = hidden.shape
    flat = hidden.reshape(-1, d)
    top_loss, by_top = _learn(flat @ top.T, *(x.reshape(r * h, -1) for x in (top_total, top_right)))
    deep_loss, by_deep = _learn(deep @ hidden.transpose(0, 2, 1), deep_total, deep_right)
    by_hidden = by_deep.transpose(0, 2, 1) @ deep
    by_hidden += (by_top @ top).reshape(r, h, d)
    # Every prediction asks the root, which is the last of the top nodes.
    predictions = float(top_total[:, :, -1].sum())
    return BlockGradients(
        top_loss + deep_loss, predictions, by_hidden, by_deep @ hidden, by_top.T @ flat
    )


def _learn(
    scores: NDArray[np.float32], total: NDArray[np.float32], right: NDArray[np.float32]
) -> tuple[float, NDArray[np.float32]]:
    tanh = np.empty_like(scores)
    by_score = logistic_changes(scores, total * scores.dtype.type(-0.5), tanh)
    by_score += right
    return logistic_loss(scores, tanh, total) - float(np.vdot(right, scores)), by_score


class BlockGradients(NamedTuple):
    """The loss of an update, and minus its derivatives.

    Attributes:
        loss: sum over all predictions.
        predictions: how many there were.
        inputs: (r, m, d) by the input vectors of r blocks.
        outputs: (..., d) by the output vectors of each block or word, as they were given.
        shared: (k, d) by the output vectors that all blocks have in common; (0, d)
            where there are none.
    """

    loss: float
    predictions: float
    inputs: NDArray[np.float32]
    outputs: NDArray[np.float32]
    shared: NDArray[np.float32]
