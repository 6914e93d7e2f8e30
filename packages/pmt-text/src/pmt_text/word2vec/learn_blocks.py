"""One update of CBOW or skip-gram: loss and gradients by hand, for several blocks at once."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pmt_text.word2vec.labels import Labels
from pmt_text.word2vec.logistic import logistic

__all__ = ["BlockGradients", "block_gradients"]


class BlockGradients(NamedTuple):
    """What `block_gradients` gives.

    Attributes:
        loss: sum over all predictions.
        predictions: how many there were.
        inputs: (r, m, d), minus the derivative of the loss by every input vector.
        outputs: (r, o, d), the same for the output vectors.
    """

    loss: float
    predictions: float
    inputs: NDArray[np.float32]
    outputs: NDArray[np.float32]


def block_gradients(
    inputs: NDArray[np.float32],
    outputs: NDArray[np.float32],
    sees: NDArray[np.float32],
    labels: Labels,
    *,
    cbow: bool,
    share_error: bool,
) -> BlockGradients:
    """Loss and gradients of r blocks of b words.

    inputs: (r, m, d) vectors of the words and their neighbours; outputs: (r, o, d); sees:
    (r, b, m), 1 where the input is context of the word (`ContextWindows`).

    A hidden vector h asks the output vectors w by its scores s = h . w; with p the answers yes
    and t all answers wanted from it, the loss is sum t softplus(s) - p s, and minus its derivative
    by s is g = p - t sigmoid(s). So dh = g w and dw = g^T h: three products of matrices in all.

    Skip-gram: every input is an h and predicts the words that see it, so its p and t are sums over
    these words. CBOW: h is the mean of the inputs that a word sees and predicts that word; dh goes
    to the inputs whole, as in the C program, or, `share_error`, by the c-th part (exact).
    """
    if cbow:
        counted = sees.sum(axis=2, keepdims=True)  # (r, b, 1)
        mean = sees / np.maximum(counted, 1)
        hidden = mean @ inputs
        predicts = np.minimum(counted, 1)  # a word without context is not predicted
        positive, total = labels.positive * predicts, labels.total * predicts
        predictions = float(predicts.sum())
    else:
        hidden = inputs
        seen_by = sees.transpose(0, 2, 1)  # (r, m, b)
        positive, total = seen_by @ labels.positive, seen_by @ labels.total
        predictions = float(sees.sum())
    loss, by_score = logistic(hidden @ outputs.transpose(0, 2, 1), positive, total)
    by_hidden = by_score @ outputs
    by_outputs = by_score.transpose(0, 2, 1) @ hidden
    if cbow:
        by_hidden = (mean if share_error else sees).transpose(0, 2, 1) @ by_hidden
    return BlockGradients(loss, predictions, by_hidden, by_outputs)
