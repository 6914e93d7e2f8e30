"""`SkipGram` and `CBOW`: word2vec as layers on the tape (Mikolov et al. 2013a, figure 1).

This is the implementation to read. `pmt_train.Word2Vec` trains millions of words a minute by the
same gradients, derived by hand for blocks of words; a test compares the two.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike, NDArray

from pmt_autograd import Tensor
from pmt_core import check_sizes
from pmt_nn.layers.axis import masked_mean
from pmt_nn.layers.embedding import Embedding
from pmt_nn.losses.word2vec import HierarchicalSoftmax, NegativeSampling
from pmt_nn.masks import Mask
from pmt_nn.module.module import Module


class _WordVectors(Module):
    """Word vectors and an output layer."""

    def __init__(
        self,
        v: int,
        d: int,
        output: NegativeSampling | HierarchicalSoftmax,
        rng: np.random.Generator,
        *,
        dtype: DTypeLike = np.float32,
    ) -> None:
        check_sizes(type(self).__name__, v=v, d=d)
        self.vectors = Embedding.from_vectors(rng.uniform(-1 / d, 1 / d, (v, d)), dtype=dtype)
        self.output = output


class SkipGram(_WordVectors):
    """Skip-gram: the vector of a word predicts each of its neighbors.

    Args:
        v: Number of words.
        d: Dimension of the word vectors, which start uniform in +-1/d, as those of
            `pmt_train.Word2Vec` and gensim.
        output: The output layer with its loss, of width d.
        rng: Source of the initial vectors.
        dtype: Of the vectors.

    Attributes:
        vectors: The embedding with the word vectors.
        output: Its table is not needed after training.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import NegativeSampling, SkipGram
        >>> rng = np.random.default_rng(0)
        >>> model = SkipGram(1000, 16, NegativeSampling(1000, 16), rng)
        >>> words, neighbors = np.array([5, 5, 8]), np.array([7, 8, 5])
        >>> noise = rng.integers(0, 1000, (3, 5))  # five noise words for each pair
        >>> loss = model(words, neighbors, noise)
        >>> round(loss.item(), 3)  # 6 ln 2: the output vectors start at 0
        4.159
        >>> model.vectors(words).shape
        (3, 16)
    """

    def forward(
        self,
        words: NDArray[np.integer],
        neighbors: NDArray[np.integer],
        *noise: NDArray[np.integer],
        reduction: str = "mean",
    ) -> Tensor:
        """Return -log p(neighbor | word) of n pairs, or its negative-sampling objective.

        Args:
            words: (n,) center words.
            neighbors: (n,) context words.
            noise: For negative sampling, the noise words (n, k).
            reduction: "mean", "sum" or "none".
        """
        loss: Tensor = self.output(self.vectors(words), neighbors, *noise, reduction=reduction)
        return loss


class CBOW(_WordVectors):
    """Continuous bag of words: the mean of the vectors around a word predicts the word.

    Arguments and attributes are those of `SkipGram`.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import CBOW, HierarchicalSoftmax
        >>> counts = np.array([40, 30, 20, 10])
        >>> model = CBOW(4, 8, HierarchicalSoftmax(counts, 8), np.random.default_rng(0))
        >>> neighbors, words = np.array([[0, 2], [1, 3]]), np.array([1, 0])
        >>> round(model(neighbors, words, reduction="sum").item(), 3)  # 3 ln 2: three nodes
        2.079
    """

    def forward(
        self,
        neighbors: NDArray[np.integer],
        words: NDArray[np.integer],
        *noise: NDArray[np.integer],
        reduction: str = "mean",
        mask: Mask | None = None,
    ) -> Tensor:
        """Return -log p(word | neighbors) of n words, or its negative-sampling objective.

        Args:
            neighbors: (n, c) context words.
            words: (n,) center words.
            noise: For negative sampling, the noise words (n, k).
            reduction: "mean", "sum" or "none".
            mask: (n, c), True for a neighbor; None: all are.
        """
        around = self.vectors(neighbors)  # (n, c, d)
        context_mean = around.mean(axis=1) if mask is None else masked_mean(around, mask)  # (n, d)
        loss: Tensor = self.output(context_mean, words, *noise, reduction=reduction)
        return loss
