"""CBOW with negative sampling: loss and gradients by hand, for several blocks at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pmt_text.word2vec.block_gradients import BlockGradients
from pmt_text.word2vec.hidden_means import HiddenMeans
from pmt_text.word2vec.logistic import logistic

__all__ = ["cbow_noise_gradients"]


def cbow_noise_gradients(
    inputs: NDArray[np.float32],
    centres: NDArray[np.float32],
    noise: NDArray[np.float32],
    means: HiddenMeans,
    noise_total: NDArray[np.float32],
) -> BlockGradients:
    """Loss and gradients of r blocks of b words that share k noise words.

    inputs: (r, m, d) vectors of the words and their neighbours; centres: (r * b, d) and noise:
    (k, d) output vectors; means: how hidden vectors are made of inputs; noise_total: (r * b, k)
    how often each noise word counts for each word, 0 where the word is not predicted.

    As for skip-gram (`skipgram_noise_gradients`), but the hidden vector is the mean of the inputs
    that a word sees, and predicts that word only: the scores of the words themselves are one dot
    product each. `outputs` of the result are by the centres, `shared` by the noise.
    """
    r, _, d = inputs.shape
    hidden = means.of(inputs).reshape(-1, d)
    predicted = means.predicted.reshape(-1)
    scores = np.einsum("nd,nd->n", hidden, centres)
    own_loss, own = logistic(scores, predicted)
    own_loss -= float(predicted @ scores)
    own += predicted
    noise_loss, others = logistic(hidden @ noise.T, noise_total)
    by_hidden = others @ noise
    by_noise = others.T @ hidden
    centres *= own[:, np.newaxis]
    by_hidden += centres
    hidden *= own[:, np.newaxis]
    by_inputs = means.spread(by_hidden.reshape(r, -1, d))
    return BlockGradients(
        own_loss + noise_loss, float(predicted.sum()), by_inputs, hidden, by_noise
    )
