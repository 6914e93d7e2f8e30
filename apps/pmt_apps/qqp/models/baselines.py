"""The baselines: word overlap, and logistic regression on tf-idf or on n-grams."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from pmt_apps.qqp.data.settings import Settings
from pmt_apps.qqp.data.splits import labels_of, texts_of
from pmt_apps.qqp.models.pair_model import PairModel, Texts
from pmt_autograd import Tensor, exp
from pmt_core import RandomStream, decode_field
from pmt_nn import Buffer, Embedding, Linear, Module, Parameter
from pmt_text import (
    BagBatch,
    EncodedBags,
    PairNgrams,
    QuestionPair,
    TfIdf,
    Tokenize,
    best_threshold,
    overlap_scores,
    tokenize,
)
from pmt_train import progress_bar


class BagClassifier(Module):
    """A module whose logits are (0, z), with the sigmoid of z as the probability of "duplicate"."""

    def forward(self, batch: BagBatch, *, rng: np.random.Generator | None = None) -> Tensor:
        """Return the logits, (b, 2)."""
        logits: Tensor = self.score(batch) * np.array([[0.0, 1.0]], np.float32)
        return logits

    def score(self, batch: BagBatch) -> Tensor:
        """Return z, (b, 1)."""
        raise NotImplementedError


class OverlapThreshold(BagClassifier):
    """z = exp(s) (x - c) of a score x, with a fixed threshold c and a trained steepness s."""

    def __init__(self, threshold: float) -> None:
        self.cut = Buffer(np.array([threshold], np.float32))
        self.steepness = Parameter(np.array([1.5], np.float32))

    def score(self, batch: BagBatch) -> Tensor:
        z: Tensor = exp(self.steepness) * (Tensor(batch.scores) - self.cut)
        return z


class BagRegression(BagClassifier):
    """Logistic regression: a weight for each of v features, and for each score."""

    def __init__(self, v: int, scores: int, rng: np.random.Generator) -> None:
        self.weights = Embedding(v, 1, rng, std=0.0)
        self.scores = Linear(scores, 1, rng)

    def score(self, batch: BagBatch) -> Tensor:
        bag = (self.weights(batch.ids) * batch.values[..., None]).sum(axis=1)
        z: Tensor = bag + self.scores(Tensor(batch.scores))
        return z


class BagModel(PairModel[BagBatch]):
    """A `PairModel` with a `BagClassifier`."""

    @classmethod
    @abstractmethod
    def for_pairs(
        cls, settings: Settings, pairs: Sequence[QuestionPair], tokenize: Tokenize = tokenize
    ) -> Self:
        """Return a model that knows the words, or the threshold, of these training pairs."""


class OverlapPairModel(BagModel):
    """ "Duplicate" if the questions share enough of their words.

    The threshold with the best training accuracy gets probability 1/2. Training fits how fast
    the probability rises around it, which changes no predicted class.
    """

    kind: ClassVar[str] = "overlap"

    def __init__(self, threshold: float, tokenize: Tokenize = tokenize) -> None:
        self.module = OverlapThreshold(threshold)
        self.tokenize = tokenize

    @classmethod
    def for_pairs(
        cls, settings: Settings, pairs: Sequence[QuestionPair], tokenize: Tokenize = tokenize
    ) -> Self:
        scores = overlap_scores(texts_of(pairs), tokenize=tokenize)
        return cls(best_threshold(scores, labels_of(pairs)).value, tokenize)

    @classmethod
    def from_json(cls, settings: Settings, state: Mapping[str, Any]) -> Self:
        return cls(0.0)  # the threshold is loaded with the weights

    def to_json(self) -> dict[str, Any]:
        return {}

    def encode(self, texts: Texts, labels: NDArray[np.int64] | None = None) -> EncodedBags:
        scores = overlap_scores(texts, tokenize=self.tokenize).astype(np.float32)[:, None]
        offsets = np.zeros(len(texts) + 1, np.int64)
        return EncodedBags(
            ids=np.empty(0, np.int32),
            values=np.empty(0, np.float32),
            offsets=offsets,
            scores=scores,
            labels=labels,
        )


class TfIdfPairModel(BagModel):
    """Logistic regression on the difference and the product of two tf-idf vectors.

    It is symmetric in the two questions.
    """

    kind: ClassVar[str] = "tfidf"

    def __init__(self, settings: Settings, words: TfIdf, tokenize: Tokenize = tokenize) -> None:
        rng = RandomStream(settings.seed, "weights", self.kind).generator()
        self.words = words
        self.tokenize = tokenize
        self.module = BagRegression(2 * max(len(words), 1), 3, rng)

    @classmethod
    def for_pairs(
        cls, settings: Settings, pairs: Sequence[QuestionPair], tokenize: Tokenize = tokenize
    ) -> Self:
        texts = (tokenize(text) for pair in texts_of(pairs) for text in pair)
        return cls(settings, TfIdf.learn(texts, settings.min_count), tokenize)

    @classmethod
    def from_json(cls, settings: Settings, state: Mapping[str, Any]) -> Self:
        return cls(settings, decode_field(state, "tfidf", TfIdf.from_json))

    def to_json(self) -> dict[str, Any]:
        return {"tfidf": self.words.to_json()}

    def size(self) -> str:
        return f"{len(self.words):,} words, {super().size()}"

    def encode(self, texts: Texts, labels: NDArray[np.int64] | None = None) -> EncodedBags:
        return self.words.encode(texts, labels, tokenize=self.tokenize)


class NgramPairModel(BagModel):
    """Logistic regression on the n-grams that both questions have, or only one of them.

    It is symmetric in the two questions.
    """

    kind: ClassVar[str] = "ngrams"
    module: BagRegression

    def __init__(
        self, settings: Settings, ngrams: PairNgrams, tokenize: Tokenize = tokenize
    ) -> None:
        rng = RandomStream(settings.seed, "weights", self.kind).generator()
        self.ngrams = ngrams
        self.tokenize = tokenize
        self.module = BagRegression(2 * max(len(ngrams), 1), ngrams.n_scores, rng)

    @classmethod
    def for_pairs(
        cls, settings: Settings, pairs: Sequence[QuestionPair], tokenize: Tokenize = tokenize
    ) -> Self:
        def tokens() -> Iterator[tuple[list[str], list[str]]]:
            with progress_bar(len(pairs), "counting n-grams") as bar:
                for first, second in texts_of(pairs):
                    yield tokenize(first), tokenize(second)
                    bar.update(1)

        return cls(settings, PairNgrams.learn(tokens()), tokenize)

    @classmethod
    def from_json(cls, settings: Settings, state: Mapping[str, Any]) -> Self:
        return cls(settings, decode_field(state, "ngrams", PairNgrams.from_json))

    def to_json(self) -> dict[str, Any]:
        return {"ngrams": self.ngrams.to_json()}

    def size(self) -> str:
        return f"{len(self.ngrams):,} n-grams, {super().size()}"

    def encode(self, texts: Texts, labels: NDArray[np.int64] | None = None) -> EncodedBags:
        with progress_bar(len(texts), "encoding n-grams") as bar:
            return self.ngrams.encode(texts, labels, tokenize=self.tokenize, progress=bar.update)


BASELINES: dict[str, type[BagModel]] = {
    model.kind: model for model in (OverlapPairModel, TfIdfPairModel, NgramPairModel)
}
