"""`PairModel`: what a model of question pairs is to `train_qqp.py`, whatever stands in it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Protocol, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from pmt_apps.qqp.settings import Settings
from pmt_autograd import Tensor
from pmt_core import softmax
from pmt_nn import Module, cross_entropy
from pmt_text import BucketBatches
from pmt_train import AttentionMap, Workers, predict_batches

CLASSES = ("different", "duplicate")
EVALUATION_BATCH = 256

Texts = Sequence[tuple[str, str]]
Probabilities = NDArray[np.float32]


class Batch(Protocol):
    """A part of the encoded pairs, as `Trainer` takes it."""

    @property
    def labels(self) -> NDArray[np.int64] | None: ...

    @property
    def index(self) -> NDArray[np.int64]: ...

    def __len__(self) -> int: ...

    def shard(self, i: int, n: int) -> Any: ...


B = TypeVar("B", bound=Batch)
B_co = TypeVar("B_co", bound=Batch, covariant=True)


class Encoded(Protocol[B_co]):
    """Pairs as arrays: `lengths` (n,) to batch by, and the batch of an array of indices."""

    @property
    def lengths(self) -> NDArray[np.int64]: ...

    def __len__(self) -> int: ...

    def batch(self, indices: NDArray[np.integer]) -> B_co: ...


@dataclass(frozen=True, slots=True, eq=False)
class LookingAcross:
    """How the tokens of two questions look at each other.

    tokens1: n1, tokens2: n2. weights12: (n1, n2), what those of the first look at in the second;
    weights21: (n2, n1). Rows need not add up to 1: the rest goes elsewhere.
    """

    tokens1: Sequence[str]
    tokens2: Sequence[str]
    weights12: NDArray[np.floating]
    weights21: NDArray[np.floating]


class Predictor(Protocol):
    """Whatever answers pairs: a detector, or several of them together."""

    def answer(self, texts: Texts, workers: Workers) -> Probabilities: ...

    def attention(self, texts: tuple[str, str]) -> list[AttentionMap]: ...

    def across(self, texts: tuple[str, str]) -> LookingAcross | None: ...


class PairModel(ABC, Generic[B]):
    """A module, and the way of texts into it.

    `Trainer(detector.module, detector.loss)` trains it on batches of what `encode` made;
    `answer` gives probabilities. `to_json` with the weights of `module` is all that is needed to
    make it again: `model.npz` holds both.

    Attributes:
        kind: name of the class in `model.npz`.
        module: its parameters.
    """

    kind: ClassVar[str]
    module: Module

    @abstractmethod
    def encode(self, texts: Texts, labels: NDArray[np.int64] | None = None) -> Encoded[B]:
        """n pairs of texts as arrays; labels: (n,), carried along."""

    @abstractmethod
    def logits(self, batch: B, rng: np.random.Generator | None = None) -> Tensor:
        """One row per pair: (b, 2), by class. rng: of this training pass."""

    @classmethod
    @abstractmethod
    def from_json(cls, settings: Settings, state: Mapping[str, Any]) -> Self:
        """The detector that `to_json` describes, with new weights."""

    @abstractmethod
    def to_json(self) -> dict[str, Any]:
        """What is needed beside the settings and the weights to make this detector again."""

    def size(self) -> str:
        """In words, for the person who waits."""
        return f"{self.module.parameter_count():,} parameters"

    def loss(self, module: Module, batch: B, rng: np.random.Generator) -> tuple[Tensor, int]:
        """Sum of the cross-entropy over the batch, and the number of pairs."""
        found = cross_entropy(self.logits(batch, rng), batch.labels, reduction="sum")
        return found, len(batch)

    def probabilities(self, encoded: Encoded[B], workers: Workers) -> Probabilities:
        """Probability of "duplicate" for every pair (n,), in the order of the data."""
        batches = BucketBatches(encoded.lengths, EVALUATION_BATCH, encoded.batch)
        self.module.eval()
        found = np.empty(len(encoded), np.float32)

        def score(batch: B) -> None:
            found[batch.index] = softmax(self.logits(batch).data, axis=-1)[:, 1]

        predict_batches(score, batches, workers, description="scoring")
        return found

    def answer(self, texts: Texts, workers: Workers) -> Probabilities:
        """Probability of "duplicate" for every pair of texts, (n,)."""
        return self.probabilities(self.encode(texts), workers)

    def attention(self, texts: tuple[str, str]) -> list[AttentionMap]:
        """What looks at what in a pair; none where the model has no attention."""
        return []

    def across(self, texts: tuple[str, str]) -> LookingAcross | None:
        """The attention between the two questions; None where there is none."""
        return None
