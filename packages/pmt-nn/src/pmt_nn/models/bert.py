"""`Bert`: the encoder of BERT, RoBERTa, MiniLM, DistilBERT and ELECTRA (Devlin et al. 2018)."""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike

from pmt_autograd import Tensor, tanh
from pmt_core import StateError
from pmt_nn.attention.positions import LearnedPositions
from pmt_nn.layers.dropout import Dropout
from pmt_nn.layers.embedding import Embedding
from pmt_nn.layers.linear import Linear
from pmt_nn.layers.normalization import LayerNorm
from pmt_nn.masks import Ids, Mask, Rng
from pmt_nn.models.bert_config import BertConfig
from pmt_nn.module.module import Module
from pmt_nn.transformer.encoder import TransformerEncoder


class Bert(Module):
    """Encode tokens: word, token type and position embeddings, a norm, a post-norm encoder.

    Embeddings of another width than the encoder's (ELECTRA) pass a linear layer before it.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import Bert, BertConfig
        >>> config = BertConfig(vocabulary=100, width=16, heads=2, hidden=32, layers=2)
        >>> model = Bert(config, np.random.default_rng(0)).eval()
        >>> ids = np.array([[2, 7, 8, 3], [2, 9, 3, 0]])
        >>> hidden = model(ids, ids != 0)
        >>> hidden.shape, model.pooled(hidden).shape
        ((2, 4, 16), (2, 16))
    """

    def __init__(
        self, config: BertConfig, rng: np.random.Generator, *, dtype: DTypeLike = np.float32
    ) -> None:
        d, n = config.width, config.token_types
        e = config.embedding or d
        self.config = config
        self.words = Embedding(config.vocabulary, e, rng, dtype=dtype)
        self.token_types = Embedding(n, e, rng, sparse=False, dtype=dtype) if n else None
        self.positions = LearnedPositions(config.max_length, e, rng, dtype=dtype)
        self.norm = LayerNorm(e, eps=config.norm_eps, dtype=dtype)
        self.dropout = Dropout(config.dropout)
        self.project = Linear(e, d, rng, dtype=dtype) if config.embedding else None
        self.encoder = TransformerEncoder(config, rng, dtype=dtype)
        self.pool = Linear(d, d, rng, dtype=dtype) if config.pooled else None

    def forward(
        self,
        ids: Ids,
        mask: Mask | None = None,
        token_types: Ids | None = None,
        *,
        features: Tensor | None = None,
        rng: Rng = None,
    ) -> Tensor:
        """Return the vectors of the tokens, (b, t, d).

        ids, mask (True at tokens), token_types (0 or 1; all 0 by default): (b, t). features: what
        else is known of the tokens, embedded as the words are, (b, t, e); it is added to them.
        """
        x = self.words(ids)
        if features is not None:
            x = x + features
        if self.token_types is not None:
            x = x + self.token_types(np.zeros_like(ids) if token_types is None else token_types)
        x = self.dropout(self.norm(self.positions(x)), rng)
        if self.project is not None:
            x = self.project(x)
        hidden: Tensor = self.encoder(x, mask, rng=rng)
        return hidden

    def pooled(self, hidden: Tensor) -> Tensor:
        """Return tanh of a linear layer on the first token (b, d), for classification.

        Raises StateError if the model was stored without this layer.
        """
        if self.pool is None:
            raise StateError(
                "this encoder has no pooling layer; take hidden[:, 0], or masked_mean(hidden, mask)"
            )
        return tanh(self.pool(hidden[:, 0]))
