"""What a model of question pairs has to beat: word overlap, and logistic regression on tf-idf."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from pmt_apps.qqp.data import labels_of, texts_of
from pmt_apps.qqp.models.pair_model import PairModel, Texts
from pmt_apps.qqp.settings import BASELINE, Settings
from pmt_autograd import Tensor, exp
from pmt_core import RandomStream
from pmt_nn import Buffer, Embedding, Linear, Module, Parameter
from pmt_text import (
    BagBatch,
    BucketBatches,
    EncodedBags,
    QuestionPair,
    TfIdf,
    best_threshold,
    overlap_scores,
    tokenize,
)
from pmt_train import AdamW, SingleProcess, Trainer, Workers, linear_schedule


class OverlapLine(Module):
    """The logit exp(s) (x - c) of a score x: the cut c is given, the steepness s learned."""

    def __init__(self, cut: float) -> None:
        self.cut = Buffer(np.array([cut], np.float32))
        self.steepness = Parameter(np.array([1.5], np.float32))

    def forward(self, batch: BagBatch) -> Tensor:
        """-> (b, 1)."""
        found: Tensor = exp(self.steepness) * (Tensor(batch.scores) - self.cut)
        return found


class OverlapPairModel(PairModel[BagBatch]):
    """ "Duplicate" where the questions share enough of their words.

    The share that answers most training pairs rightly is probability 1/2; `Trainer` finds how
    fast the probability rises about it, which changes no answer.
    """

    kind: ClassVar[str] = "overlap"
    module: OverlapLine

    def __init__(self, cut: float) -> None:
        self.module = OverlapLine(cut)

    @classmethod
    def for_pairs(cls, settings: Settings, pairs: Sequence[QuestionPair]) -> Self:
        return cls(best_threshold(overlap_scores(texts_of(pairs)), labels_of(pairs)).value)

    @classmethod
    def from_json(cls, settings: Settings, state: Mapping[str, Any]) -> Self:
        return cls(0.0)  # the cut comes with the weights

    def to_json(self) -> dict[str, Any]:
        return {}

    def encode(self, texts: Texts, labels: NDArray[np.int64] | None = None) -> EncodedBags:
        scores = overlap_scores(texts).astype(np.float32)[:, None]
        nothing = np.zeros(len(texts) + 1, np.int64)
        return EncodedBags(np.empty(0, np.int32), np.empty(0, np.float32), nothing, scores, labels)

    def logits(self, batch: BagBatch, rng: np.random.Generator | None = None) -> Tensor:
        return of_two_classes(self.module(batch))


class BagRegression(Module):
    """The logit of logistic regression: a weight for each of v features, one for each score."""

    def __init__(self, v: int, scores: int, rng: np.random.Generator) -> None:
        self.weights = Embedding(v, 1, rng, std=0.0)
        self.scores = Linear(scores, 1, rng)

    def forward(self, batch: BagBatch) -> Tensor:
        """-> (b, 1)."""
        bag = (self.weights(batch.ids) * batch.values[..., None]).sum(axis=1)
        found: Tensor = bag + self.scores(Tensor(batch.scores))
        return found


class TfIdfPairModel(PairModel[BagBatch]):
    """Logistic regression on the difference and the product of two tf-idf vectors.

    Both orders of a pair are the same to it.
    """

    kind: ClassVar[str] = "tfidf"
    module: BagRegression

    def __init__(self, settings: Settings, words: TfIdf) -> None:
        rng = RandomStream(settings.seed, "weights", self.kind).generator()
        self.words = words
        self.module = BagRegression(2 * max(len(words), 1), 3, rng)

    @classmethod
    def for_pairs(cls, settings: Settings, pairs: Sequence[QuestionPair]) -> Self:
        texts = (tokenize(text) for pair in texts_of(pairs) for text in pair)
        return cls(settings, TfIdf.learn(texts, settings.min_count))

    @classmethod
    def from_json(cls, settings: Settings, state: Mapping[str, Any]) -> Self:
        return cls(settings, TfIdf.from_json(state["tfidf"]))

    def to_json(self) -> dict[str, Any]:
        return {"tfidf": self.words.to_json()}

    def size(self) -> str:
        return f"{len(self.words):,} words, {super().size()}"

    def encode(self, texts: Texts, labels: NDArray[np.int64] | None = None) -> EncodedBags:
        return self.words.encode(texts, labels)

    def logits(self, batch: BagBatch, rng: np.random.Generator | None = None) -> Tensor:
        return of_two_classes(self.module(batch))


BASELINES: dict[str, type[OverlapPairModel] | type[TfIdfPairModel]] = {
    kind.kind: kind for kind in (OverlapPairModel, TfIdfPairModel)
}


def of_two_classes(logit: Tensor) -> Tensor:
    """(b, 1) -> (b, 2): softmax of (0, z) is sigmoid(z) for the second class."""
    found: Tensor = logit * np.array([[0.0, 1.0]], np.float32)
    return found


def trained_baseline(
    kind: str, pairs: Sequence[QuestionPair], settings: Settings, workers: Workers
) -> PairModel[BagBatch]:
    """A baseline that has learned from these pairs, to stand beside a model."""
    detector = BASELINES[kind].for_pairs(settings, pairs)
    encoded = detector.encode(texts_of(pairs), labels_of(pairs))
    order = RandomStream(settings.seed, "order", kind)
    batches = BucketBatches(encoded.lengths, BASELINE["batch_size"], encoded.batch, order)
    trainer = Trainer(
        detector.module,
        detector.loss,
        optimizer=functools.partial(AdamW, weight_decay=settings.weight_decay),
        schedule=linear_schedule(BASELINE["lr"], len(batches) * BASELINE["epochs"]),
        seed=settings.seed,
        workers=workers,
        ranks=SingleProcess(),
    )
    trainer.fit(batches, epochs=BASELINE["epochs"], quiet=True)
    return detector
