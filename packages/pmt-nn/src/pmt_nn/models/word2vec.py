"""The two models of word2vec as layers on the tape (Mikolov et al. 2013a, figure 1).

This is the text to read. What trains millions of words a minute is `pmt_train.Word2Vec`, the same
gradients worked out by hand for blocks of words; a test holds the two equal.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike, NDArray

from pmt_autograd import Tensor
from pmt_nn.layers.axis import AxisMean, masked_mean
from pmt_nn.layers.embedding import Embedding
from pmt_nn.losses.hierarchical_softmax import HierarchicalSoftmax
from pmt_nn.losses.negative_sampling import NegativeSampling
from pmt_nn.masks import Mask
from pmt_nn.module.module import Module

Output = NegativeSampling | HierarchicalSoftmax
"""What says how probable a word is, given a hidden vector, and what that costs."""


class SkipGram(Module):
    """The vector of a word predicts each of its neighbors.

    v words, vectors of d numbers that start uniform in +-0.5/d. output: `NegativeSampling` or
    `HierarchicalSoftmax` of equal width.

    Attributes:
        vectors: the embedding that is left in the end.
        output: its own table is thrown away after training.
    """

    def __init__(
        self,
        v: int,
        d: int,
        output: Output,
        rng: np.random.Generator,
        *,
        dtype: DTypeLike = np.float32,
    ) -> None:
        self.vectors = Embedding.from_vectors(_first_vectors(v, d, rng), dtype=dtype)
        self.output = output

    def forward(
        self,
        words: NDArray[np.integer],
        neighbors: NDArray[np.integer],
        *drawn: NDArray[np.integer],
        reduction: str = "mean",
    ) -> Tensor:
        """-log p(neighbor | word) of n pairs, or its stand-in by negative sampling.

        words, neighbors: (n,). drawn: for negative sampling, the noise words (n, k).
        """
        hidden = self.vectors(words)  # (n, d)
        loss: Tensor = self.output(hidden, neighbors, *drawn, reduction=reduction)
        return loss


class CBOW(Module):
    """The mean of the vectors around a word predicts the word (continuous bag of words).

    Arguments and attributes are those of `SkipGram`.
    """

    def __init__(
        self,
        v: int,
        d: int,
        output: Output,
        rng: np.random.Generator,
        *,
        dtype: DTypeLike = np.float32,
    ) -> None:
        self.vectors = Embedding.from_vectors(_first_vectors(v, d, rng), dtype=dtype)
        self.mean = AxisMean(axis=1)
        self.output = output

    def forward(
        self,
        neighbors: NDArray[np.integer],
        words: NDArray[np.integer],
        *drawn: NDArray[np.integer],
        mask: Mask | None = None,
        reduction: str = "mean",
    ) -> Tensor:
        """-log p(word | neighbors) of n words, or its stand-in by negative sampling.

        neighbors: (n, c). words: (n,). drawn: for negative sampling, the noise words (n, k).
        mask: (n, c), True for a neighbor; None: all are (windows of one length).
        """
        around = self.vectors(neighbors)  # (n, c, d)
        hidden = self.mean(around) if mask is None else masked_mean(around, mask)  # (n, d)
        loss: Tensor = self.output(hidden, words, *drawn, reduction=reduction)
        return loss


def _first_vectors(v: int, d: int, rng: np.random.Generator) -> NDArray[np.float64]:
    return rng.uniform(-0.5 / d, 0.5 / d, (v, d))
