"""`EncoderModel`: a pre-trained encoder with a layer for the classes, to be fine-tuned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from pmt_apps.classification.encoded_texts import EncodedTexts, Rows, TextBatch, no_rows
from pmt_apps.classification.labels import LabelSet
from pmt_apps.classification.models import TextNetwork
from pmt_apps.classification.settings import Settings
from pmt_apps.classification.text_model import TextModel
from pmt_apps.encoder.encoder import Encoder
from pmt_apps.encoder.fine_tuning import (
    encoder_from_json,
    encoder_to_json,
    first_and_mean,
    freeze_lowest,
    hidden_of_vectors,
    without_unused,
)
from pmt_autograd import Tensor
from pmt_core import RandomStream, SettingsError, decode_field
from pmt_nn import Bert, Dropout, Linear

Rng = np.random.Generator | None


class EncoderClassifier(TextNetwork):
    """A pre-trained encoder, and a linear layer on its first token and the mean of its tokens."""

    def __init__(
        self, encoder: Bert, classes: int, rng: np.random.Generator, *, dropout: float = 0.1
    ) -> None:
        self.encoder = encoder
        self.dropout = Dropout(dropout)
        self.classify = Linear(2 * encoder.config.width, classes, rng)

    def forward(self, batch: TextBatch, *, rng: Rng = None) -> Tensor:
        """Return the logits of the classes, (b, k)."""
        return self._classified(self.encoder(batch.ids, batch.mask, rng=rng), batch, rng)

    def embed(self, batch: TextBatch, *, rng: Rng = None) -> Tensor | None:
        """See the base: the vectors of the tokens in the table."""
        vectors: Tensor = self.encoder.words(batch.ids)
        return vectors

    def logits(
        self, vectors: Tensor | None, weights: Tensor, batch: TextBatch, *, rng: Rng = None
    ) -> Tensor:
        """See the base; without dropout."""
        table = self.encoder.words(batch.ids) if vectors is None else vectors
        hidden = hidden_of_vectors(self.encoder, table, batch.mask)
        return self._classified(hidden, batch, None)

    def _classified(self, hidden: Tensor, batch: TextBatch, rng: Rng) -> Tensor:
        pooled = first_and_mean(hidden, batch.mask)
        logits: Tensor = self.classify(self.dropout(pooled, rng))
        return logits


class EncoderModel(TextModel):
    """An `Encoder` that is fine-tuned to classify texts."""

    kind = "encoder"

    def __init__(self, settings: Settings, labels: LabelSet, encoder: Encoder) -> None:
        without_unused(encoder.model)
        rng = RandomStream(settings.seed, "weights").generator()
        network = EncoderClassifier(encoder.model, len(labels), rng, dropout=settings.dropout)
        super().__init__(labels, network)
        self.encoder = encoder
        self.max_length = settings.max_length

    @classmethod
    def build(cls, settings: Settings, texts: Sequence[str], labels: LabelSet) -> Self:
        """Return a model with the weights of `settings.encoder`.

        Raises:
            SettingsError: it is of a family that is not known.
            FileProblem, DataError: a file is missing or damaged.
        """
        if settings.encoder is None:
            raise SettingsError("expected the folder of an encoder, got none")
        model = cls(settings, labels, Encoder.load(settings.encoder))
        freeze_lowest(model.encoder.model, settings.freeze)
        return model

    @classmethod
    def from_json(cls, settings: Settings, labels: LabelSet, state: Mapping[str, Any]) -> Self:
        """See the base."""
        return cls(settings, labels, decode_field(state, "encoder", encoder_from_json))

    def to_json(self) -> dict[str, Any]:
        """See the base."""
        return {"encoder": encoder_to_json(self.encoder)}

    def words(self, text: str) -> list[str]:
        """See the base: what is between blanks."""
        return text.split()

    def encode(self, texts: Sequence[str]) -> EncodedTexts:
        """See the base."""
        encoded = self.encoder.encode(texts, max_length=self.max_length)
        return EncodedTexts(Rows.of(np.array(text.ids) for text in encoded), no_rows(len(texts)))

    def word_scores(
        self,
        words: Sequence[str],
        tokens: NDArray[np.floating],
        grams: NDArray[np.integer],
        weights: NDArray[np.floating],
    ) -> NDArray[np.float64]:
        """See the base: the scores of the pieces of each word."""
        owners = self.encoder.encode_words(words, max_length=self.max_length).alignment.words
        scores = np.zeros(len(words))
        n = min(len(owners), len(tokens))
        np.add.at(scores, owners[:n][owners[:n] >= 0], tokens[:n][owners[:n] >= 0])
        return scores
