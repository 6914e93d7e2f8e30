"""`TextModel`: a network with what turns texts into its input; built anew or from JSON."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from pmt_apps.classification.encoded_texts import EncodedTexts, TextBatch
from pmt_apps.classification.labels import LabelSet
from pmt_apps.classification.models import TextNetwork
from pmt_apps.classification.settings import Settings
from pmt_autograd import Tensor
from pmt_core import sigmoid, softmax
from pmt_nn import binary_cross_entropy_with_logits, cross_entropy
from pmt_text import BucketBatches
from pmt_train import Workers, predict_batches

EVALUATION_BATCH = 64


class TextModel(ABC):
    """A network that classifies texts, with the classes and what encodes texts.

    Attributes:
        kind: its name in saved runs.
        labels: the classes.
        network: maps batches to logits.
        class_weights: (k,) factors of the loss; None: all 1.
        label_smoothing: share of a label that the loss spreads over all classes.
    """

    kind: ClassVar[str]

    def __init__(self, labels: LabelSet, network: TextNetwork) -> None:
        self.labels = labels
        self.network = network
        self.class_weights: NDArray[np.float32] | None = None
        self.label_smoothing = 0.0

    @classmethod
    @abstractmethod
    def build(cls, settings: Settings, texts: Sequence[str], labels: LabelSet) -> Self:
        """Return a model with new weights, for training on these texts."""

    @classmethod
    @abstractmethod
    def from_json(cls, settings: Settings, labels: LabelSet, state: Mapping[str, Any]) -> Self:
        """Return the model that `to_json` described, with new weights. Raises DataError."""

    @abstractmethod
    def to_json(self) -> dict[str, Any]:
        """Return what restores this model, together with the settings and the weights."""

    @abstractmethod
    def words(self, text: str) -> list[str]:
        """Return the words of a text, as scores are explained by them."""

    @abstractmethod
    def encode(self, texts: Sequence[str]) -> EncodedTexts:
        """Return texts as the network reads them."""

    def encode_words(self, words: Sequence[Sequence[str]]) -> EncodedTexts:
        """Return texts given as words, as the network reads them."""
        return self.encode([" ".join(row) for row in words])

    @abstractmethod
    def word_scores(
        self,
        words: Sequence[str],
        tokens: NDArray[np.floating],
        grams: NDArray[np.integer],
        weights: NDArray[np.floating],
    ) -> NDArray[np.float64]:
        """Sum what tokens (t,) and n-grams (u,) contribute to a score, by the words of a text.

        grams: ids of the n-grams. weights: what each contributes.
        """

    def loss(
        self, network: TextNetwork, batch: TextBatch, rng: np.random.Generator
    ) -> tuple[Tensor, int]:
        """Return the sum of the losses of a batch, and its number of texts."""
        logits = network.trained_logits(batch, rng=rng)
        smoothing = self.label_smoothing
        if not self.labels.several:
            loss = cross_entropy(
                logits,
                batch.labels,
                reduction="sum",
                label_smoothing=smoothing,
                class_weights=self.class_weights,
            )
            return loss, len(batch)
        targets = np.asarray(batch.labels) * (1 - smoothing) + smoothing / 2
        losses = binary_cross_entropy_with_logits(logits, targets, reduction="none")
        if self.class_weights is not None:
            losses = losses * self.class_weights
        return losses.sum(), len(batch)

    def logits(
        self, encoded: EncodedTexts, workers: Workers, description: str = "predicting"
    ) -> NDArray[np.float32]:
        """Return the logits of all texts, (n, k)."""
        return self._computed(self.network, encoded, workers, description)

    def choose_by_dev(self, dev: EncodedTexts, workers: Workers) -> NDArray[np.float32]:
        """Choose what training cannot, by texts with labels that are not trained on.

        Returns their logits (n, k) by what is chosen. This base chooses nothing.
        """
        return self.logits(dev, workers, "scoring")

    def _computed(
        self,
        function: Callable[[TextBatch], Tensor],
        encoded: EncodedTexts,
        workers: Workers,
        description: str,
    ) -> NDArray[np.float32]:
        """Return what a function of batches computes of all texts, (n, k)."""
        result = np.zeros((len(encoded), len(self.labels)), np.float32)
        self.network.eval()

        def work(batch: TextBatch) -> None:
            result[batch.index] = function(batch).data

        batches = BucketBatches(encoded.lengths, EVALUATION_BATCH, encoded.batch)
        predict_batches(work, batches, workers, description=description)
        return result

    def probabilities(self, logits: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return the probabilities of logits (n, k): of one class, or of each by itself."""
        exact = logits.astype(np.float64)
        result = sigmoid(exact) if self.labels.several else softmax(exact, axis=1)
        return np.asarray(result, np.float64)
