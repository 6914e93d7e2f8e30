"""Initial weights of a masked language model that are known before its first step."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pmt_nn import MaskedBert


def set_frequency_bias(model: MaskedBert, ids: NDArray[np.integer]) -> None:
    """Set the bias of the output layer to the logarithm of the frequencies of the tokens.

    The first predictions are then about the frequencies, and gradients go to what depends on the
    context. Otherwise the model first learns the frequencies, by vectors that are alike for all
    contexts, and takes long to leave that state. ids: of the training text, (n,).
    """
    counts = np.bincount(ids, minlength=model.output_vocabulary) + 1
    model.bias.data[...] = np.log(counts / counts.sum())
