"""`MeanOfWords`: the mean of the word vectors of a text."""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike

from pmt_autograd import Tensor
from pmt_nn.layers.axis import masked_mean
from pmt_nn.layers.dropout import Dropout
from pmt_nn.layers.embedding import Embedding
from pmt_nn.masks import Ids, Mask, Rng
from pmt_nn.module.module import Module


class MeanOfWords(Module):
    """Encode a text as the mean of its word vectors.

    The simplest sentence encoder, and hard to beat if it is trained on paraphrases (Wieting et al.
    2016): a contrastive loss moves words of one meaning together and shortens the vectors of words
    with little meaning. The vectors start small and random; a common factor changes no cosine.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import MeanOfWords
        >>> model = MeanOfWords(100, 8, np.random.default_rng(0)).eval()
        >>> ids = np.array([[5, 6, 7], [7, 5, 6], [5, 0, 0]])
        >>> vectors = model(ids, ids > 0).data
        >>> vectors.shape, np.allclose(vectors[0], vectors[1])  # the order of the words is not seen
        ((3, 8), True)
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

    def forward(self, ids: Ids, mask: Mask, *, rng: Rng = None) -> Tensor:
        """Return the means (b, d) of ids (b, t) where mask (b, t) is True; zeros if nowhere."""
        return masked_mean(self.dropout(self.words(ids), rng), mask)
