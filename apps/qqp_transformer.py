"""The Transformer that reads both questions at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from pmt_autograd import Tensor, no_grad
from pmt_core import RandomStream
from pmt_nn import PairClassifier, PairClassifierConfig, observing
from pmt_text import (
    CLS,
    SEP,
    EncodedPairs,
    PairBatch,
    PairEncoder,
    QuestionPair,
    Vocabulary,
    tokenize,
)
from pmt_train import AttentionMap
from qqp_detector import CLASSES, Detector, LookingAcross, Texts
from qqp_settings import Settings


class TransformerDetector(Detector[PairBatch]):
    """`PairClassifier` on word ids.

    settings: give its size and the seed of its first weights. encoder: words to ids.
    """

    kind: ClassVar[str] = "transformer"
    module: PairClassifier

    def __init__(self, settings: Settings, encoder: PairEncoder) -> None:
        config = PairClassifierConfig(
            vocabulary=len(encoder.vocabulary),
            max_length=settings.max_length,
            width=settings.width,
            heads=settings.heads,
            hidden=settings.hidden,
            layers=settings.layers,
            dropout=settings.dropout,
            norm_first=settings.norm == "first",
        )
        self.encoder = encoder
        self.module = PairClassifier(config, RandomStream(settings.seed, "weights").generator())

    @classmethod
    def for_pairs(cls, settings: Settings, pairs: Sequence[QuestionPair]) -> Self:
        """One that knows the words of these pairs (those to learn from, never dev or test)."""
        words = Vocabulary.build(
            (tokenize(text) for pair in pairs for text in (pair.question1, pair.question2)),
            min_count=settings.min_count,
        )
        return cls(settings, PairEncoder(words, settings.max_length))

    @classmethod
    def from_json(cls, settings: Settings, state: Mapping[str, Any]) -> Self:
        return cls(settings, PairEncoder.from_json(state["encoder"]))

    def size(self) -> str:
        return f"{len(self.encoder.vocabulary):,} words, {super().size()}"

    def to_json(self) -> dict[str, Any]:
        return {"encoder": self.encoder.to_json()}

    def encode(self, texts: Texts, labels: NDArray[np.int64] | None = None) -> EncodedPairs:
        return self.encoder.encode(texts, labels)

    def logits(self, batch: PairBatch, rng: np.random.Generator | None = None) -> Tensor:
        found: Tensor = self.module(batch.ids, batch.segments, batch.matches, batch.mask, rng=rng)
        return found

    def attention(self, texts: tuple[str, str]) -> list[AttentionMap]:
        """Mean over the heads of every layer's attention."""
        batch, logits, layers = self._look(texts)
        said = CLASSES[int(logits.argmax())]
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

    def _look(
        self, texts: tuple[str, str]
    ) -> tuple[PairBatch, NDArray[np.float32], list[NDArray[np.float32]]]:
        """The pair as a batch, its logits (2,), and the mean head (t, t) of every layer."""
        batch = self.encode([texts]).batch(np.array([0]))
        self.module.eval()
        with observing(self.module) as seen, no_grad():
            logits = self.logits(batch).data[0]
        weights = [array for name, array in seen.items() if name.endswith("attention.weights")]
        return batch, logits, [layer[0].mean(axis=0) for layer in weights]
