"""A token classifier: a Transformer encoder, a linear layer and an optional CRF."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import DTypeLike, NDArray

from pmt_autograd import Tensor, no_grad
from pmt_core import IGNORE_LABEL
from pmt_nn.attention.positions import added_positions
from pmt_nn.crf.crf import LinearChainCRF
from pmt_nn.layers.dropout import Dropout
from pmt_nn.layers.embedding import Embedding
from pmt_nn.layers.linear import Linear
from pmt_nn.losses.cross_entropy import cross_entropy
from pmt_nn.masks import Ids, Mask, Rng
from pmt_nn.module.module import Module
from pmt_nn.transformer.config import TransformerConfig
from pmt_nn.transformer.encoder import TransformerEncoder


@dataclass(frozen=True, kw_only=True)
class TokenClassifierConfig(TransformerConfig):
    """Settings of a `TokenClassifier`, added to those of its encoder.

    Attributes:
        vocabulary: number of token ids.
        tags: number of tags.
        max_length: length of the longest sequence, for positions added to the embeddings.
        crf: whether a linear-chain CRF scores the tags; otherwise each tag is scored on its own.
    """

    vocabulary: int
    tags: int
    max_length: int = 128
    positions: str = "learned"
    crf: bool = True


class TokenClassifier(Module):
    """Classify every token, e.g. parts of speech.

    Args:
        forbidden: forbidden transitions, see `LinearChainCRF`.
        forbidden_start: forbidden first tags, see `LinearChainCRF`.
    """

    def __init__(
        self,
        config: TokenClassifierConfig,
        rng: np.random.Generator,
        *,
        forbidden: NDArray[np.bool_] | None = None,
        forbidden_start: NDArray[np.bool_] | None = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        d = config.width
        self.config = config
        self.words = Embedding(config.vocabulary, d, rng, dtype=dtype)
        self.positions = added_positions(config.positions, config.max_length, d, rng, dtype)
        self.dropout = Dropout(config.dropout)
        self.encoder = TransformerEncoder(config, rng, dtype=dtype)
        self.classify = Linear(d, config.tags, rng, dtype=dtype)
        self.crf = (
            LinearChainCRF(
                config.tags, rng, forbidden=forbidden, forbidden_start=forbidden_start, dtype=dtype
            )
            if config.crf
            else None
        )

    def forward(self, ids: Ids, mask: Mask | None = None, *, rng: Rng = None) -> Tensor:
        """Return the scores of the tags (b, t, tags) for ids (b, t); mask (b, t), True at tokens.

        rng: random stream of dropout, required in training if the rate is above 0.
        """
        x = self.words(ids)
        if self.positions is not None:
            x = self.positions(x)
        x = self.encoder(self.dropout(x, rng), mask, rng=rng)
        scores: Tensor = self.classify(self.dropout(x, rng))
        return scores

    def loss(
        self,
        ids: Ids,
        tags: Ids,
        mask: Mask | None = None,
        *,
        rng: Rng = None,
        reduction: str = "mean",
    ) -> Tensor:
        """Return -log p(tags), reduced: per sequence with a CRF, otherwise per token.

        tags: (b, t), IGNORE_LABEL at tokens without a tag, e.g. the second subword of a word.
        """
        scores = self(ids, mask, rng=rng)
        counted = tags != IGNORE_LABEL if mask is None else mask & (tags != IGNORE_LABEL)
        loss: Tensor
        if self.crf is None:
            labels = np.where(counted, tags, IGNORE_LABEL)
            loss = cross_entropy(scores, labels, reduction=reduction)
        else:
            loss = self.crf(scores, tags, counted, reduction=reduction)
        return loss

    def predict(
        self, ids: Ids, mask: Mask | None = None, tagged: Mask | None = None
    ) -> NDArray[np.int64]:
        """Return the most likely tags (b, t), IGNORE_LABEL at padding. Call in evaluation mode.

        tagged: (b, t), True at tokens that have a tag; all tokens by default.
        """
        if mask is None:
            mask = np.ones(ids.shape, np.bool_)
        counted = mask if tagged is None else mask & tagged
        with no_grad():
            scores = self(ids, mask).data
        if self.crf is not None:
            return self.crf.decode(scores, counted)
        return np.where(counted, scores.argmax(axis=-1), IGNORE_LABEL)
