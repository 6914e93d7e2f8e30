"""The networks: a linear model of n-grams; that model beside a Transformer of words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import DTypeLike, NDArray

from pmt_apps.classification.encoded_texts import TextBatch
from pmt_autograd import Tensor, concat
from pmt_core import check_sizes
from pmt_nn import (
    CharacterEncoder,
    Dropout,
    Embedding,
    LayerNorm,
    Linear,
    Module,
    Parameter,
    TransformerConfig,
    TransformerEncoder,
    masked_mean,
)

Rng = np.random.Generator | None


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


def weighted_sum(table: Embedding, ids: NDArray[np.int64], weights: Tensor) -> Tensor:
    """Return the sum of the rows of a table at ids (b, u) times weights (b, u): (b, k)."""
    b, u = ids.shape
    summed: Tensor = (weights.reshape(b, 1, u) @ table(ids)).reshape(b, -1)
    return summed


@dataclass(frozen=True, kw_only=True)
class ScratchConfig(TransformerConfig):
    """Settings of a `ScratchClassifier`, added to those of its encoder.

    Attributes:
        words, characters, grams: numbers of known words, characters and n-grams.
        classes: number of classes.
        max_length: longest text in tokens.
        filters: of the convolution over the characters of a word.
        word_dropout: rate at which a word is replaced by the unknown word.
        input_dropout: dropout rate of the vectors of the words.
        gram_dropout: dropout rate of the n-grams.
    """

    words: int
    characters: int
    grams: int
    classes: int
    max_length: int = 256
    filters: int = 64
    word_dropout: float = 0.1
    input_dropout: float = 0.3
    gram_dropout: float = 0.3
    positions: str = "relative"


class ScratchClassifier(TextNetwork):
    """A Transformer of words and their spellings, added to a linear model of n-grams.

    A wide and a deep model that are trained together (Cheng et al. 2016). The vector of a word is
    made of an embedding and of a convolution over its characters, which unknown words have, too.
    Mean and maximum over the tokens of a text are classified by a linear layer.

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
        self.spelling = CharacterEncoder(config.characters, 16, config.filters, rng, dtype=dtype)
        self.project = Linear(config.filters, d, rng, dtype=dtype)
        self.norm = LayerNorm(d, dtype=dtype)
        self.dropout = Dropout(config.dropout)
        self.input_dropout = Dropout(config.input_dropout)
        self.gram_dropout = Dropout(config.gram_dropout)
        self.encoder = TransformerEncoder(config, rng, dtype=dtype)
        self.classify = Linear(2 * d, config.classes, rng, dtype=dtype)
        self.grams = NgramClassifier(config.grams, config.classes, rng, dtype=dtype)

    def embed(self, batch: TextBatch, *, rng: Rng = None) -> Tensor | None:
        """See the base."""
        ids = batch.ids
        if self.training and rng is not None and self.config.word_dropout:
            dropped = rng.random(ids.shape) < self.config.word_dropout
            ids = np.where(dropped & batch.mask, self.unknown, ids)
        spelled = self.project(self.spelling(batch.spellings, batch.spelling_ids))
        vectors: Tensor = self.input_dropout(self.norm(self.words(ids) + spelled), rng)
        return vectors

    def logits(
        self, vectors: Tensor | None, weights: Tensor, batch: TextBatch, *, rng: Rng = None
    ) -> Tensor:
        """See the base."""
        hidden = self.encoder(vectors, batch.mask, rng=rng)
        pooled = concat(masked_mean(hidden, batch.mask), masked_max(hidden, batch.mask), axis=-1)
        deep: Tensor = self.classify(self.dropout(pooled, rng))
        return deep + self.grams.logits(None, self.gram_dropout(weights, rng), batch)


def masked_max(x: Tensor, mask: NDArray[np.bool_]) -> Tensor:
    """Return the maximum over the tokens of x (b, t, d) where mask (b, t) is True: (b, d)."""
    outside = np.where(mask, 0, -1e9)[..., np.newaxis].astype(x.dtype)
    largest: Tensor = (x + outside).max(axis=1)
    return largest
