"""Named entities: words, spellings and shapes, a directional Transformer, a chain over the tags.

The parts are those of Ma & Hovy (2016), with the encoder of TENER (Yan et al. 2019) in place of
the recurrent one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import DTypeLike, NDArray

from pmt_autograd import Array, Tensor, concat, no_grad, take_rows
from pmt_core import SettingsError, ShapeError
from pmt_nn.crf.crf import LinearChainCRF
from pmt_nn.layers.dropout import Dropout, stream_of_pass
from pmt_nn.layers.embedding import Embedding
from pmt_nn.layers.linear import Linear
from pmt_nn.masks import Mask
from pmt_nn.models.character_cnn import CharacterEncoder
from pmt_nn.module.module import Module
from pmt_nn.module.parameter import Buffer, Parameter
from pmt_nn.transformer.config import TransformerConfig
from pmt_nn.transformer.encoder import TransformerEncoder

UNKNOWN = 1


@dataclass(frozen=True, kw_only=True)
class EntityTaggerConfig(TransformerConfig):
    """Settings of an `EntityTagger`, added to those of its encoder.

    Attributes:
        words, characters, shapes, tags: numbers of ids; 0 is padding, and word 1 the unknown one.
        learned: words 0 ... learned - 1 have a learned vector, those behind are unknown words to
            it and have a given vector alone; 0: all are learned.
        vector_width: width of the given vectors, 0: there are none.
        tune_vectors: whether given vectors are trained on.
        word_width, character_width, filters, window, shape_width: widths of the embeddings of
            words, characters and shapes; number of filters over the characters, and how many
            characters each sees.
        input_dropout: dropout rate of the joined embeddings.
        word_dropout: a, a word seen n times in training is read as unknown with chance a / (a + n)
            (Kiperwasser & Goldberg 2016), so that the unknown word's vector is learned.
    """

    words: int
    characters: int
    shapes: int
    tags: int
    learned: int = 0
    vector_width: int = 0
    tune_vectors: bool = False
    word_width: int = 100
    character_width: int = 30
    filters: int = 60
    window: int = 3
    shape_width: int = 20
    activation: str = "relu"
    positions: str = "tener"
    dropout: float = 0.3
    input_dropout: float = 0.4
    word_dropout: float = 0.3


class EntityTagger(Module):
    """Tags for the words of sentences.

    Word vector, spelling and shape side by side, a linear layer, the encoder, a linear layer, and
    a chain over the tags.

    forbidden, forbidden_start: see `LinearChainCRF`. counts: (learned,) how often each word was
    seen in training, for `word_dropout`; by default once. vectors: (words, vector_width) given
    vectors, zeros for a word without one. Where a state is loaded afterwards, neither is needed.
    """

    def __init__(
        self,
        config: EntityTaggerConfig,
        rng: np.random.Generator,
        *,
        forbidden: NDArray[np.bool_] | None = None,
        forbidden_start: NDArray[np.bool_] | None = None,
        counts: NDArray[np.integer] | None = None,
        vectors: Array | None = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        self.config = config
        learned = config.learned or config.words
        d = config.width
        self.words = Embedding(learned, config.word_width, rng, std=0.1, dtype=dtype)
        self.forgotten = Buffer(_forgotten(config, learned, counts))
        self.vectors = _vector_table(config, vectors, dtype)
        self.spelling = CharacterEncoder(
            config.characters,
            config.character_width,
            config.filters,
            rng,
            window=config.window,
            dtype=dtype,
        )
        self.shapes = Embedding(
            config.shapes, config.shape_width, rng, std=0.1, sparse=False, dtype=dtype
        )
        joined = config.word_width + config.vector_width + config.filters + config.shape_width
        self.input_dropout = Dropout(config.input_dropout)
        self.join = Linear(joined, d, rng, dtype=dtype)
        self.encoder = TransformerEncoder(config, rng, dtype=dtype)
        self.dropout = Dropout(config.dropout)
        self.classify = Linear(d, config.tags, rng, dtype=dtype)
        self.crf = LinearChainCRF(
            config.tags, rng, forbidden=forbidden, forbidden_start=forbidden_start, dtype=dtype
        )

    def forward(
        self,
        words: NDArray[np.integer],
        characters: NDArray[np.integer],
        shapes: NDArray[np.integer],
        mask: Mask | None = None,
        spelling_ids: NDArray[np.integer] | None = None,
        *,
        rng: np.random.Generator | None = None,
    ) -> Tensor:
        """Scores of the tags (b, t, n).

        words, shapes: (b, t). characters: (b, t, c), 0 behind a word's last one; or, with
        `spelling_ids` (b, t), (u, c) the different spellings of the batch, of which `spelling_ids`
        names the rows. mask: (b, t), True = a word. rng: stream of this pass, needed in training.
        """
        hidden = self.encode(words, characters, shapes, mask, spelling_ids, rng=rng)
        scores: Tensor = self.classify(self.dropout(hidden, rng))
        return scores

    def encode(
        self,
        words: NDArray[np.integer],
        characters: NDArray[np.integer],
        shapes: NDArray[np.integer],
        mask: Mask | None = None,
        spelling_ids: NDArray[np.integer] | None = None,
        *,
        rng: np.random.Generator | None = None,
    ) -> Tensor:
        """The encoder's output (b, t, d). Arguments as for `forward`."""
        parts = [self.words(self._read(words, rng))]
        if self.vectors is not None:
            parts.append(take_rows(self.vectors, words))
        parts += [self.spelling(characters, spelling_ids), self.shapes(shapes)]
        x = self.join(self.input_dropout(concat(*parts, axis=-1), rng))
        encoded: Tensor = self.encoder(x, mask, rng=rng)
        return encoded

    def loss(
        self,
        words: NDArray[np.integer],
        characters: NDArray[np.integer],
        shapes: NDArray[np.integer],
        tags: NDArray[np.integer],
        mask: Mask | None = None,
        spelling_ids: NDArray[np.integer] | None = None,
        *,
        rng: np.random.Generator | None = None,
        reduction: str = "mean",
    ) -> Tensor:
        """-log p(tags) per sentence. tags: (b, t), anything where masked."""
        scores = self(words, characters, shapes, mask, spelling_ids, rng=rng)
        loss: Tensor = self.crf(scores, tags, mask, reduction=reduction)
        return loss

    def predict(
        self,
        words: NDArray[np.integer],
        characters: NDArray[np.integer],
        shapes: NDArray[np.integer],
        mask: Mask | None = None,
        spelling_ids: NDArray[np.integer] | None = None,
    ) -> NDArray[np.int64]:
        """The likeliest tags (b, t), -100 where there is no word. Call in evaluation mode."""
        with no_grad():
            scores = self(words, characters, shapes, mask, spelling_ids)
        return self.crf.decode(scores, mask)

    def _read(
        self, words: NDArray[np.integer], rng: np.random.Generator | None
    ) -> NDArray[np.integer]:
        """Words without a learned vector are unknown, and in training some of the others are."""
        words = np.where(words < len(self.words.weight), words, UNKNOWN)
        if not (self.training and self.config.word_dropout):
            return words
        chance = self.forgotten.data[words]
        return np.where(stream_of_pass(rng).random(words.shape) < chance, UNKNOWN, words)


def _forgotten(
    config: EntityTaggerConfig, learned: int, counts: NDArray[np.integer] | None
) -> Array:
    """The chance of each word to be read as unknown; padding and the unknown word stay."""
    if config.word_dropout < 0:
        raise SettingsError(f"word_dropout is 0 or more, got {config.word_dropout}")
    if counts is None:
        counts = np.ones(learned, np.int64)
    if counts.shape != (learned,):
        raise ShapeError(f"counts of {learned} words wanted, got {counts.shape}")
    seen = np.maximum(counts, 1)
    chance: Array = (config.word_dropout / (config.word_dropout + seen)).astype(np.float32)
    chance[: UNKNOWN + 1] = 0
    return chance


def _vector_table(
    config: EntityTaggerConfig, vectors: Array | None, dtype: DTypeLike
) -> Parameter | Buffer | None:
    shape = (config.words, config.vector_width)
    if vectors is not None and vectors.shape != shape:
        raise ShapeError(f"vectors of shape (words, vector_width) = {shape}, got {vectors.shape}")
    if not config.vector_width:
        return None
    values = np.zeros(shape, dtype) if vectors is None else np.array(vectors, dtype)
    return Parameter(values) if config.tune_vectors else Buffer(values)
