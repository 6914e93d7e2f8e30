"""`ProductModel`: a model beside the n-grams of tf-idf, with weights that dev chooses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from pmt_apps.classification.encoded_texts import EncodedTexts
from pmt_apps.classification.labels import LabelSet
from pmt_apps.classification.models import ProductNetwork
from pmt_apps.classification.ngrams import NgramTfIdf
from pmt_apps.classification.scores import log_loss
from pmt_apps.classification.text_model import TextModel
from pmt_train import Workers

PartWeights = tuple[float, float]
"""The weights of the logits of the n-grams and of those of the network."""


class ProductModel(TextModel):
    """Base of the models whose network is a `ProductNetwork`.

    Attributes:
        part: the network beside the n-grams, in words.
        part_weights_of_dev: the weights that dev chooses from.
        ngrams: what the linear model reads; None: the network is by itself.
    """

    part: ClassVar[str]
    part_weights_of_dev: ClassVar[Sequence[PartWeights]]
    network: ProductNetwork

    def __init__(
        self, labels: LabelSet, network: ProductNetwork, ngrams: NgramTfIdf | None
    ) -> None:
        super().__init__(labels, network)
        self.ngrams = ngrams

    @property
    def part_weights(self) -> PartWeights:
        """The weights of the logits of the n-grams and of those of the network."""
        network = self.network
        parts = network.grams_weight, network.network_weight
        grams, other = (1.0 if part is None else float(part.data[0]) for part in parts)
        return grams, other

    @part_weights.setter
    def part_weights(self, weights: PartWeights) -> None:
        parts = self.network.grams_weight, self.network.network_weight
        for part, weight in zip(parts, weights, strict=True):
            if part is not None:
                part.data[...] = weight

    def choose_by_dev(self, dev: EncodedTexts, workers: Workers) -> NDArray[np.float32]:
        """See the base: choose the `part_weights` that have the least log loss.

        If all losses are nan, they stay.
        """
        linear_model = self.network.grams
        if linear_model is None:
            return super().choose_by_dev(dev, workers)
        linear = self._computed(linear_model, dev, workers, "scoring n-grams")
        other = self._computed(self.network.trained_logits, dev, workers, "scoring")
        labels = np.asarray(dev.labels)
        weights = self.part_weights_of_dev
        losses = [log_loss(self.labels, g * linear + w * other, labels) for g, w in weights]
        if not np.isnan(losses).all():
            self.part_weights = weights[int(np.nanargmin(losses))]
        g, w = map(np.float32, self.part_weights)
        return g * linear + w * other

    def part_weights_text(self) -> str:
        """Return the weights as a sentence of a report."""
        grams, other = self.part_weights
        return (
            f"the logits of {self.part} have the weight {other:g}, those of the n-grams (tf-idf) "
            f"{grams:g}, as dev has the least log loss so"
        )
