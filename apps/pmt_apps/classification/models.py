"""The networks: a linear model of n-grams; beside it another one, or a convolution over words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import DTypeLike, NDArray

from pmt_apps.classification.encoded_texts import TextBatch
from pmt_apps.classification.word_convolution import WordConvolution
from pmt_autograd import Tensor
from pmt_core import check_sizes
from pmt_nn import (
    Buffer,
    CharacterEncoder,
    Dropout,
    Embedding,
    LayerNorm,
    Linear,
    Module,
    Parameter,
    TransformerConfig,
    TransformerEncoder,
)

Rng = np.random.Generator | None

NETWORK_WEIGHT = 0.15
"""Of the logits of a network that fits all training texts and is more certain than it is right,
unless texts that are held out have chosen another."""


class TextNetwork(Module):
    """Base of the networks that classify texts.

    `embed` makes the vectors of the tokens of a batch, and `logits` the scores of the classes, of
    these vectors and of the weights of the n-grams. Gradients by both explain a score.
    """

    def embed(self, batch: TextBatch, *, rng: Rng = None) -> Tensor | None:
        """Return the vectors of the tokens, (b, t, d); None if the network reads no tokens."""
        return None

    def logits(
        self, vectors: Tensor | None, weights: Tensor, batch: TextBatch, *, rng: Rng = None
    ) -> Tensor:
        """Return the logits (b, k) of vectors (b, t, d) and of weights of n-grams (b, u)."""
        raise NotImplementedError

    def forward(self, batch: TextBatch, *, rng: Rng = None) -> Tensor:
        """Return the logits of the classes, (b, k)."""
        return self.logits(self.embed(batch, rng=rng), Tensor(batch.weights), batch, rng=rng)

    def trained_logits(self, batch: TextBatch, *, rng: Rng = None) -> Tensor:
        """Return the logits (b, k) that the loss of training is taken of."""
        logits: Tensor = self(batch, rng=rng)
        return logits


class NgramClassifier(TextNetwork):
    """Logistic regression: the logits are a linear function of the weights of the n-grams."""

    def __init__(
        self, grams: int, classes: int, rng: np.random.Generator, *, dtype: DTypeLike = np.float32
    ) -> None:
        check_sizes("NgramClassifier", grams=grams, classes=classes)
        self.grams = Embedding.from_vectors(np.zeros((grams, classes), dtype), dtype=dtype)
        self.bias = Parameter(np.zeros(classes, dtype))

    def logits(
        self, vectors: Tensor | None, weights: Tensor, batch: TextBatch, *, rng: Rng = None
    ) -> Tensor:
        """See the base."""
        return weighted_sum(self.grams, batch.grams, weights) + self.bias


class ProductNetwork(TextNetwork):
    """Base of a network beside a linear model of the n-grams of its texts.

    The linear model is not trained along: it is that of tf-idf, see `trainings`. Trained together,
    the part that explains the training texts first leaves no error for the other to learn from.
    The probabilities are the normalized product of those of both parts (a product of experts,
    Hinton 1999), with exponents `grams_weight` and `network_weight`.

    Attributes:
        grams: the linear model; None: the network is by itself.
        grams_weight: weight of the logits of the linear model, (1,); None: 1.
        network_weight: weight of the logits of the network, (1,); None: 1.
    """

    grams: NgramClassifier | None = None
    grams_weight: Buffer | None = None
    network_weight: Buffer | None = None

    def network_logits(
        self, vectors: Tensor | None, batch: TextBatch, *, rng: Rng = None
    ) -> Tensor:
        """Return the logits (b, k) of the network by itself, of vectors (b, t, d)."""
        raise NotImplementedError

    def trained_logits(self, batch: TextBatch, *, rng: Rng = None) -> Tensor:
        """See the base: those of the network by itself."""
        return self.network_logits(self.embed(batch, rng=rng), batch, rng=rng)

    def forward(self, batch: TextBatch, *, rng: Rng = None) -> Tensor:
        """Return the logits of the classes, (b, k)."""
        return self._product(self.trained_logits(batch, rng=rng), Tensor(batch.weights), batch)

    def logits(
        self, vectors: Tensor | None, weights: Tensor, batch: TextBatch, *, rng: Rng = None
    ) -> Tensor:
        """See the base."""
        return self._product(self.network_logits(vectors, batch, rng=rng), weights, batch)

    def _product(self, logits: Tensor, weights: Tensor, batch: TextBatch) -> Tensor:
        if self.grams is None:
            return logits
        linear = self.grams.logits(None, weights, batch)
        if self.grams_weight is not None:
            linear = linear * self.grams_weight
        return linear + (logits if self.network_weight is None else logits * self.network_weight)


def weighted_sum(table: Embedding, ids: NDArray[np.int64], weights: Tensor) -> Tensor:
    """Return the sum of the rows of a table at ids (b, u) times weights (b, u): (b, k)."""
    b, u = ids.shape
    summed: Tensor = (weights.reshape(b, 1, u) @ table(ids)).reshape(b, -1)
    return summed


@dataclass(frozen=True, kw_only=True)
class ScratchConfig:
    """Settings of a `ScratchClassifier`.

    Attributes:
        words, characters, grams: numbers of known words, characters and n-grams.
        classes: number of classes.
        width: of the vectors of the words.
        heads, hidden, layers: of a Transformer below the convolution; 0 layers: none.
        filters: of each width of the convolution over the words of a text.
        character_filters: of the convolution over the characters of a word.
        dropout: dropout rate of the features of a text; the vectors of the words have half of it.
        word_dropout: rate at which a word is replaced by the unknown word.
    """

    words: int
    characters: int
    grams: int
    classes: int
    width: int = 96
    heads: int = 4
    hidden: int = 192
    layers: int = 0
    filters: int = 96
    character_filters: int = 64
    dropout: float = 0.2
    word_dropout: float = 0.0


class ScratchClassifier(ProductNetwork):
    """A convolution over the words of a text, beside a linear model of its n-grams.

    The vector of a word is made of an embedding and of a convolution over its characters, which
    unknown words have, too.

    Args:
        config: sizes.
        rng: stream of the initial weights.
        unknown: id of the unknown word.
    """

    def __init__(
        self,
        config: ScratchConfig,
        rng: np.random.Generator,
        *,
        unknown: int = 1,
        dtype: DTypeLike = np.float32,
    ) -> None:
        d = config.width
        self.config = config
        self.unknown = unknown
        self.words = Embedding(config.words, d, rng, std=0.1, dtype=dtype)
        k = config.character_filters
        self.spelling = CharacterEncoder(config.characters, 16, k, rng, dtype=dtype)
        self.project = Linear(k, d, rng, dtype=dtype)
        self.norm = LayerNorm(d, dtype=dtype)
        self.dropout = Dropout(config.dropout)
        self.input_dropout = Dropout(config.dropout / 2)
        self.encoder = None if not config.layers else _transformer(config, rng, dtype)
        self.convolution = WordConvolution(d, config.filters, rng, dtype=dtype)
        self.classify = Linear(self.convolution.features, config.classes, rng, dtype=dtype)
        self.grams = NgramClassifier(config.grams, config.classes, rng, dtype=dtype)
        self.network_weight = Buffer([NETWORK_WEIGHT], dtype)

    def embed(self, batch: TextBatch, *, rng: Rng = None) -> Tensor | None:
        """See the base."""
        ids = batch.ids
        if self.training and rng is not None and self.config.word_dropout:
            dropped = rng.random(ids.shape) < self.config.word_dropout
            ids = np.where(dropped & batch.mask, self.unknown, ids)
        spelled = self.project(self.spelling(batch.spellings, batch.spelling_ids))
        vectors: Tensor = self.input_dropout(self.norm(self.words(ids) + spelled), rng)
        return vectors

    def network_logits(
        self, vectors: Tensor | None, batch: TextBatch, *, rng: Rng = None
    ) -> Tensor:
        """See the base."""
        hidden = vectors
        if self.encoder is not None:
            hidden = self.encoder(vectors, batch.mask, rng=rng)
        features = self.dropout(self.convolution(hidden, batch.mask), rng)
        logits: Tensor = self.classify(features)
        return logits


def _transformer(
    config: ScratchConfig, rng: np.random.Generator, dtype: DTypeLike
) -> TransformerEncoder:
    sizes = TransformerConfig(
        width=config.width,
        heads=config.heads,
        hidden=config.hidden,
        layers=config.layers,
        dropout=config.dropout,
        positions="relative",
    )
    return TransformerEncoder(sizes, rng, dtype=dtype)
