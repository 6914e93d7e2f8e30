"""A tagger for named entities: word, spelling and shape embeddings, a Transformer and a CRF.

The parts are those of Ma & Hovy (2016), with the encoder of TENER (Yan et al. 2019) in place of
the recurrent one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike, NDArray

from pmt_autograd import Array, Tensor, concat, no_grad, take_rows
from pmt_core import DataError, ShapeError, check_sizes
from pmt_nn.crf.crf import LinearChainCRF
from pmt_nn.layers.dropout import Dropout, stream_of_pass
from pmt_nn.layers.embedding import Embedding
from pmt_nn.layers.linear import Linear
from pmt_nn.masks import Ids, Rng
from pmt_nn.models.character_cnn import CharacterEncoder
from pmt_nn.models.document_context import DocumentContext
from pmt_nn.models.entity_tagger_config import EntityTaggerConfig, TaggedInputs
from pmt_nn.models.word_rows import WordRows
from pmt_nn.module.initializers import constant
from pmt_nn.module.module import Module
from pmt_nn.module.parameter import Buffer, Parameter
from pmt_nn.transformer.encoder import TransformerEncoder
from pmt_nn.transformer.inference import infer_linear


class EntityTagger(Module):
    """Tag the words of sentences.

    Word vector, spelling and shape are concatenated; a linear layer, the encoder, a linear layer
    and a linear-chain CRF over the tags follow. Mean vectors of words of the document and of
    neighboring sentences may be added before the encoder.

    Args:
        unknown_id: id of the unknown word; smaller ids are special and never dropped.
        forbidden, forbidden_start, forbidden_end: see `LinearChainCRF`.
        counts: (learned,) how often each word was seen in training, for `word_dropout`; by default
            once. Not needed if a state is loaded afterwards.
        vectors: (words, vector_width) given vectors, zeros for a word without one. Not needed if
            a state is loaded afterwards.

    Examples:
        >>> from types import SimpleNamespace
        >>> import numpy as np
        >>> from pmt_nn import EntityTagger, EntityTaggerConfig
        >>> config = EntityTaggerConfig(words=50, characters=20, shapes=10, tags=5)
        >>> rng = np.random.default_rng(0)
        >>> model = EntityTagger(config, rng, unknown_id=1).eval()
        >>> batch = SimpleNamespace(  # a sentence of three words, the last two spelled alike
        ...     words=np.array([[7, 8, 8]]),
        ...     shapes=np.array([[2, 3, 3]]),
        ...     characters=np.array([[4, 5, 0], [6, 7, 8]]),
        ...     spelling_ids=np.array([[0, 1, 1]]),
        ...     mask=np.ones((1, 3), bool),
        ...     tags=np.array([[0, 1, 2]]),
        ... )
        >>> model(batch).shape  # scores of the tags
        (1, 3, 5)
        >>> model.predict(batch).shape, model.loss(batch).shape
        ((1, 3), ())
    """

    def __init__(
        self,
        config: EntityTaggerConfig,
        rng: np.random.Generator,
        *,
        unknown_id: int,
        forbidden: NDArray[np.bool_] | None = None,
        forbidden_start: NDArray[np.bool_] | None = None,
        forbidden_end: NDArray[np.bool_] | None = None,
        counts: Ids | None = None,
        vectors: Array | None = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        check_sizes("EntityTagger", least=0, unknown_id=unknown_id)
        self.config = config
        self.unknown_id = unknown_id
        learned = config.learned or config.words
        d = config.width
        self.words = Embedding(learned, config.word_width, rng, std=0.1, dtype=dtype)
        self.forgotten = Buffer(_drop_rates(config.word_dropout, learned, counts, unknown_id))
        self.vectors = _vector_table(config, vectors, dtype)
        self.spelling = CharacterEncoder(
            config.characters,
            config.character_width,
            config.filters,
            rng,
            kernel_size=config.kernel_size,
            dtype=dtype,
        )
        self.shapes = Embedding(
            config.shapes, config.shape_width, rng, std=0.1, sparse=False, dtype=dtype
        )
        e = config.word_width + config.vector_width
        joined = e + config.filters + config.shape_width
        self.input_dropout = Dropout(config.input_dropout)
        self.join = Linear(joined, d, rng, dtype=dtype)
        self.encoder = TransformerEncoder(config, rng, dtype=dtype)
        self.dropout = Dropout(config.dropout)
        self.classify = Linear(d, config.tags, rng, dtype=dtype)
        self.crf = LinearChainCRF(
            config.tags,
            rng,
            forbidden=forbidden,
            forbidden_start=forbidden_start,
            forbidden_end=forbidden_end,
            dtype=dtype,
        )
        self.context = None
        if config.document_context:
            rates = {"dropout": config.context_dropout, "near_dropout": config.near_dropout}
            self.context = DocumentContext(e, d, rng, dtype=dtype, **rates)

    def forward(self, batch: TaggedInputs, *, rng: Rng = None) -> Tensor:
        """Return the scores of the tags, (b, t, tags)."""
        rows = WordRows.of(batch.mask) if self._can_infer(batch) else None
        if rows is not None:
            return Tensor.wrap(self._infer(batch, rows))
        scores: Tensor = self.classify(self.dropout(self.encode(batch, rng=rng), rng))
        return scores

    def encode(self, batch: TaggedInputs, *, rng: Rng = None) -> Tensor:
        """Return the encoder's output, (b, t, d)."""
        learned = self._learned_ids(batch.words, rng)
        spelling = self.spelling(batch.characters, batch.spelling_ids)
        parts = self._embedded(learned, batch.words, spelling, batch.shapes)
        x = self.join(self.input_dropout(concat(*parts, axis=-1), rng))
        context = self._context(batch, rng)
        x = x if context is None else x + context
        encoded: Tensor = self.encoder(x, batch.mask, rng=rng)
        return encoded

    def _embedded(self, learned: Ids, words: Ids, spelling: Tensor, shapes: Ids) -> list[Tensor]:
        """Return what is known of each word, as vectors (..., n)."""
        return [*self._word_vectors(learned, words), spelling, self.shapes(shapes)]

    def _word_vectors(self, learned: Ids, words: Ids) -> list[Tensor]:
        if self.vectors is None:
            return [self.words(learned)]
        return [self.words(learned), take_rows(self.vectors, words)]

    def _context(self, batch: TaggedInputs, rng: Rng) -> Tensor | None:
        """Return what is added to the input of each word, (b, 1, d); None without documents."""
        if self.context is None or batch.context is None or batch.neighbors is None:
            return None

        def embed(ids: Ids) -> Tensor:
            return concat(*self._word_vectors(self._with_vector(ids), ids), axis=-1)

        added: Tensor = self.context(batch.context, batch.neighbors, embed, rng=rng)
        return added

    def _can_infer(self, batch: TaggedInputs) -> bool:
        """Return whether `_infer` computes what `forward` computes, up to rounding."""
        arrays = (batch.words, batch.spelling_ids, batch.shapes, batch.mask)
        drops = [self.input_dropout.rate, self.dropout.rate, self.config.word_dropout]
        if self.context is not None:
            drops += [self.context.document.rate, self.context.neighbors.rate]
        return (
            not (self.training and any(drops))
            and self.encoder.can_infer(self.join.weight.dtype)
            and len({np.shape(array) for array in arrays}) == 1
        )

    def _infer(self, batch: TaggedInputs, rows: WordRows) -> Array:
        """Return the scores of the tags (b, t, tags), without padding, tape and dropout."""
        words = rows.take(batch.words)
        spelling = self.spelling(batch.characters, rows.take(batch.spelling_ids))
        parts = self._embedded(
            self._learned_ids(words, None), words, spelling, rows.take(batch.shapes)
        )
        x = np.concatenate([part.data for part in parts], axis=1, dtype=self.join.weight.dtype)
        x = infer_linear(x, self.join)
        context = self._context(batch, None)
        if context is not None:
            sentence = np.arange(len(batch.words))[:, np.newaxis]
            x += context.data[rows.take(np.broadcast_to(sentence, batch.words.shape)), 0]
        encoded = self.encoder.infer(x, rows.groups)
        bias = None if self.classify.bias is None else self.classify.bias.data
        return rows.padded(infer_linear(encoded, self.classify), bias)

    def loss(self, batch: TaggedInputs, *, rng: Rng = None, reduction: str = "mean") -> Tensor:
        """Return -log p(tags) of each sentence, reduced. Raises DataError without tags."""
        if batch.tags is None:
            raise DataError("expected sentences with tags, got a batch without; label them first")
        loss: Tensor = self.crf(self(batch, rng=rng), batch.tags, batch.mask, reduction=reduction)
        return loss

    def predict(self, batch: TaggedInputs) -> NDArray[np.int64]:
        """Return the most likely tags (b, t), IGNORE_LABEL at padding. Call in evaluation mode."""
        with no_grad():
            scores = self(batch)
        return self.crf.decode(scores, batch.mask)

    def _learned_ids(self, words: Ids, rng: Rng) -> Ids:
        """Replace words without a learned vector, and in training some others, by the unknown."""
        words = self._with_vector(words)
        if not (self.training and self.config.word_dropout):
            return words
        rates = self.forgotten.data[words]
        dropped = stream_of_pass(rng).random(words.shape) < rates
        return np.where(dropped, self.unknown_id, words)

    def _with_vector(self, words: Ids) -> Ids:
        """Replace words without a learned vector by the unknown word."""
        return np.where(words < len(self.words.weight), words, self.unknown_id)


def _drop_rates(word_dropout: float, learned: int, counts: Ids | None, unknown_id: int) -> Array:
    """Return the probability of each word to be replaced by the unknown word, (learned,)."""
    if counts is None:
        counts = constant((learned,), 1, dtype=np.int64)
    if counts.shape != (learned,):
        raise ShapeError(f"expected counts of {learned} words, got shape {counts.shape}")
    rates: Array = (word_dropout / (word_dropout + np.maximum(counts, 1))).astype(np.float32)
    rates[: unknown_id + 1] = 0
    return rates


def _vector_table(
    config: EntityTaggerConfig, vectors: Array | None, dtype: DTypeLike
) -> Parameter | Buffer | None:
    """Return the given vectors, trained or not; None if the config has none."""
    shape = (config.words, config.vector_width)
    if vectors is not None and vectors.shape != shape:
        raise ShapeError(
            f"expected vectors of shape (words, vector_width) = {shape}, got {vectors.shape}"
        )
    if not config.vector_width:
        return None
    values = constant(shape, dtype=dtype) if vectors is None else np.array(vectors, dtype)
    return Parameter(values) if config.tune_vectors else Buffer(values)
