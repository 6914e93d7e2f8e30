"""Texts as the mean of their words' vectors."""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike, NDArray

from pmt_autograd import Tensor
from pmt_nn.layers.axis import masked_mean
from pmt_nn.layers.dropout import Dropout
from pmt_nn.layers.embedding import Embedding
from pmt_nn.masks import Mask
from pmt_nn.module.module import Module


class MeanOfWords(Module):
    """The mean of the word vectors of a text.

    The simplest encoder of sentences, and a hard one to beat when it learns from paraphrases
    (Wieting et al. 2016): by a contrastive loss words that stand for each other come to lie
    together, and words that say little become short. The vectors begin small and random; a common
    length of all of them changes no cosine.

    vocabulary: number of token ids; d: width; dropout: rate on the word vectors.
    """

    def __init__(
        self,
        vocabulary: int,
        d: int,
        rng: np.random.Generator,
        *,
        dropout: float = 0.2,
        std: float = 0.1,
        dtype: DTypeLike = np.float32,
    ) -> None:
        self.words = Embedding(vocabulary, d, rng, std=std, dtype=dtype)
        self.dropout = Dropout(dropout)

    def forward(
        self,
        ids: NDArray[np.integer],
        mask: Mask,
        *,
        rng: np.random.Generator | None = None,
    ) -> Tensor:
        """ids, mask (True = a token that counts): (b, t) -> (b, d); zeros for an empty text."""
        return masked_mean(self.dropout(self.words(ids), rng), mask)
