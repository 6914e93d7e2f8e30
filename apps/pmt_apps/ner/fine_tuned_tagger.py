"""`FineTunedTagger`: a pre-trained encoder with spelling, word shapes and a CRF over the tags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from pmt_apps.encoder.encoder import Encoder
from pmt_apps.encoder.fine_tuning import encoder_from_json, encoder_to_json, without_unused
from pmt_apps.ner.settings import Settings
from pmt_apps.ner.tagger import Tagger, tag_constraints
from pmt_autograd import Tensor, concat
from pmt_core import DataError, RandomStream, decode_field, field, pad_sequences
from pmt_nn import Bert, CharacterEncoder, Dropout, Embedding, Linear, LinearChainCRF, Module
from pmt_text import (
    EncodedSentences,
    SentenceEncoder,
    TaggedBatch,
    TaggedSentence,
    sentence_chunks,
)

Rng = np.random.Generator | None
SHAPE_WIDTH, CHARACTER_WIDTH = 20, 16


@dataclass(frozen=True, slots=True, eq=False)
class PieceBatch:
    """b sentences as words and as the pieces of the encoder.

    Attributes:
        words: their words, spellings, shapes and tags.
        ids, piece_mask: of the pieces, special tokens included, (b, t).
        first: the index of the first piece of each word, (b, w); 0 for a word without pieces.
    """

    words: TaggedBatch
    ids: NDArray[np.int64]
    piece_mask: NDArray[np.bool_]
    first: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.words)

    @property
    def index(self) -> NDArray[np.int64]:
        """Rows of the sentences in the data set, (b,)."""
        return self.words.index

    @property
    def mask(self) -> NDArray[np.bool_]:
        """True at words, (b, w)."""
        return self.words.mask

    @property
    def tags(self) -> NDArray[np.int64] | None:
        """Ids of the tags, (b, w); None if they are unknown."""
        return self.words.tags

    def shard(self, i: int, n: int) -> PieceBatch:
        """Return rows i, i + n, ..., without needless padding."""
        words, mask = self.words.shard(i, n), self.piece_mask[i::n]
        width = max(int(mask.sum(axis=1).max(initial=0)), 1)
        first = self.first[i::n, : words.mask.shape[1]]
        return PieceBatch(words, self.ids[i::n, :width], mask[:, :width], first)


@dataclass(frozen=True, slots=True, eq=False)
class EncodedPieces:
    """n sentences as words, and as pieces of the encoder.

    Attributes:
        sentences: words, spellings, shapes and tags.
        ids: of the pieces of each sentence, (t,) each.
        first: the index of the first piece of each word of each sentence, (w,) each.
    """

    sentences: EncodedSentences
    ids: Sequence[NDArray[np.int64]]
    first: Sequence[NDArray[np.int64]]

    def __len__(self) -> int:
        return len(self.sentences)

    @property
    def words(self) -> NDArray[np.int32]:
        """Ids of all words, (m,)."""
        return self.sentences.words

    @property
    def offsets(self) -> NDArray[np.int64]:
        """Where each sentence begins among all words, (n + 1,)."""
        return self.sentences.offsets

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Number of pieces of each sentence, (n,)."""
        return np.array([len(row) for row in self.ids], np.int64)

    def batch(self, indices: NDArray[np.integer]) -> PieceBatch:
        """Return the sentences at `indices` (b,), in that order."""
        words = self.sentences.batch(indices)
        ids, mask = pad_sequences([self.ids[i] for i in indices.tolist()])
        first = np.zeros(words.mask.shape, np.int64)
        first[words.mask] = np.concatenate(
            [np.empty(0, np.int64), *(self.first[i] for i in indices.tolist())]
        )
        return PieceBatch(words, ids, mask, first)


class FineTunedNetwork(Module):
    """Vectors of the first pieces of words, spelling and shapes; a linear layer; a CRF.

    The words are aligned to the pieces by their first one (Devlin et al. 2018, section 5.3).
    Spelling and shape tell upper from lower case to an encoder that was trained without it: the
    shapes are also embedded beside its words, so that all of its layers see them.

    Args:
        encoder: pre-trained.
        sentences: of which there are characters, shapes and tags.
        settings: seed and filters.
        dropout: rate before the linear layer.
        sees_shapes: whether the encoder reads the shapes.
    """

    def __init__(
        self,
        encoder: Bert,
        sentences: SentenceEncoder,
        settings: Settings,
        dropout: float,
        *,
        sees_shapes: bool,
    ) -> None:
        rng = RandomStream(settings.seed, "weights").generator()
        tags, filters = len(sentences.tags), settings.filters
        self.encoder = encoder
        self.spelling = CharacterEncoder(len(sentences.characters), CHARACTER_WIDTH, filters, rng)
        self.shapes = Embedding(len(sentences.shapes), SHAPE_WIDTH, rng, std=0.1, sparse=False)
        self.dropout = Dropout(dropout)
        self.seen_shapes = None
        if sees_shapes:  # it begins as the encoder was without them
            e = encoder.config.embedding or encoder.config.width
            self.seen_shapes = Embedding(len(sentences.shapes), e, rng, std=1e-4, sparse=False)
        self.classify = Linear(encoder.config.width + filters + SHAPE_WIDTH, tags, rng)
        self.crf = LinearChainCRF(tags, rng, **tag_constraints(sentences))

    def forward(self, batch: PieceBatch, *, rng: Rng = None) -> Tensor:
        """Return the scores of the tags, (b, w, tags)."""
        words = batch.words
        features = None
        if self.seen_shapes is not None:
            features = self.seen_shapes(_shapes_of_pieces(batch))
        hidden = self.encoder(batch.ids, batch.piece_mask, features=features, rng=rng)
        vectors = hidden[np.arange(len(batch))[:, np.newaxis], batch.first]
        spelled = self.spelling(words.characters, words.spelling_ids)
        joined = concat(vectors, spelled, self.shapes(words.shapes), axis=-1)
        scores: Tensor = self.classify(self.dropout(joined, rng))
        return scores

    def loss(self, batch: PieceBatch, *, rng: Rng = None, reduction: str = "mean") -> Tensor:
        """Return -log p(tags) of each sentence, reduced. Raises DataError without tags."""
        if batch.tags is None:
            raise DataError("expected sentences with tags, got a batch without; label them first")
        loss: Tensor = self.crf(self(batch, rng=rng), batch.tags, batch.mask, reduction=reduction)
        return loss


def _shapes_of_pieces(batch: PieceBatch) -> NDArray[np.int64]:
    """Return the shapes of words at their first pieces, (b, t); 0 at other pieces."""
    shapes = np.zeros(batch.ids.shape, np.int64)
    rows, words = np.nonzero(batch.mask & (batch.first > 0))
    shapes[rows, batch.first[rows, words]] = batch.words.shapes[rows, words]
    return shapes


class FineTunedTagger(Tagger):
    """A tagger on top of a pre-trained encoder, which is trained too.

    Args:
        sentences: words to ids; the tags.
        pretrained: encoder with its tokenizer.
        settings: seed, join, max_length, filters and dropout.
        sees_shapes: whether the encoder reads the shapes of words; runs of before did not.
    """

    model: Any  # a FineTunedNetwork

    def __init__(
        self,
        sentences: SentenceEncoder,
        pretrained: Encoder,
        settings: Settings,
        *,
        sees_shapes: bool = True,
    ) -> None:
        without_unused(pretrained.model)
        self.encoder = sentences
        self.pretrained = pretrained
        most_words = pretrained.max_length // 2  # most words have one piece or two
        self.max_length = max(min(settings.max_length, most_words), 1)
        self.join = min(settings.join, self.max_length)
        self.forbidden = tag_constraints(sentences)["forbidden"]
        self.sees_shapes = sees_shapes
        self.model = FineTunedNetwork(
            pretrained.model, sentences, settings, settings.dropout, sees_shapes=sees_shapes
        )

    @classmethod
    def from_json(cls, settings: Settings, state: Mapping[str, Any]) -> Self:
        """Return the tagger that `to_json` describes, with new weights. Raises DataError."""
        sentences = decode_field(state, "encoder", SentenceEncoder.from_json)
        pretrained = decode_field(state, "pretrained", encoder_from_json)
        return cls(
            sentences, pretrained, settings, sees_shapes=field(state, "sees_shapes", bool, False)
        )

    def to_json(self) -> dict[str, Any]:
        """Return what restores this tagger, together with the settings and the weights."""
        return {
            "encoder": self.encoder.to_json(),
            "pretrained": encoder_to_json(self.pretrained),
            "sees_shapes": self.sees_shapes,
        }

    def encode(self, sentences: Sequence[TaggedSentence]) -> Any:
        """Encode sentences as the chunks that the model reads: `EncodedPieces`."""
        encoded = self.encoder.encode(sentences)
        documents = [sentence.document for sentence in sentences]
        chunks = sentence_chunks(encoded, documents, self.join, self.max_length)
        words = [word for sentence in sentences for word in sentence.words]
        offsets = chunks.offsets.tolist()
        ids, first = [], []
        for start, stop in pairwise(offsets):
            pieces = self.pretrained.encode_words(words[start:stop])
            alignment = pieces.alignment
            ids.append(np.array(pieces.text.ids, np.int64))
            first.append(np.where(alignment.pieces > 0, alignment.starts, 0))
        return EncodedPieces(chunks, ids, first)
