"""A classifier for pairs of texts: one Transformer encoder reads both texts at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import DTypeLike, NDArray

from pmt_autograd import Array, Tensor, absolute, concat, tanh
from pmt_core import ShapeError
from pmt_nn.attention.positions import LearnedPositions, SinusoidalPositions, added_positions
from pmt_nn.layers.activations import gelu
from pmt_nn.layers.dropout import Dropout
from pmt_nn.layers.embedding import Embedding
from pmt_nn.layers.linear import Linear
from pmt_nn.layers.normalization import LayerNorm
from pmt_nn.masks import Ids, Mask, Rng
from pmt_nn.models.word_rows import WordRows
from pmt_nn.module.module import Module
from pmt_nn.transformer.config import TransformerConfig
from pmt_nn.transformer.encoder import TransformerEncoder
from pmt_nn.transformer.inference import infer_linear, infer_norm


class PairInputs(Protocol):
    """A batch of pairs `<cls> a <sep> b <sep>`, any object with these arrays."""

    @property
    def ids(self) -> Ids:
        """Token ids (b, t)."""

    @property
    def segments(self) -> Ids:
        """0 in the first text, 1 in the second, (b, t)."""

    @property
    def match_types(self) -> Ids:
        """Whether and how each token also occurs in the other text, (b, t)."""

    @property
    def mask(self) -> Mask:
        """True at tokens, (b, t)."""

    @property
    def features(self) -> Array | None:
        """Numbers about each pair (b, n), or None."""


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

    Examples:
        >>> from pmt_nn import PairClassifierConfig
        >>> config = PairClassifierConfig(vocabulary=8000, width=64, compare=True)
        >>> config.classes, config.max_length, config.positions
        (2, 64, 'learned')
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
    """Classify pairs of texts: embeddings, encoder, pooling, one hidden layer.

    The vector of a token is the sum of its word, segment, match type and position embeddings.
    Pooled are the first token, the mean of each text and, with `config.compare`, the difference
    and the product of the means. Features of the pair are concatenated after the pooling.

    Examples:
        >>> from types import SimpleNamespace
        >>> import numpy as np
        >>> from pmt_nn import PairClassifier, PairClassifierConfig
        >>> config = PairClassifierConfig(vocabulary=100, width=16, heads=2, hidden=32)
        >>> model = PairClassifier(config, np.random.default_rng(0)).eval()
        >>> batch = SimpleNamespace(  # <cls> 7 8 <sep> 7 9 <sep>
        ...     ids=np.array([[2, 7, 8, 3, 7, 9, 3]]),
        ...     segments=np.array([[0, 0, 0, 0, 1, 1, 1]]),
        ...     match_types=np.array([[0, 2, 0, 0, 2, 0, 0]]),
        ...     mask=np.ones((1, 7), bool),
        ...     features=None,
        ... )
        >>> model(batch).shape, model.encode(batch).shape
        ((1, 2), (1, 7, 16))
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
        hidden = config.feature_hidden if config.features else 0
        self.features = Linear(config.features, hidden, rng, dtype=dtype) if hidden else None
        self.classify = Linear(d + hidden, config.classes, rng, dtype=dtype)

    def forward(self, batch: PairInputs, *, rng: Rng = None) -> Tensor:
        """Return the logits of the pairs, (b, classes).

        Raises ShapeError if the batch does not have as many features as the config says.
        """
        rows = WordRows.of(batch.mask) if self._can_infer(batch) else None
        if rows is not None:
            return Tensor.wrap(self._infer_logits(self._infer(batch, rows), batch))
        return self.logits(self.embed(batch, rng=rng), batch, rng=rng)

    def logits(self, embedded: Tensor, batch: PairInputs, *, rng: Rng = None) -> Tensor:
        """Return the logits of the pairs, (b, classes), from what `embed` returned."""
        return self._classified(self.encoder(embedded, batch.mask, rng=rng), batch, rng)

    def _classified(self, x: Tensor, batch: PairInputs, rng: Rng) -> Tensor:
        """Return the logits of the pairs, (b, classes), from the encoder's vectors (b, t, d)."""
        pooled = tanh(self.pool(self._pooled(x, batch)))
        hidden = self._feature_vectors(batch.features, len(x), pooled.dtype)
        if hidden is not None:
            pooled = concat(pooled, hidden, axis=-1)
        logits: Tensor = self.classify(self.dropout(pooled, rng))
        return logits

    def encode(self, batch: PairInputs, *, rng: Rng = None) -> Tensor:
        """Return the encoder's vectors of all tokens, before pooling: (b, t, d)."""
        encoded: Tensor = self.encoder(self.embed(batch, rng=rng), batch.mask, rng=rng)
        return encoded

    def embed(self, batch: PairInputs, *, rng: Rng = None) -> Tensor:
        """Return the input of the encoder, (b, t, d): gradients by it explain a prediction."""
        x = (
            self.words(batch.ids)
            + self.segments(batch.segments)
            + self.match_types(batch.match_types)
        )
        if self.positions is not None:
            x = self.positions(x)
        embedded: Tensor = self.dropout(self.norm(x), rng)
        return embedded

    def _can_infer(self, batch: PairInputs) -> bool:
        """Return whether `_infer` computes what embedding and encoder do, up to rounding."""
        arrays = (batch.ids, batch.segments, batch.match_types, batch.mask)
        table = _position_table(self.positions)
        return (
            not (self.training and self.dropout.rate)
            and self.encoder.can_infer(self.words.weight.dtype)
            and len({np.shape(array) for array in arrays}) == 1
            and (table is None or batch.mask.shape[-1] <= len(table))
        )

    def _infer(self, batch: PairInputs, rows: WordRows) -> Array:
        """Return the encoder's vectors (b, t, d), without padding, tape and dropout."""
        x: Array = self.words(rows.take(batch.ids)).data
        x += self.segments(rows.take(batch.segments)).data
        x += self.match_types(rows.take(batch.match_types)).data
        table = _position_table(self.positions)
        if table is not None:
            x += table.take(rows.positions(), axis=0)
        infer_norm(x, self.norm)
        return rows.padded(self.encoder.infer(x, rows.groups), None)

    def _infer_logits(self, x: Array, batch: PairInputs) -> Array:
        """Return what `_classified` returns for x (b, t, d), up to rounding, without a tape."""
        means = _pooling_weights(batch.segments, batch.mask, x.dtype) @ x
        if self.config.compare:
            first, second = means[:, 1:2], means[:, 2:3]
            means = np.concatenate((means, np.abs(first - second), first * second), axis=1)
        b, n, d = means.shape
        pooled = infer_linear(means.reshape(b, n * d), self.pool)
        np.tanh(pooled, out=pooled)
        hidden = self._feature_vectors(batch.features, b, pooled.dtype)
        if hidden is not None:
            pooled = np.concatenate((pooled, hidden.data), axis=-1)
        return infer_linear(pooled, self.classify)

    def _pooled(self, x: Tensor, batch: PairInputs) -> Tensor:
        """Pool x (b, t, d) to (b, 3d), or (b, 5d) if the means are compared."""
        weights = Tensor(_pooling_weights(batch.segments, batch.mask, x.dtype))
        means = weights @ x  # (b, 3, d)
        if self.config.compare:
            first, second = means[:, 1:2], means[:, 2:3]
            means = concat(means, absolute(first - second), first * second, axis=1)
        b, n, d = means.shape
        return means.reshape(b, n * d)

    def _feature_vectors(self, features: Array | None, b: int, dtype: DTypeLike) -> Tensor | None:
        """Return the hidden layer of the features, (b, feature_hidden); None without features."""
        expected = (b, self.config.features)
        shape = (b, 0) if features is None else features.shape
        if shape != expected:
            raise ShapeError(f"expected features of shape {expected} for {b} pairs, got {shape}")
        if self.features is None or features is None:
            return None
        return gelu(self.features(Tensor(features.astype(dtype, copy=False))))


def _position_table(positions: LearnedPositions | SinusoidalPositions | None) -> Array | None:
    """Return the vectors that are added by position, (max_length, d)."""
    if isinstance(positions, LearnedPositions):
        return positions.weight.data
    return None if positions is None else positions.table


def _pooling_weights(segments: Ids, mask: Mask, dtype: DTypeLike) -> NDArray[np.floating]:
    """Return the weight of each token in each pooled vector, (b, 3, t).

    The vectors are the first token and the mean of either text; one product pools all three.
    """
    b, t = mask.shape
    weights = np.zeros((b, 3, t), dtype)
    weights[:, 0, 0] = 1
    np.logical_and(mask, segments == 0, out=weights[:, 1])
    np.logical_and(mask, segments == 1, out=weights[:, 2])
    weights /= np.maximum(np.add.reduce(weights, axis=2, keepdims=True), 1)
    return weights
