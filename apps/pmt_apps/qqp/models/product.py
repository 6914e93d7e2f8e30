"""`ProductPairModel`: a Transformer beside logistic regression on n-grams."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from pmt_apps.qqp.data.settings import Settings
from pmt_apps.qqp.models.baselines import BagRegression, NgramPairModel
from pmt_apps.qqp.models.pair_model import (
    CLASSES,
    CrossAttentionMaps,
    PairModel,
    Probabilities,
    Texts,
    log_odds,
)
from pmt_apps.qqp.models.transformer import Ensemble, TransformerPairModel
from pmt_core import decode_field, sigmoid
from pmt_nn import Buffer, Module
from pmt_text import BagBatch, EncodedBags, EncodedPairs, PairBatch
from pmt_train import AttentionMap, Workers

PART_WEIGHTS = tuple(i / 10 for i in range(11))
"""What dev chooses the weight of either part from."""


@dataclass(frozen=True, slots=True, eq=False)
class ProductBatch:
    """b pairs as both parts read them."""

    pairs: PairBatch
    ngrams: BagBatch

    @property
    def labels(self) -> NDArray[np.int64] | None:
        """The labels, (b,), or None if unknown."""
        return self.pairs.labels

    @property
    def index(self) -> NDArray[np.int64]:
        """The rows of the pairs in the data set, (b,)."""
        return self.pairs.index

    def __len__(self) -> int:
        return len(self.pairs)

    def shard(self, i: int, n: int) -> ProductBatch:
        """Return the pairs i, i + n, i + 2n, ..."""
        return ProductBatch(self.pairs.shard(i, n), self.ngrams.shard(i, n))


@dataclass(frozen=True, slots=True, eq=False)
class EncodedProduct:
    """n pairs as both parts read them."""

    pairs: EncodedPairs
    ngrams: EncodedBags

    def __len__(self) -> int:
        return len(self.pairs)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Number of tokens of each pair, (n,)."""
        return self.pairs.lengths

    @property
    def labels(self) -> NDArray[np.int64] | None:
        """The labels, (n,), or None if unknown."""
        return self.pairs.labels

    def batch(self, indices: NDArray[np.integer]) -> ProductBatch:
        """Return the pairs at `indices` (b,), in that order."""
        return ProductBatch(self.pairs.batch(indices), self.ngrams.batch(indices))


class Product(Module):
    """Both parts, each trained by itself, and the weights of their log-odds, (2,)."""

    def __init__(self, transformer: Ensemble, ngrams: BagRegression) -> None:
        self.transformer = transformer
        self.ngrams = ngrams
        self.part_weights = Buffer(np.array([1.0, 0.0], np.float32))


class ProductPairModel(PairModel[ProductBatch]):
    """A `TransformerPairModel` beside an `NgramPairModel`, a product of experts (Hinton 1999).

    The log-odds of "duplicate" are the weighted sum of those of the two parts. Each is trained by
    itself; `choose_part_weights` chooses the weights. Until then the Transformer has the weight 1
    and the n-grams have 0.

    Attributes:
        transformer, ngrams: the parts.
    """

    kind: ClassVar[str] = "product"
    module: Product

    def __init__(self, transformer: TransformerPairModel, ngrams: NgramPairModel) -> None:
        self.transformer = transformer
        self.ngrams = ngrams
        self.module = Product(transformer.module, ngrams.module)

    @classmethod
    def from_json(cls, settings: Settings, state: Mapping[str, Any]) -> Self:
        return cls(
            decode_field(
                state, "transformer", lambda part: TransformerPairModel.from_json(settings, part)
            ),
            decode_field(state, "ngrams", lambda part: NgramPairModel.from_json(settings, part)),
        )

    def to_json(self) -> dict[str, Any]:
        return {"transformer": self.transformer.to_json(), "ngrams": self.ngrams.to_json()}

    @property
    def part_weights(self) -> tuple[float, float]:
        """The weights of the log-odds of the Transformer and of the n-grams."""
        transformer, ngrams = self.module.part_weights.data.tolist()
        return transformer, ngrams

    def size(self) -> str:
        return f"{self.transformer.size()}, {self.ngrams.size()}"

    def encode(self, texts: Texts, labels: NDArray[np.int64] | None = None) -> EncodedProduct:
        return EncodedProduct(
            self.transformer.encode(texts, labels), self.ngrams.encode(texts, labels)
        )

    def choose_part_weights(self, dev: EncodedProduct, workers: Workers) -> None:
        """Choose the weights that have the least log loss on the labeled pairs of dev.

        Those before stay if a loss is nan, as the Transformer's are if its weights overflowed.
        """
        signs = 1 - 2 * np.asarray(dev.labels)
        parts = log_odds(np.array(self._part_probabilities(dev, workers)))
        candidates = np.array(list(itertools.product(PART_WEIGHTS, repeat=2)))
        with np.errstate(invalid="ignore"):
            losses = np.logaddexp(0, signs * (candidates @ parts)).mean(axis=1)
        if np.isfinite(losses).all():
            self.module.part_weights.data[...] = candidates[losses.argmin()]

    def part_weights_text(self) -> str:
        """Return the weights as a sentence."""
        transformer, ngrams = self.part_weights
        return (
            f"The log-odds of the Transformer have the weight {transformer:.1f}, those of the "
            f"n-grams {ngrams:.1f}, as dev has the least log loss so."
        )

    def predict_batch(self, batch: ProductBatch, *, both_orders: bool = True) -> Probabilities:
        transformer = self.transformer.predict_batch(batch.pairs, both_orders=both_orders)
        return self._product(transformer, self.ngrams.predict_batch(batch.ngrams))

    def predict_with_parts(self, texts: Texts, workers: Workers) -> dict[str, Probabilities]:
        """Return the probabilities of the model and those of its parts."""
        transformer, ngrams = self._part_probabilities(self.encode(texts), workers)
        product = self._product(transformer, ngrams)
        return {"": product, "transformer": transformer, "ngrams": ngrams}

    def _part_probabilities(
        self, encoded: EncodedProduct, workers: Workers
    ) -> tuple[Probabilities, Probabilities]:
        return (
            self.transformer.probabilities(encoded.pairs, workers),
            self.ngrams.probabilities(encoded.ngrams, workers),
        )

    def _product(self, *parts: Probabilities) -> Probabilities:
        product = np.array(self.part_weights) @ log_odds(np.array(parts))
        return sigmoid(product).astype(np.float32)

    def attention_maps(self, texts: tuple[str, str]) -> list[AttentionMap]:
        """Return those of the Transformer, with the class that both parts predict."""
        probability = self.predict_batch(self.encode([texts]).batch(np.array([0])))[0]
        return self.transformer.attention_maps(texts, CLASSES[int(probability >= 0.5)])

    def cross_attention(self, texts: tuple[str, str]) -> CrossAttentionMaps | None:
        return self.transformer.cross_attention(texts)
