"""Classifies a pair of texts with one Transformer encoder that reads both at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import DTypeLike, NDArray

from pmt_autograd import Array, Tensor, absolute, concat, tanh
from pmt_core import ShapeError
from pmt_nn.attention.positions import added_positions
from pmt_nn.layers.dropout import Dropout
from pmt_nn.layers.embedding import Embedding
from pmt_nn.layers.gelu import gelu
from pmt_nn.layers.layer_norm import LayerNorm
from pmt_nn.layers.linear import Linear
from pmt_nn.masks import Mask
from pmt_nn.module.module import Module
from pmt_nn.transformer.config import TransformerConfig
from pmt_nn.transformer.encoder import TransformerEncoder


@dataclass(frozen=True, kw_only=True)
class PairClassifierConfig(TransformerConfig):
    """Settings of a `PairClassifier`, added to those of its encoder.

    Attributes:
        vocabulary: number of token ids.
        max_length: length of the longest pair in tokens, special tokens included.
        classes: number of labels.
        n_match_types: number of match types.
        compare: whether the difference and the product of the texts' means are pooled as well.
        features: number of features of a pair beside its tokens.
        feature_hidden: width of the layer that reads the features.
    """

    vocabulary: int
    max_length: int = 64
    classes: int = 2
    n_match_types: int = 3
    compare: bool = False
    features: int = 0
    feature_hidden: int = 64
    positions: str = "learned"


class PairClassifier(Module):
    """Logits for `<cls> a <sep> b <sep>`: embeddings, encoder, pooling, one hidden layer.

    A token's vector is the sum of its word's, its segment's (which text it stands in), its
    match's (whether and how the word also stands in the other text) and its position's. Pooled
    are the first token and the mean of each text, and how the means differ if `compare` says so.
    What is known of the pair beside its tokens (`features`) joins after the pooling.
    """

    def __init__(
        self,
        config: PairClassifierConfig,
        rng: np.random.Generator,
        *,
        dtype: DTypeLike = np.float32,
    ) -> None:
        d = config.width
        self.config = config
        self.words = Embedding(config.vocabulary, d, rng, dtype=dtype)
        self.segments = Embedding(2, d, rng, sparse=False, dtype=dtype)
        self.match_types = Embedding(config.n_match_types, d, rng, sparse=False, dtype=dtype)
        self.positions = added_positions(config.positions, config.max_length, d, rng, dtype)
        self.norm = LayerNorm(d, eps=config.norm_eps, dtype=dtype)
        self.dropout = Dropout(config.dropout)
        self.encoder = TransformerEncoder(config, rng, dtype=dtype)
        self.pool = Linear((5 if config.compare else 3) * d, d, rng, dtype=dtype)
        known = config.feature_hidden if config.features else 0
        self.features = Linear(config.features, known, rng, dtype=dtype) if known else None
        self.classify = Linear(d + known, config.classes, rng, dtype=dtype)

    def forward(
        self,
        ids: NDArray[np.integer],
        segments: NDArray[np.integer],
        match_types: NDArray[np.integer],
        mask: Mask,
        features: Array | None = None,
        *,
        rng: np.random.Generator | None = None,
    ) -> Tensor:
        """ids, segments (0, 1), match_types (0 ... n_match_types - 1), mask (True = token): (b, t).

        features: (b, n), as many as the config says; None where it says 0. -> (b, classes).
        rng: stream of this pass, needed in training with dropout.
        """
        x = self.read(ids, segments, match_types, mask, rng=rng)
        pooled = tanh(self.pool(self._pooled(x, segments, mask)))
        known = self._known(features, len(ids), pooled.dtype)
        if known is not None:
            pooled = concat(pooled, known, axis=-1)
        logits: Tensor = self.classify(self.dropout(pooled, rng))
        return logits

    def read(
        self,
        ids: NDArray[np.integer],
        segments: NDArray[np.integer],
        match_types: NDArray[np.integer],
        mask: Mask,
        *,
        rng: np.random.Generator | None = None,
    ) -> Tensor:
        """The encoder's vectors of all tokens, before pooling: (b, t, d)."""
        x = self.words(ids) + self.segments(segments) + self.match_types(match_types)
        if self.positions is not None:
            x = self.positions(x)
        x = self.dropout(self.norm(x), rng)
        hidden: Tensor = self.encoder(x, mask, rng=rng)
        return hidden

    def _pooled(self, x: Tensor, segments: NDArray[np.integer], mask: Mask) -> Tensor:
        """(b, t, d) -> (b, 3d), or (b, 5d) where the means are compared."""
        shares = Tensor(_pooling_shares(segments, mask, x.dtype))
        means = shares @ x  # (b, 3, d)
        if self.config.compare:
            a, b = means[:, 1:2], means[:, 2:3]
            means = concat(means, absolute(a - b), a * b, axis=1)
        return means.reshape(x.shape[0], -1)

    def _known(self, features: Array | None, b: int, dtype: DTypeLike) -> Tensor | None:
        """What one layer makes of the features: (b, feature_hidden)."""
        expected = self.config.features
        given = (b, 0) if features is None else features.shape
        if given != (b, expected):
            raise ShapeError(f"{b} pairs want features of shape {(b, expected)}, got {given}")
        if self.features is None or features is None:
            return None
        return gelu(self.features(Tensor(features.astype(dtype, copy=False))))


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
