"""Loss and gradients of hierarchical softmax for blocks of words, and bounded steps."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pmt_nn.word2vec.logistic import logistic_loss, scaled_sigmoid


class PathArrays(NamedTuple):
    """How often inner nodes are passed by each of h input vectors.

    Attributes:
        total: How often a node is on the path of a word that the vector predicts.
        right: How often the path turns right there.
    """

    total: NDArray[np.float32]
    right: NDArray[np.float32]


class TreeGradients(NamedTuple):
    """Loss of an update, and its negative derivatives.

    Attributes:
        loss: Sum over all predictions.
        inputs: (r, h, d) by the input vectors.
        deep: (r, o, d) by the vectors of the deep nodes.
        top: (k, d) by the vectors of the top nodes.
    """

    loss: float
    inputs: NDArray[np.float32]
    deep: NDArray[np.float32]
    top: NDArray[np.float32]


def tree_gradients(
    inputs: NDArray[np.float32],
    top: NDArray[np.float32],
    deep: NDArray[np.float32],
    top_paths: PathArrays,
    deep_paths: PathArrays,
) -> TreeGradients:
    """Compute the loss and the gradients of r blocks.

    With score s of a node, the loss of a turn is softplus(s) - s for right, softplus(s) for left.

    Args:
        inputs: (r, h, d) input vectors.
        top: (k, d) vectors of the nodes near the root, which nearly every path passes; each
            input vector is multiplied with all of them.
        deep: (r, o, d) vectors of the nodes further down: one row for each step of each word of
            the block.
        top_paths: Arrays (r, h, k).
        deep_paths: Arrays (r, o, h).
    """
    r, h, d = inputs.shape
    flat = inputs.reshape(-1, d)
    flat_paths = PathArrays(*(x.reshape(r * h, -1) for x in top_paths))
    top_loss, top_scores = _score_gradients(flat @ top.T, flat_paths)
    deep_loss, deep_scores = _score_gradients(deep @ inputs.transpose(0, 2, 1), deep_paths)
    input_gradients = deep_scores.transpose(0, 2, 1) @ deep
    input_gradients += (top_scores @ top).reshape(r, h, d)
    return TreeGradients(
        top_loss + deep_loss, input_gradients, deep_scores @ inputs, top_scores.T @ flat
    )


def _score_gradients(
    scores: NDArray[np.float32], paths: PathArrays
) -> tuple[float, NDArray[np.float32]]:
    tanh = np.empty_like(scores)
    gradients = scaled_sigmoid(scores, paths.total * scores.dtype.type(-0.5), tanh)
    gradients += paths.right
    loss = logistic_loss(scores, tanh, paths.total) - float(np.vdot(paths.right, scores))
    return loss, gradients


def bounded_steps(
    gradients: NDArray[np.float32], curvature: NDArray[np.float32], rate: float, limit: float
) -> NDArray[np.float32]:
    """Shorten the gradients of rows for which a step of length `rate` could increase the loss.

    The second derivative of softplus is at most 1/4, so along any direction the loss as a function
    of a row curves by at most c = curvature / 4, and steps of up to 1 / c decrease it. Many terms
    added at once overshoot, further every time, while single steps, each with new scores, would
    converge. The result has no step longer than limit / c.

    Args:
        gradients: (..., d); is overwritten and returned.
        curvature: (...), for each row the sum of t |x|^2 over the vectors x it is multiplied with,
            t times each.
        rate: Learning rate.
        limit: Length of the longest step, in units of 1 / c.
    """
    scale = limit / np.maximum(curvature * (rate / 4), limit)
    gradients *= scale[..., np.newaxis].astype(gradients.dtype)
    return gradients
