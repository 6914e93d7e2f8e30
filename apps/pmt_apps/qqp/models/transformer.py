"""The Transformer that reads both questions of a pair together, alone or as an ensemble."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from pmt_apps.qqp.data.settings import Settings
from pmt_apps.qqp.models.pair_model import (
    CLASSES,
    CrossAttentionMaps,
    PairModel,
    Probabilities,
    Texts,
)
from pmt_apps.qqp.models.question_encoder import QuestionEncoder
from pmt_autograd import no_grad
from pmt_core import DataError, RandomStream, decode_field, field, softmax
from pmt_nn import Buffer, Module, PairClassifier, PairClassifierConfig, capture, constant
from pmt_text import (
    CLS,
    SEP,
    EncodedPairs,
    PairBatch,
    PairEncoder,
    QuestionPair,
    Tokenize,
    tokenize,
)
from pmt_train import AttentionMap


class Ensemble(Module):
    """Classifiers whose probabilities are averaged, and the word vectors of their features."""

    def __init__(self, members: Sequence[PairClassifier], vectors: Buffer | None) -> None:
        self.members = list(members)
        self.vectors = vectors


class TransformerPairModel(PairModel[PairBatch]):
    """One `PairClassifier`, or several whose probabilities are averaged.

    Predictions are averaged over both orders of a pair.

    Args:
        encoder: encodes pairs; its word vectors, if any, are saved with the model.
        members: the classifiers. Training updates the first one.
    """

    kind: ClassVar[str] = "transformer"
    module: Ensemble

    def __init__(self, encoder: QuestionEncoder, members: Sequence[PairClassifier]) -> None:
        self.encoder = encoder
        self.module = Ensemble(members, encoder.vectors)

    @classmethod
    def build(
        cls, settings: Settings, encoder: QuestionEncoder, stream: str = "weights", members: int = 1
    ) -> Self:
        """Return a model with initial weights, drawn from the named random stream."""
        config = PairClassifierConfig(
            vocabulary=len(encoder.vocabulary),
            max_length=settings.max_length,
            norm_first=settings.norm == "first",
            n_match_types=encoder.pairs.n_match_types,
            compare=encoder.pairs.idf is not None,
            features=encoder.n_features,
            **settings.sizes,
        )
        rng = RandomStream(settings.seed, stream).generator()
        return cls(encoder, [PairClassifier(config, rng) for _ in range(members)])

    @classmethod
    def for_pairs(
        cls, settings: Settings, pairs: Sequence[QuestionPair], tokenize: Tokenize = tokenize
    ) -> Self:
        """Return an untrained model with the vocabulary of these training pairs."""
        sizes = {"min_count": settings.min_count, "max_length": settings.max_length}
        return cls.build(settings, QuestionEncoder.learn(pairs, tokenize, **sizes))

    @classmethod
    def from_json(cls, settings: Settings, state: Mapping[str, Any]) -> Self:
        pairs = decode_field(state, "encoder", PairEncoder.from_json)
        if pairs.max_length != settings.max_length:
            raise DataError(
                f"the encoder of the model has a max_length of {pairs.max_length}, the settings "
                f"say {settings.max_length}"
            )
        encoder = QuestionEncoder(pairs)
        width = field(state, "vectors", int | None, None)
        if width is not None:  # the values are loaded with the weights
            encoder = encoder.with_vectors(constant((len(encoder.vocabulary), width)))
        return cls.build(settings, encoder, members=field(state, "members", int, 1, minimum=1))

    @property
    def classifier(self) -> PairClassifier:
        """The first member, which is trained."""
        return self.module.members[0]

    def size(self) -> str:
        return f"{len(self.encoder.vocabulary):,} words, {super().size()}"

    def to_json(self) -> dict[str, Any]:
        vectors = self.module.vectors
        return {
            "encoder": self.encoder.pairs.to_json(),
            "members": len(self.module.members),
            "vectors": None if vectors is None else vectors.shape[1],
        }

    def encode(self, texts: Texts, labels: NDArray[np.int64] | None = None) -> EncodedPairs:
        return self.encoder.encode(texts, labels)

    def predict_batch(self, batch: PairBatch, *, both_orders: bool = True) -> Probabilities:
        orders = [batch, batch.swapped()] if both_orders else [batch]
        probabilities = [
            softmax(member(ordered).data, axis=-1)[:, 1]
            for member in self.module.members
            for ordered in orders
        ]
        mean: Probabilities = np.mean(probabilities, axis=0)
        return mean

    def attention_maps(
        self, texts: tuple[str, str], predicted: str | None = None
    ) -> list[AttentionMap]:
        """Return the mean over the heads of each layer's attention, of the first member.

        predicted: the class in the titles; None: that of this model.
        """
        batch = self.encode([texts]).batch(np.array([0]))
        layers = self._attention_weights(batch)
        if predicted is None:
            predicted = CLASSES[int(self.predict_batch(batch)[0] >= 0.5)]
        tokens = self.encoder.vocabulary.tokens(batch.ids[0])
        return [
            AttentionMap(f"layer {n}: predicted {predicted}", tokens, tokens, weights)
            for n, weights in enumerate(layers, start=1)
        ]

    def cross_attention(self, texts: tuple[str, str]) -> CrossAttentionMaps | None:
        """Return the attention between the words, averaged over layers and heads."""
        batch = self.encode([texts]).batch(np.array([0]))
        mean = np.mean(self._attention_weights(batch), axis=0)
        is_word = ~np.isin(batch.ids[0], (CLS, SEP))
        first, second = (
            np.flatnonzero(is_word & (batch.segments[0] == segment)) for segment in (0, 1)
        )
        # The tokens of the text, including unknown words, up to the truncation.
        tokens1, tokens2 = (
            self.encoder.tokenize(text)[: len(positions)]
            for text, positions in zip(texts, (first, second), strict=True)
        )
        weights12, weights21 = mean[np.ix_(first, second)], mean[np.ix_(second, first)]
        return CrossAttentionMaps(tokens1, tokens2, weights12, weights21)

    def _attention_weights(self, batch: PairBatch) -> list[NDArray[np.float32]]:
        """Return the mean over the heads (t, t) of each layer, of a batch of one pair."""
        self.module.eval()
        with capture(self.classifier) as captured, no_grad():
            self.classifier(batch)
        weights = [array for name, array in captured.items() if name.endswith("attention.weights")]
        return [layer[0].mean(axis=0) for layer in weights]
