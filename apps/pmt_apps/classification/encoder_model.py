"""`EncoderModel`: a pre-trained encoder to be fine-tuned, beside the n-grams of tf-idf."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from pmt_apps.classification.encoded_texts import EncodedTexts, Rows, TextBatch, no_rows
from pmt_apps.classification.labels import LabelSet
from pmt_apps.classification.models import NgramClassifier, ProductNetwork
from pmt_apps.classification.ngram_models import learn_ngrams
from pmt_apps.classification.ngrams import NgramTfIdf
from pmt_apps.classification.product_model import ProductModel
from pmt_apps.classification.settings import Settings
from pmt_apps.encoder.encoder import Encoder
from pmt_apps.encoder.fine_tuning import (
    encoder_from_json,
    encoder_to_json,
    first_and_mean,
    freeze_lowest,
    hidden_of_vectors,
    scale_tables,
    without_unused,
)
from pmt_autograd import Tensor
from pmt_core import RandomStream, SettingsError, decode_field
from pmt_nn import Bert, Buffer, Dropout, Linear
from pmt_text import tokenize

Rng = np.random.Generator | None

GRAMS_WEIGHTS = (0.0, 0.15, 0.25, 0.35, 0.5, 0.7, 1.0)
ENCODER_WEIGHTS = (0.1, 0.25, 0.35, 0.5, 0.7, 1.0, 1.4, 2.0)
"""What dev chooses from for an `EncoderModel`, each with each."""
PART_WEIGHTS = (0.5, 0.5)
"""Of the n-grams and the encoder, unless texts that are held out have chosen others."""


class EncoderClassifier(ProductNetwork):
    """A pre-trained encoder, and a linear layer on its first token and the mean of its tokens.

    Args:
        encoder: the network of the encoder.
        classes: number of classes.
        rng: stream of the initial weights of the layer.
        dropout: dropout rate of what the layer reads.
        grams: number of n-grams of the linear model beside it; None: there is none.
    """

    def __init__(
        self,
        encoder: Bert,
        classes: int,
        rng: np.random.Generator,
        *,
        dropout: float = 0.1,
        grams: int | None = None,
    ) -> None:
        self.encoder = encoder
        self.dropout = Dropout(dropout)
        self.classify = Linear(2 * encoder.config.width, classes, rng)
        if grams is not None:
            self.grams = NgramClassifier(grams, classes, rng)
            self.grams_weight = Buffer(PART_WEIGHTS[:1], np.float32)
            self.network_weight = Buffer(PART_WEIGHTS[1:], np.float32)

    def trained_logits(self, batch: TextBatch, *, rng: Rng = None) -> Tensor:
        """See the base."""
        return self._classified(self.encoder(batch.ids, batch.mask, rng=rng), batch, rng)

    def embed(self, batch: TextBatch, *, rng: Rng = None) -> Tensor | None:
        """See the base: the vectors of the tokens in the table."""
        vectors: Tensor = self.encoder.words(batch.ids)
        return vectors

    def network_logits(
        self, vectors: Tensor | None, batch: TextBatch, *, rng: Rng = None
    ) -> Tensor:
        """See the base; without dropout."""
        table = self.encoder.words(batch.ids) if vectors is None else vectors
        hidden = hidden_of_vectors(self.encoder, table, batch.mask)
        return self._classified(hidden, batch, None)

    def _classified(self, hidden: Tensor, batch: TextBatch, rng: Rng) -> Tensor:
        pooled = first_and_mean(hidden, batch.mask)
        logits: Tensor = self.classify(self.dropout(pooled, rng))
        return logits


class EncoderModel(ProductModel):
    """An `Encoder` that is fine-tuned to classify texts, beside the n-grams of `TfIdfModel`."""

    kind = "encoder"
    part = "the encoder"
    part_weights_of_dev = tuple((g, w) for g in GRAMS_WEIGHTS for w in ENCODER_WEIGHTS)

    def __init__(
        self,
        settings: Settings,
        labels: LabelSet,
        encoder: Encoder,
        ngrams: NgramTfIdf | None = None,
    ) -> None:
        without_unused(encoder.model)
        rng = RandomStream(settings.seed, "weights").generator()
        network = EncoderClassifier(
            encoder.model,
            len(labels),
            rng,
            dropout=settings.dropout,
            grams=None if ngrams is None else len(ngrams),
        )
        super().__init__(labels, network, ngrams)
        self.encoder = encoder
        self.max_length = settings.max_length

    @classmethod
    def build(cls, settings: Settings, texts: Sequence[str], labels: LabelSet) -> Self:
        """Return a model with the weights of `settings.encoder`.

        Raises:
            SettingsError: it is of a family that is not known.
            FileProblem, DataError: a file is missing or damaged, or the texts have no n-grams.
        """
        if settings.encoder is None:
            raise SettingsError("expected the folder of an encoder, got none")
        encoder = Encoder.load(settings.encoder)
        ngrams = None
        if settings.encoder_ngrams:
            ngrams = learn_ngrams(settings, list(map(tokenize, texts)))
        model = cls(settings, labels, encoder, ngrams)
        scale_tables(model.encoder.model)
        freeze_lowest(model.encoder.model, settings.freeze)
        return model

    @classmethod
    def from_json(cls, settings: Settings, labels: LabelSet, state: Mapping[str, Any]) -> Self:
        """See the base. Runs without n-grams have no field of them."""
        ngrams = None
        if "ngrams" in state:
            ngrams = decode_field(state, "ngrams", NgramTfIdf.from_json)
        return cls(settings, labels, decode_field(state, "encoder", encoder_from_json), ngrams)

    def to_json(self) -> dict[str, Any]:
        """See the base."""
        state = {"encoder": encoder_to_json(self.encoder)}
        return state if self.ngrams is None else {**state, "ngrams": self.ngrams.to_json()}

    def words(self, text: str) -> list[str]:
        """See the base: what is between blanks."""
        return text.split()

    def encode(self, texts: Sequence[str]) -> EncodedTexts:
        """See the base."""
        encoded = self.encoder.encode(texts, max_length=self.max_length)
        tokens = Rows.of(np.array(text.ids) for text in encoded)
        if self.ngrams is None:
            return EncodedTexts(tokens, no_rows(len(texts)))
        return EncodedTexts(tokens, self.ngrams.encode(list(map(tokenize, texts))))

    def word_scores(
        self,
        words: Sequence[str],
        tokens: NDArray[np.floating],
        grams: NDArray[np.integer],
        weights: NDArray[np.floating],
    ) -> NDArray[np.float64]:
        """See the base: the scores of the pieces of each word, and its share of the n-grams."""
        owners = self.encoder.encode_words(words, max_length=self.max_length).alignment.words
        scores = np.zeros(len(words))
        n = min(len(owners), len(tokens))
        np.add.at(scores, owners[:n][owners[:n] >= 0], tokens[:n][owners[:n] >= 0])
        if self.ngrams is not None and words:
            read = tokenize(" ".join(words))
            np.add.at(scores, token_words(words, read), self.ngrams.shares(read, grams, weights))
        return scores


def token_words(words: Sequence[str], tokens: Sequence[str]) -> NDArray[np.int64]:
    """Return the number of the word that each token of a text is of, (t,).

    Tokens may depend on several words ("wo", "n't": "will", "not"). Those that no word has by
    itself are divided among the words between their neighbors, in order.

    Args:
        words: what is between blanks; one or more.
        tokens: the result of `tokenize` for the text, (t,).
    """
    alone = [tokenize(word) for word in words]
    numbers = np.repeat(np.arange(len(words)), [len(row) for row in alone])
    flat = [token for row in alone for token in row]
    result = np.zeros(len(tokens), np.int64)
    for _, i, i_stop, j, j_stop in SequenceMatcher(None, flat, tokens).get_opcodes():
        if j_stop > j and len(flat):
            step = np.arange(j_stop - j) * (i_stop - i) // (j_stop - j)
            result[j:j_stop] = numbers[np.minimum(i + step, len(flat) - 1)]
    return result
