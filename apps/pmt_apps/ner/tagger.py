"""`Tagger`: an entity tagger with its vocabularies, from sentences to tags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from pmt_apps.ner.settings import Settings
from pmt_apps.ner.tagging import (
    Tagging,
    WordScores,
    has_documents,
    inner_ends,
    join_cut_sentences,
    word_positions,
)
from pmt_autograd import Tensor
from pmt_core import (
    DataError,
    RandomStream,
    dataclass_fields,
    decode_field,
    field,
    json_object,
)
from pmt_nn import EntityTagger, EntityTaggerConfig
from pmt_text import (
    UNK,
    BucketBatches,
    EncodedSentences,
    SentenceEncoder,
    TaggedBatch,
    TaggedSentence,
    forbidden_ends,
    forbidden_transitions,
    sentence_chunks,
)
from pmt_train import Workers, predict_batches

EVALUATION_BATCH = 64


class Tagger:
    """An `EntityTagger` with its vocabularies.

    Args:
        encoder: words to ids.
        config: sizes of the model.
        settings: seed, join and max_length.
        counts: (words,) frequency of each trained word, for word dropout.
        vectors: (words, d) given word vectors.
    """

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
        self.join, self.max_length = min(settings.join, settings.max_length), settings.max_length
        constraints = tag_constraints(encoder)
        self.forbidden = constraints["forbidden"]
        self.model = EntityTagger(
            config,
            RandomStream(settings.seed, "weights").generator(),
            unknown_id=UNK,
            counts=counts,
            vectors=vectors,
            **constraints,
        )

    @classmethod
    def build(
        cls,
        settings: Settings,
        encoder: SentenceEncoder,
        texts: Sequence[TaggedSentence],
        vectors: NDArray[np.float32] | None,
    ) -> Self:
        """Return a tagger with new weights, for training on these texts."""
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
            input_dropout=settings.input_dropout,
            word_dropout=settings.word_dropout,
            document_context=settings.document_context and has_documents(texts),
            **settings.sizes,
        )
        counts = encoder.counts(encoder.encode(texts))
        return cls(encoder, config, settings, counts=counts, vectors=vectors)

    def clone(self, settings: Settings) -> Self:
        """Return a tagger with a copy of the weights and the dropout rates of other settings."""
        config = replace(
            self.model.config, dropout=settings.dropout, input_dropout=settings.input_dropout
        )
        tagger = type(self)(self.encoder, config, settings)
        tagger.model.load_state_dict(self.model.state_dict())
        return tagger

    @classmethod
    def from_json(cls, settings: Settings, state: Mapping[str, Any]) -> Self:
        """Return the tagger that `to_json` describes, with new weights. Raises DataError."""
        encoder = decode_field(state, "encoder", SentenceEncoder.from_json)
        config = decode_field(state, "config", _config_from_json)
        sizes = {
            "words": len(encoder.words),
            "characters": len(encoder.characters),
            "shapes": len(encoder.shapes),
            "tags": len(encoder.tags),
            "learned": encoder.learned or 0,
        }
        for name, size in sizes.items():
            if getattr(config, name) != size:
                raise DataError(
                    f"{name} of the model is {getattr(config, name)}, that of its encoder is {size}"
                )
        return cls(encoder, config, settings)

    def to_json(self) -> dict[str, Any]:
        """Return what restores this tagger, together with the settings and the weights."""
        return {"encoder": self.encoder.to_json(), "config": asdict(self.model.config)}

    def encode(self, sentences: Sequence[TaggedSentence]) -> EncodedSentences:
        """Encode sentences as the chunks that the model reads."""
        encoded = self.encoder.encode(sentences)
        documents = [sentence.document for sentence in sentences]
        return sentence_chunks(encoded, documents, self.join, self.max_length)

    @staticmethod
    def loss(
        model: EntityTagger, batch: TaggedBatch, rng: np.random.Generator
    ) -> tuple[Tensor, int]:
        """Return the sum of -log p(tags) over a batch, and its number of chunks."""
        return model.loss(batch, rng=rng, reduction="sum"), len(batch)

    def tag(
        self,
        sentences: Sequence[TaggedSentence],
        workers: Workers,
        *,
        confidence: bool = False,
        description: str = "tagging",
    ) -> Tagging:
        """Return the most likely tags of sentences (Viterbi), and the loss if labels are known.

        Args:
            sentences: with or without tags.
            workers: threads.
            confidence: whether to compute marginal probabilities.
            description: of the progress bar.
        """
        scores = self.score(sentences, workers, description=description)
        return self.decode(sentences, scores, workers, confidence=confidence)

    def score(
        self,
        sentences: Sequence[TaggedSentence],
        workers: Workers,
        *,
        description: str = "tagging",
    ) -> WordScores:
        """Return the scores of the tags of all words, which the CRF decodes."""
        encoded = self.encode(sentences)
        emissions = np.zeros((len(encoded.words), len(self.encoder.tags)), np.float32)
        losses = np.full(len(encoded), np.nan)
        self.model.eval()

        def score_batch(batch: TaggedBatch) -> None:
            scores = self.model(batch)
            emissions[word_positions(encoded, batch)] = scores.data[batch.mask]
            if batch.tags is not None:
                known = batch.mask & (batch.tags >= 0)
                losses[batch.index] = self.model.crf(
                    scores, batch.tags, known, reduction="none"
                ).data

        predict_batches(score_batch, _batches(encoded), workers, description=description)
        return WordScores(encoded, emissions, float(losses.mean()))

    def decode(
        self,
        sentences: Sequence[TaggedSentence],
        scores: WordScores,
        workers: Workers,
        *,
        confidence: bool = False,
    ) -> Tagging:
        """Return the most likely tags of sentences by the scores of their words, see `tag`."""
        encoded = scores.encoded
        tags = np.zeros(len(scores.emissions), np.int64)
        marginals = np.zeros(len(tags) if confidence else 0, np.float32)

        def decode_batch(batch: TaggedBatch) -> None:
            positions, emissions = scores.of(batch)
            best = self.model.crf.decode(emissions, batch.mask)[batch.mask]
            tags[positions] = best
            if confidence:
                probabilities = self.model.crf.marginals(emissions, batch.mask)
                marginals[positions] = probabilities[batch.mask, best]

        predict_batches(decode_batch, _batches(encoded), workers, description="decoding")
        ends = inner_ends(sentences)
        names = [self.encoder.tag_names(ids) for ids in np.split(tags, ends)]
        join_cut_sentences(names, encoded.offsets, self.encoder.scheme)
        return Tagging(names, np.split(marginals, ends) if confidence else [], scores.loss)

    def marginals(
        self, sentences: Sequence[TaggedSentence], workers: Workers
    ) -> list[NDArray[np.float32]]:
        """Return p(tag | sentence) of the words of each sentence, (words, tags of the encoder)."""
        marginals = self.word_marginals(self.score(sentences, workers), workers)
        return np.split(marginals, inner_ends(sentences))

    def word_marginals(self, scores: WordScores, workers: Workers) -> NDArray[np.float32]:
        """Return p(tag | sentence) of all words by their scores, (m, tags of the encoder)."""
        marginals = np.zeros_like(scores.emissions)

        def batch_marginals(batch: TaggedBatch) -> None:
            positions, emissions = scores.of(batch)
            marginals[positions] = self.model.crf.marginals(emissions, batch.mask)[batch.mask]

        batches = _batches(scores.encoded)
        predict_batches(batch_marginals, batches, workers, description="probabilities")
        return marginals


def _batches(encoded: Any) -> BucketBatches[Any]:
    return BucketBatches(encoded.lengths, EVALUATION_BATCH, encoded.batch)


def tag_constraints(encoder: SentenceEncoder) -> dict[str, Any]:
    """Return what the scheme of the tags forbids, as arguments of a `LinearChainCRF`.

    A chunk is valid as a whole, also if a sentence was cut, so its ends count as those of a
    sentence.
    """
    forbidden, start = forbidden_transitions(encoder.tags, encoder.scheme)
    end = forbidden_ends(encoder.tags, encoder.scheme)
    return {"forbidden": forbidden, "forbidden_start": start, "forbidden_end": end}


def _config_from_json(state: object) -> EntityTaggerConfig:
    config = json_object(state)
    if "directional" in config:  # earlier names of settings
        config["positions"] = "tener" if field(config, "directional", bool) else "none"
        config["kernel_size"] = field(config, "window", int)
        del config["directional"], config["window"]
    values = dataclass_fields(config, EntityTaggerConfig, complete=False, minimum=0)
    return EntityTaggerConfig(**values)
