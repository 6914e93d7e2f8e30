"""The Transformer that reads both questions at once, alone or several of them together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from pmt_apps.qqp.models.pair_model import (
    CLASSES,
    EVALUATION_BATCH,
    Encoded,
    LookingAcross,
    PairModel,
    Probabilities,
    Texts,
)
from pmt_apps.qqp.settings import Settings
from pmt_autograd import Tensor, no_grad
from pmt_core import RandomStream, StateError, softmax
from pmt_nn import Buffer, Module, PairClassifier, PairClassifierConfig, capture
from pmt_text import (
    CLS,
    SEP,
    SPECIAL_TOKENS,
    VECTOR_SIMILARITIES,
    BucketBatches,
    EncodedPairs,
    InverseDocumentFrequency,
    PairBatch,
    PairEncoder,
    QuestionPair,
    VectorSimilarities,
    Vocabulary,
    tokenize,
)
from pmt_train import AttentionMap, Workers, predict_batches, progress_bar

_CHUNK = 2000  # pairs encoded between two moves of the progress bar


class Ensemble(Module):
    """The weights of a detector: of its members, and the word vectors they get features from."""

    def __init__(
        self, members: Iterable[PairClassifier], vectors: NDArray[np.float32] | None
    ) -> None:
        self.members = list(members)
        self.vectors = None if vectors is None else Buffer(vectors)


class TransformerPairModel(PairModel[PairBatch]):
    """One `PairClassifier`, or several whose probabilities are averaged.

    Every pair is read in both orders and the answers are averaged, too.

    settings: give the size, and the seed of the first weights. encoder: words to ids, marks and
    features. vectors: (v, d) word vectors learned from paraphrases, that add features; or None.
    members: how many classifiers. stage: names the stream of their first weights.
    """

    kind: ClassVar[str] = "transformer"
    module: Ensemble

    def __init__(
        self,
        settings: Settings,
        encoder: PairEncoder,
        vectors: NDArray[np.float32] | None = None,
        members: int = 1,
        stage: str = "weights",
    ) -> None:
        self.encoder = encoder
        features = encoder.features + (0 if vectors is None else len(VECTOR_SIMILARITIES))
        config = PairClassifierConfig(
            vocabulary=len(encoder.vocabulary),
            max_length=settings.max_length,
            width=settings.width,
            heads=settings.heads,
            hidden=settings.hidden,
            layers=settings.layers,
            dropout=settings.dropout,
            norm_first=settings.norm == "first",
            n_match_types=encoder.n_match_types,
            compare=encoder.rarity is not None,
            features=features,
        )
        rng = RandomStream(settings.seed, stage).generator()
        self.module = Ensemble([PairClassifier(config, rng) for _ in range(members)], vectors)
        self._similarities: VectorSimilarities | None = None

    @classmethod
    def for_pairs(cls, settings: Settings, pairs: Sequence[QuestionPair]) -> Self:
        """One that knows the words of these pairs (those to learn from, never dev or test)."""
        return cls(settings, learn_encoder(settings, pairs))

    @classmethod
    def from_json(cls, settings: Settings, state: Mapping[str, Any]) -> Self:
        encoder = PairEncoder.from_json(state["encoder"])
        width = state.get("vectors")
        room = None if width is None else np.zeros((len(encoder.vocabulary), width), np.float32)
        return cls(settings, encoder, room, members=state.get("members", 1))

    @property
    def reader(self) -> PairClassifier:
        """The first of the members: the one that is trained."""
        return self.module.members[0]

    def size(self) -> str:
        return f"{len(self.encoder.vocabulary):,} words, {super().size()}"

    def to_json(self) -> dict[str, Any]:
        vectors = self.module.vectors
        return {
            "encoder": self.encoder.to_json(),
            "members": len(self.module.members),
            "vectors": None if vectors is None else vectors.shape[1],
        }

    def encode(self, texts: Texts, labels: NDArray[np.int64] | None = None) -> EncodedPairs:
        parts = []
        with progress_bar(len(texts), "encoding") as bar:
            for start in range(0, max(len(texts), 1), _CHUNK):
                part = self.encoder.encode(texts[start : start + _CHUNK])
                parts.append(self._with_similarities(part))
                bar.update(len(part))
        return replace(EncodedPairs.joined(parts), labels=labels)

    def _with_similarities(self, part: EncodedPairs) -> EncodedPairs:
        if self.module.vectors is None:
            return part
        if self._similarities is None:  # now, not before: the vectors may have been loaded
            self._similarities = VectorSimilarities(self.module.vectors.data, self._rarities())
        found = self._similarities(part)
        if part.features is None:
            return replace(part, features=found)
        return replace(part, features=np.concatenate([part.features, found], axis=1))

    def _rarities(self) -> NDArray[np.float32]:
        """Of the vocabulary's words, (v,)."""
        words, rarity = self.encoder.vocabulary.to_json(), self.encoder.rarity
        return np.array([1.0 if rarity is None else rarity(word) for word in words], np.float32)

    def mean_vectors(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The mean of the vectors of each text's known words, (n, d); zeros where none is known.

        Raises StateError where the detector has no word vectors.
        """
        if self.module.vectors is None:
            raise StateError("this detector has no word vectors: train with --vectors-epochs")
        vectors = self.module.vectors.data
        found = np.zeros((len(texts), vectors.shape[1]), np.float32)
        with progress_bar(len(texts), "averaging word vectors") as bar:
            for row, text in zip(found, texts, strict=True):
                ids = self.encoder.vocabulary.ids(tokenize(text))
                known = ids[ids >= len(SPECIAL_TOKENS)]
                if len(known):
                    row[...] = vectors[known].mean(axis=0)
                bar.update(1)
        return found

    def logits(self, batch: PairBatch, rng: np.random.Generator | None = None) -> Tensor:
        return _logits(self.reader, batch, rng)

    def probabilities(
        self, encoded: Encoded[PairBatch], workers: Workers, *, both_orders: bool = True
    ) -> Probabilities:
        """Probability of "duplicate" for every pair (n,), in the order of the data."""
        batches = BucketBatches(encoded.lengths, EVALUATION_BATCH, encoded.batch)
        self.module.eval()
        found = np.zeros(len(encoded), np.float32)

        def score(batch: PairBatch) -> None:
            orders = [batch, batch.swapped()] if both_orders else [batch]
            answers = [
                softmax(_logits(member, one).data, axis=-1)[:, 1]
                for member in self.module.members
                for one in orders
            ]
            found[batch.index] = np.mean(answers, axis=0)

        predict_batches(score, batches, workers, description="scoring")
        return found

    def attention(self, texts: tuple[str, str]) -> list[AttentionMap]:
        """Mean over the heads of every layer's attention, of the first member."""
        batch, said, layers = self._look(texts)
        tokens = self.encoder.vocabulary.tokens(batch.ids[0])
        return [
            AttentionMap(f"layer {n}: called {said}", tokens, tokens, weights)
            for n, weights in enumerate(layers, start=1)
        ]

    def across(self, texts: tuple[str, str]) -> LookingAcross | None:
        """Mean over the layers and heads, between the words of the two questions."""
        batch, _, layers = self._look(texts)
        mean = np.mean(layers, axis=0)
        is_word = ~np.isin(batch.ids[0], (CLS, SEP))
        first, second = (np.flatnonzero(is_word & (batch.segments[0] == side)) for side in (0, 1))
        # The text's own tokens, also where they are unknown; what truncation cut off is not shown.
        tokens1, tokens2 = (
            tokenize(text)[: len(places)]
            for text, places in zip(texts, (first, second), strict=True)
        )
        return LookingAcross(
            tokens1, tokens2, mean[np.ix_(first, second)], mean[np.ix_(second, first)]
        )

    def _look(self, texts: tuple[str, str]) -> tuple[PairBatch, str, list[NDArray[np.float32]]]:
        """The pair as a batch, its class in words, and the mean head (t, t) of every layer."""
        encoded = self.encode([texts])
        batch = encoded.batch(np.array([0]))
        said = CLASSES[int(self.probabilities(encoded, Workers(1))[0] >= 0.5)]
        with capture(self.reader) as seen, no_grad():
            self.logits(batch)
        weights = [array for name, array in seen.items() if name.endswith("attention.weights")]
        return batch, said, [layer[0].mean(axis=0) for layer in weights]


def learn_encoder(settings: Settings, pairs: Sequence[QuestionPair]) -> PairEncoder:
    """Words and their rarity, from all questions of these pairs."""

    def texts(what: str) -> Iterator[list[str]]:
        with progress_bar(len(pairs), what) as bar:
            for pair in pairs:
                yield tokenize(pair.question1)
                yield tokenize(pair.question2)
                bar.update(1)

    # Twice through the texts: to keep all their tokens would take far more memory than all else.
    words = Vocabulary.build(texts("counting words"), min_count=settings.min_count)
    return PairEncoder(
        words, settings.max_length, InverseDocumentFrequency.build(texts("weighing words"))
    )


def _logits(
    member: PairClassifier, batch: PairBatch, rng: np.random.Generator | None = None
) -> Tensor:
    found: Tensor = member(
        batch.ids, batch.segments, batch.match_types, batch.mask, batch.features, rng=rng
    )
    return found
