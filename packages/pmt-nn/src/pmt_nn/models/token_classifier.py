"""A tag for every token, e.g. named entities: an encoder, a linear layer, and a CRF on top."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import DTypeLike, NDArray

from pmt_autograd import Tensor, no_grad
from pmt_nn.attention.position_bias import added_positions
from pmt_nn.crf.crf import LinearChainCRF
from pmt_nn.layers.dropout import Dropout
from pmt_nn.layers.embedding import Embedding
from pmt_nn.layers.linear import Linear
from pmt_nn.losses.cross_entropy import IGNORE, cross_entropy
from pmt_nn.masks import Mask
from pmt_nn.module.module import Module
from pmt_nn.transformer.encoder import TransformerEncoder


@dataclass(frozen=True)
class TokenClassifierConfig:
    """Size and form of a `TokenClassifier`.

    Attributes:
        vocabulary, tags: numbers of token ids and of tags.
        max_length: longest sequence.
        width, heads, hidden, layers: d, h, f and number of layers.
        dropout: rate, everywhere.
        activation: "gelu" or "relu".
        norm_first: pre-norm (True) or post-norm.
        positions: "learned" or "sinusoidal".
        crf: whether tags are scored as a chain; else each for itself.
    """

    vocabulary: int
    tags: int
    max_length: int = 128
    width: int = 128
    heads: int = 4
    hidden: int = 256
    layers: int = 2
    dropout: float = 0.1
    activation: str = "gelu"
    norm_first: bool = True
    positions: str = "learned"
    crf: bool = True


class TokenClassifier(Module):
    """Embedding, positions, encoder, one linear layer, and (with `crf`) a chain over the tags."""

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
        self.encoder = TransformerEncoder(
            d,
            config.heads,
            config.hidden,
            config.layers,
            rng,
            dropout=config.dropout,
            activation=config.activation,
            norm_first=config.norm_first,
            dtype=dtype,
        )
        self.classify = Linear(d, config.tags, rng, dtype=dtype)
        self.crf = (
            LinearChainCRF(
                config.tags, rng, forbidden=forbidden, forbidden_start=forbidden_start, dtype=dtype
            )
            if config.crf
            else None
        )

    def forward(
        self,
        ids: NDArray[np.integer],
        mask: Mask | None = None,
        *,
        rng: np.random.Generator | None = None,
    ) -> Tensor:
        """ids: (b, t), mask: (b, t), True = a token -> scores of the tags (b, t, n)."""
        x = self.words(ids)
        if self.positions is not None:
            x = self.positions(x)
        x = self.encoder(self.dropout(x, rng), mask, rng=rng)
        scores: Tensor = self.classify(self.dropout(x, rng))
        return scores

    def loss(
        self,
        ids: NDArray[np.integer],
        tags: NDArray[np.integer],
        mask: Mask | None = None,
        *,
        rng: np.random.Generator | None = None,
        reduction: str = "mean",
    ) -> Tensor:
        """-log p(tags): per sequence with a CRF, else per token.

        tags: (b, t), -100 where a token has none (e.g. the second part of a word).
        """
        scores = self(ids, mask, rng=rng)
        counted = tags != IGNORE if mask is None else mask & (tags != IGNORE)
        loss: Tensor
        if self.crf is None:
            loss = cross_entropy(scores, np.where(counted, tags, IGNORE), reduction=reduction)
        else:
            loss = self.crf(scores, tags, counted, reduction=reduction)
        return loss

    def predict(
        self, ids: NDArray[np.integer], mask: Mask | None = None, tagged: Mask | None = None
    ) -> NDArray[np.int64]:
        """The likeliest tags (b, t), -100 where there is no token. Call in evaluation mode.

        tagged: (b, t), True = a token that has a tag; all tokens by default.
        """
        if mask is None:
            mask = np.ones(ids.shape, np.bool_)
        counted = mask if tagged is None else mask & tagged
        with no_grad():
            scores = self(ids, mask).data
        if self.crf is not None:
            return self.crf.decode(scores, counted)
        return np.where(counted, scores.argmax(axis=-1), IGNORE)
