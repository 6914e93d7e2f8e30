"""BERT's loss: masked words and pairs of sentences (Devlin et al. 2018, section 3.1)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pmt_autograd import Tensor
from pmt_nn.cross_entropy import IGNORE, cross_entropy


def pretraining_loss(
    word_logits: Tensor,
    words: NDArray[np.integer],
    pair_logits: Tensor,
    pairs: NDArray[np.integer],
    *,
    ignore: int = IGNORE,
) -> Tensor:
    """Mean cross-entropy of the masked words plus mean cross-entropy of the pairs.

    word_logits: (b, t, v), or (n, v) for the masked places alone; words: the ids that were there,
    `ignore` where no word was masked. pair_logits: (b, 2); pairs: (b,) 0 or 1.
    """
    return cross_entropy(word_logits, words, ignore=ignore) + cross_entropy(
        pair_logits, pairs, ignore=ignore
    )
