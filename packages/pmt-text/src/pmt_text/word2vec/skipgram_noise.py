"""Skip-gram with negative sampling: loss and gradients by hand, for several blocks at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pmt_text.word2vec.block_gradients import BlockGradients
from pmt_text.word2vec.logistic import logistic

__all__ = ["skipgram_noise_gradients"]


def skipgram_noise_gradients(
    inputs: NDArray[np.float32],
    outputs: NDArray[np.float32],
    sees: NDArray[np.float32],
    noise_total: NDArray[np.float32],
) -> BlockGradients:
    """Loss and gradients of r blocks of b words, each with k noise words of its own.

    inputs: (r, m, d) vectors of the words and their neighbours; outputs: (r, b + k, d) of the b
    words and the noise; sees: (r, b, m), 1 where the input is context of the word; noise_total:
    (r, b, k) how often each noise word counts for each word.

    Every input is a hidden vector h that predicts the words which see it. It asks the output
    vectors w by its scores s = h . w; with p the answers yes and t all answers wanted from it, sums
    over these words, the loss is sum t softplus(s) - p s, and minus its derivative by s is
    g = p - t sigmoid(s). So dh = g w and dw = g^T h: three products of matrices in all.
    """
    seen_by = sees.transpose(0, 2, 1)  # (r, m, b): p of the words themselves, and their t
    b, k = sees.shape[1], noise_total.shape[2]
    total = np.empty((*seen_by.shape[:2], b + k), sees.dtype)
    total[:, :, :b] = seen_by
    np.matmul(seen_by, noise_total, out=total[:, :, b:])
    scores = inputs @ outputs.transpose(0, 2, 1)
    loss, by_score = logistic(scores, total)
    loss -= float(np.einsum("rmb,rbm->", scores[:, :, :b], sees))
    by_score[:, :, :b] += seen_by
    by_outputs = by_score.transpose(0, 2, 1) @ inputs
    none = np.empty((0, inputs.shape[2]), inputs.dtype)
    return BlockGradients(loss, float(sees.sum()), by_score @ outputs, by_outputs, none)
