"""`PairModel`: the interface of every model of question pairs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Protocol, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from pmt_apps.qqp.data.settings import Settings
from pmt_autograd import Tensor
from pmt_core import softmax
from pmt_nn import Module, cross_entropy
from pmt_text import BucketBatches
from pmt_train import AttentionMap, ParameterGroup, Workers, predict_batches

CLASSES = ("different", "duplicate")
EVALUATION_BATCH = 256
_LEAST_PROBABILITY = 1e-7  # of either class, as float32 distinguishes it from 0

Texts = Sequence[tuple[str, str]]
Probabilities = NDArray[np.float32]


class Batch(Protocol):
    """A batch of encoded pairs, as `Trainer` takes it."""

    @property
    def labels(self) -> NDArray[np.int64] | None: ...

    @property
    def index(self) -> NDArray[np.int64]: ...

    def __len__(self) -> int: ...

    def shard(self, i: int, n: int) -> Any: ...


B = TypeVar("B", bound=Batch)
B_co = TypeVar("B_co", bound=Batch, covariant=True)


class Encoded(Protocol[B_co]):
    """Encoded pairs: `lengths` (n,) for bucketing, and the batch at an array of indices."""

    @property
    def lengths(self) -> NDArray[np.int64]: ...

    @property
    def labels(self) -> NDArray[np.int64] | None: ...

    def __len__(self) -> int: ...

    def batch(self, indices: NDArray[np.integer]) -> B_co: ...


@dataclass(frozen=True, slots=True, eq=False)
class CrossAttentionMaps:
    """The attention between the tokens of two questions.

    Rows need not sum to 1: the rest is attention to the same question and to special tokens.

    Attributes:
        tokens1, tokens2: the n1 and n2 tokens of the questions.
        weights12: (n1, n2), attention of the first question's tokens to the second's.
        weights21: (n2, n1), attention of the second question's tokens to the first's.
    """

    tokens1: Sequence[str]
    tokens2: Sequence[str]
    weights12: NDArray[np.floating]
    weights21: NDArray[np.floating]


def log_odds(probability: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return ln p - ln (1 - p) of probabilities, of the same shape; 0 and 1 give finite numbers."""
    p = np.clip(np.asarray(probability, np.float64), _LEAST_PROBABILITY, 1 - _LEAST_PROBABILITY)
    result: NDArray[np.float64] = np.log(p) - np.log1p(-p)
    return result


class PairModel(ABC, Generic[B]):
    """A classifier of pairs of texts: a module, and the encoding of its input.

    `Trainer(model.module, model.loss)` trains it on batches of what `encode` returns. `model.npz`
    holds the weights of `module` and the JSON of `to_json`.

    Attributes:
        kind: name of the class in `model.npz`.
        module: the trained module.
        class_weights: (2,) factors of the loss; None: all 1.
    """

    kind: ClassVar[str]
    module: Module
    class_weights: NDArray[np.float32] | None = None

    @abstractmethod
    def encode(self, texts: Texts, labels: NDArray[np.int64] | None = None) -> Encoded[B]:
        """Encode n pairs of texts; labels: (n,)."""

    @property
    def classifier(self) -> Module:
        """The module that is trained: (batch, rng=...) -> logits (b, 2)."""
        return self.module

    @classmethod
    @abstractmethod
    def from_json(cls, settings: Settings, state: Mapping[str, Any]) -> Self:
        """Return the model that `to_json` describes, with initial weights."""

    @abstractmethod
    def to_json(self) -> dict[str, Any]:
        """Return what is needed, beside settings and weights, to build this model again."""

    def parameter_groups(self, settings: Settings) -> list[ParameterGroup]:
        """Return the parameters that are trained with other rates than the rest; none here."""
        return []

    def size(self) -> str:
        """Return the size of the model, as text."""
        return f"{self.module.parameter_count():,} parameters"

    def model_meta(self) -> dict[str, Any]:
        """Return the description that `load_pair_model` reads."""
        return {"kind": self.kind, **self.to_json()}

    def loss(self, module: Module, batch: B, rng: np.random.Generator) -> tuple[Tensor, int]:
        """Return the sum of the cross-entropy over the batch, and the number of pairs."""
        logits = self.classifier(batch, rng=rng)
        weights = self.class_weights
        loss = cross_entropy(logits, batch.labels, reduction="sum", class_weights=weights)
        return loss, len(batch)

    def predict_batch(self, batch: B, *, both_orders: bool = True) -> Probabilities:
        """Return the probability of "duplicate" for each pair of a batch, (b,).

        both_orders: average over both orders of the questions, if the order matters.
        """
        return softmax(self.classifier(batch).data, axis=-1)[:, 1]

    def probabilities(
        self, encoded: Encoded[B], workers: Workers, *, both_orders: bool = True
    ) -> Probabilities:
        """Return the probability of "duplicate" for each encoded pair, (n,)."""
        batches = BucketBatches(encoded.lengths, EVALUATION_BATCH, encoded.batch)
        self.module.eval()
        probabilities = np.zeros(len(encoded), np.float32)

        def score(batch: B) -> None:
            probabilities[batch.index] = self.predict_batch(batch, both_orders=both_orders)

        predict_batches(score, batches, workers, description="scoring")
        return probabilities

    def predict(self, texts: Texts, workers: Workers) -> Probabilities:
        """Return the probability of "duplicate" for each pair of texts, (n,)."""
        return self.probabilities(self.encode(texts), workers)

    def predict_with_parts(self, texts: Texts, workers: Workers) -> dict[str, Probabilities]:
        """Return the probabilities (n,) of the model, by the name "", and of its parts by name."""
        return {"": self.predict(texts, workers)}

    def attention_maps(self, texts: tuple[str, str]) -> list[AttentionMap]:
        """Return an attention map of a pair per layer; none if the model has no attention."""
        return []

    def cross_attention(self, texts: tuple[str, str]) -> CrossAttentionMaps | None:
        """Return the attention between the two questions; None if there is no attention."""
        return None
