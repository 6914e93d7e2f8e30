"""Classifies a pair of texts with one Transformer encoder that reads both at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import DTypeLike, NDArray

from pmt_autograd import Tensor, tanh
from pmt_nn.attention import Mask
from pmt_nn.dropout import Dropout
from pmt_nn.embedding import Embedding
from pmt_nn.layer_norm import LayerNorm
from pmt_nn.linear import Linear
from pmt_nn.module import Module
from pmt_nn.positions import LearnedPositions
from pmt_nn.transformer_encoder import TransformerEncoder


@dataclass(frozen=True)
class PairClassifierConfig:
    """Size and form of a `PairClassifier`.

    Attributes:
        vocabulary: number of token ids.
        max_length: longest pair in tokens, special tokens included.
        width: model width d.
        heads: attention heads.
        hidden: width of the feed-forward networks.
        layers: number of encoder layers.
        classes: number of labels.
        dropout: rate, everywhere in the encoder and on the embeddings.
        activation: "gelu" or "relu".
        norm_first: pre-norm (True) or post-norm.
    """

    vocabulary: int
    max_length: int = 64
    width: int = 128
    heads: int = 4
    hidden: int = 256
    layers: int = 2
    classes: int = 2
    dropout: float = 0.1
    activation: str = "gelu"
    norm_first: bool = True


class PairClassifier(Module):
    """Logits for `<cls> a <sep> b <sep>`: embeddings, encoder, pooling, one hidden layer.

    A token's vector is the sum of its word's, its segment's (which text it stands in), its
    match's (whether the word also stands in the other text) and its position's. Pooled are
    the first token and the mean of each text.
    """

    def __init__(
        self,
        config: PairClassifierConfig,
        rng: np.random.Generator,
        *,
        dtype: DTypeLike = np.float32,
    ) -> None:
        d = config.width
        self.words = Embedding(config.vocabulary, d, rng, dtype=dtype)
        self.segments = Embedding(2, d, rng, sparse=False, dtype=dtype)
        self.matches = Embedding(3, d, rng, sparse=False, dtype=dtype)
        self.positions = LearnedPositions(config.max_length, d, rng, dtype=dtype)
        self.norm = LayerNorm(d, dtype=dtype)
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
        self.pool = Linear(3 * d, d, rng, dtype)
        self.classify = Linear(d, config.classes, rng, dtype)

    def forward(
        self,
        ids: NDArray[np.integer],
        segments: NDArray[np.integer],
        matches: NDArray[np.integer],
        mask: Mask,
        *,
        rng: np.random.Generator | None = None,
    ) -> Tensor:
        """ids, segments (0, 1), matches (0, 1, 2), mask (True = token): (b, t) -> (b, classes).

        rng: stream of this pass, needed in training with dropout.
        """
        x = self.words(ids) + self.segments(segments) + self.matches(matches)
        x = self.dropout(self.norm(self.positions(x)), rng)
        x = self.encoder(x, mask, rng=rng)
        pooled = (_pooling_shares(segments, mask, x.dtype) @ x).reshape(x.shape[0], -1)
        logits: Tensor = self.classify(self.dropout(tanh(self.pool(pooled)), rng))
        return logits


def _pooling_shares(
    segments: NDArray[np.integer], mask: Mask, dtype: DTypeLike
) -> NDArray[np.floating]:
    """(b, 3, t): what share a token has in each pooled vector: first token, mean of either text.

    One product with them pools all three.
    """
    b, t = mask.shape
    shares = np.zeros((b, 3, t), dtype)
    shares[:, 0, 0] = 1
    np.logical_and(mask, segments == 0, out=shares[:, 1])
    np.logical_and(mask, segments == 1, out=shares[:, 2])
    shares /= np.maximum(shares.sum(axis=2, keepdims=True), 1)
    return shares
