"""`Tagger`: a model, and the way of sentences into it and of entities out of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from pmt_apps.ner.settings import Settings
from pmt_autograd import Tensor, no_grad
from pmt_core import DataError, RandomStream
from pmt_nn import EntityTagger, EntityTaggerConfig
from pmt_text import (
    BucketBatches,
    EncodedSentences,
    SentenceEncoder,
    TaggedBatch,
    TaggedSentence,
    forbidden_transitions,
    sentence_chunks,
)
from pmt_train import Workers, predict_batches

EVALUATION_BATCH = 64


@dataclass(frozen=True, slots=True, eq=False)
class Tagging:
    """What a model says of n sentences, m words, in their order.

    tags: names of the tags of each sentence, in the encoder's scheme. confidence: (m,) how
    probable each tag is, all ways of tagging its sentence considered; empty where not asked for.
    loss: mean of -log p(right tags) over what was read at once; nan where they are not known.
    """

    tags: list[list[str]]
    confidence: NDArray[np.float32]
    loss: float


class Tagger:
    """An `EntityTagger` with the vocabularies that it was made for."""

    def __init__(
        self,
        encoder: SentenceEncoder,
        config: EntityTaggerConfig,
        settings: Settings,
        *,
        counts: NDArray[np.int64] | None = None,
        vectors: NDArray[np.float32] | None = None,
    ) -> None:
        self.encoder = encoder
        self.join, self.longest = min(settings.join, settings.longest), settings.longest
        self.forbidden, start = forbidden_transitions(encoder.tags, encoder.scheme)
        self.model = EntityTagger(
            config,
            RandomStream(settings.seed, "weights").generator(),
            forbidden=self.forbidden,
            forbidden_start=start,
            counts=counts,
            vectors=vectors,
        )

    @classmethod
    def new(
        cls,
        settings: Settings,
        encoder: SentenceEncoder,
        texts: Sequence[TaggedSentence],
        vectors: NDArray[np.float32] | None,
    ) -> Self:
        """A tagger to train on these texts, whose words are counted."""
        config = EntityTaggerConfig(
            words=len(encoder.words),
            characters=len(encoder.characters),
            shapes=len(encoder.shapes),
            tags=len(encoder.tags),
            learned=encoder.learned or 0,
            vector_width=0 if vectors is None else vectors.shape[1],
            tune_vectors=settings.tune_vectors,
            word_width=settings.word_width,
            filters=settings.filters,
            width=settings.width,
            heads=settings.heads,
            hidden=settings.hidden,
            layers=settings.layers,
            dropout=settings.dropout,
            input_dropout=settings.input_dropout,
            word_dropout=settings.word_dropout,
        )
        counts = encoder.counts(encoder.encode(texts))
        return cls(encoder, config, settings, counts=counts, vectors=vectors)

    def twin(self, settings: Settings) -> Self:
        """The same with weights of its own, equal ones, and the dropout of other settings."""
        config = replace(
            self.model.config, dropout=settings.dropout, input_dropout=settings.input_dropout
        )
        found = type(self)(self.encoder, config, settings)
        found.model.load_state_dict(self.model.state_dict())
        return found

    @classmethod
    def from_json(cls, settings: Settings, state: Mapping[str, Any]) -> Self:
        """The tagger that `to_json` describes, with new weights."""
        encoder = SentenceEncoder.from_json(state["encoder"])
        config = dict(state["config"])
        if "directional" in config:  # an earlier name of the setting
            config["positions"] = "tener" if config.pop("directional") else "none"
        return cls(encoder, EntityTaggerConfig(**config), settings)

    def to_json(self) -> dict[str, Any]:
        """What is needed beside the settings and the weights to make this tagger again."""
        return {"encoder": self.encoder.to_json(), "config": asdict(self.model.config)}

    def encode(self, sentences: Sequence[TaggedSentence]) -> EncodedSentences:
        """Sentences as arrays, in the parts in which the model reads them."""
        encoded = self.encoder.encode(sentences)
        documents = [sentence.document for sentence in sentences]
        return sentence_chunks(encoded, documents, self.join, self.longest)

    @staticmethod
    def loss(
        model: EntityTagger, batch: TaggedBatch, rng: np.random.Generator
    ) -> tuple[Tensor, int]:
        """Sum of -log p(tags) over the batch, and the number of its rows."""
        if batch.tags is None:
            raise DataError("sentences without tags cannot be trained on")
        found = model.loss(
            batch.words,
            batch.characters,
            batch.shapes,
            batch.tags,
            batch.mask,
            batch.spelling_ids,
            rng=rng,
            reduction="sum",
        )
        return found, len(batch)

    def tag(
        self,
        sentences: Sequence[TaggedSentence],
        workers: Workers,
        *,
        confidence: bool = False,
        description: str = "tagging",
    ) -> Tagging:
        """The likeliest tags of sentences, and the loss where right ones are known."""
        encoded = self.encode(sentences)
        tags = np.zeros(len(encoded.words), np.int64)
        certain = np.zeros(len(tags) if confidence else 0, np.float32)
        losses = np.full(len(encoded), np.nan)
        self.model.eval()

        def read(batch: TaggedBatch) -> None:
            with no_grad():
                scores = self.model(
                    batch.words, batch.characters, batch.shapes, batch.mask, batch.spelling_ids
                )
            found = self.model.crf.decode(scores, batch.mask)
            places = _places(encoded, batch)
            tags[places] = found[batch.mask]
            if confidence:
                chances = self.model.crf.marginals(scores, batch.mask)
                certain[places] = chances[batch.mask, found[batch.mask]]
            if batch.tags is not None:
                known = batch.mask & (batch.tags >= 0)
                with no_grad():
                    each = self.model.crf(scores, batch.tags, known, reduction="none")
                losses[batch.index] = each.data

        batches = BucketBatches(encoded.lengths, EVALUATION_BATCH, encoded.batch)
        predict_batches(read, batches, workers, description=description)
        names = self.encoder.tag_names(tags)
        ends = np.cumsum([len(sentence) for sentence in sentences]).tolist()
        return Tagging(
            [
                names[end - len(sentence) : end]
                for sentence, end in zip(sentences, ends, strict=True)
            ],
            certain,
            float(losses.mean()),
        )


def _places(encoded: EncodedSentences, batch: TaggedBatch) -> NDArray[np.int64]:
    """Where the words of a batch stand among all words, in the order of its mask."""
    starts = encoded.offsets[batch.index][:, np.newaxis]
    return (starts + np.arange(batch.mask.shape[1]))[batch.mask]
