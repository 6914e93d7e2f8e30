"""The models that are trained from scratch: `TfIdfModel` and `ScratchModel`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from pmt_apps.classification.encoded_texts import EncodedTexts, Rows, WordTable, no_rows
from pmt_apps.classification.labels import LabelSet
from pmt_apps.classification.models import NgramClassifier, ScratchClassifier, ScratchConfig
from pmt_apps.classification.ngrams import NgramOptions, NgramTfIdf
from pmt_apps.classification.product_model import ProductModel
from pmt_apps.classification.settings import Settings
from pmt_apps.classification.text_model import TextModel
from pmt_core import DataError, RandomStream, decode_field, pad_sequences
from pmt_text import UNK, Vocabulary, tokenize

NETWORK_WEIGHTS = (0.1, 0.15, 0.25, 0.35, 0.5, 0.7, 1.0)
"""What dev chooses from for a `ScratchModel`; the n-grams have the weight 1."""
_LONGEST_WORD = 24  # characters of a word that are read


class TfIdfModel(TextModel):
    """Logistic regression on the tf-idf weights of n-grams of words and characters."""

    kind = "tfidf"

    def __init__(self, settings: Settings, labels: LabelSet, ngrams: NgramTfIdf) -> None:
        rng = RandomStream(settings.seed, "weights").generator()
        super().__init__(labels, NgramClassifier(len(ngrams), len(labels), rng))
        self.ngrams = ngrams

    @classmethod
    def build(cls, settings: Settings, texts: Sequence[str], labels: LabelSet) -> Self:
        """See the base."""
        return cls(settings, labels, learn_ngrams(settings, list(map(tokenize, texts))))

    @classmethod
    def from_json(cls, settings: Settings, labels: LabelSet, state: Mapping[str, Any]) -> Self:
        """See the base."""
        return cls(settings, labels, decode_field(state, "ngrams", NgramTfIdf.from_json))

    def to_json(self) -> dict[str, Any]:
        """See the base."""
        return {"ngrams": self.ngrams.to_json()}

    def words(self, text: str) -> list[str]:
        """See the base."""
        return tokenize(text)

    def encode(self, texts: Sequence[str]) -> EncodedTexts:
        """See the base."""
        return self.encode_words(list(map(tokenize, texts)))

    def encode_words(self, words: Sequence[Sequence[str]]) -> EncodedTexts:
        """See the base."""
        return EncodedTexts(no_rows(len(words)), self.ngrams.encode(words))

    def word_scores(
        self,
        words: Sequence[str],
        tokens: NDArray[np.floating],
        grams: NDArray[np.integer],
        weights: NDArray[np.floating],
    ) -> NDArray[np.float64]:
        """See the base."""
        return self.ngrams.shares(words, grams, weights)


class ScratchModel(ProductModel):
    """A convolution over words and their spellings, beside the n-grams of `TfIdfModel`."""

    kind = "scratch"
    part = "the convolution over words"
    part_weights_of_dev = tuple((1.0, weight) for weight in NETWORK_WEIGHTS)
    ngrams: NgramTfIdf

    def __init__(
        self,
        settings: Settings,
        labels: LabelSet,
        ngrams: NgramTfIdf,
        words: Vocabulary,
        characters: Vocabulary,
    ) -> None:
        config = ScratchConfig(
            words=len(words),
            characters=len(characters),
            grams=len(ngrams),
            classes=len(labels),
            width=settings.width,
            filters=settings.filters,
            heads=settings.heads,
            hidden=settings.hidden,
            layers=settings.layers,
            dropout=settings.dropout,
            word_dropout=settings.word_dropout,
        )
        rng = RandomStream(settings.seed, "weights").generator()
        super().__init__(labels, ScratchClassifier(config, rng, unknown=UNK), ngrams)
        self.vocabulary, self.characters = words, characters
        self.max_length = settings.max_length

    @classmethod
    def build(cls, settings: Settings, texts: Sequence[str], labels: LabelSet) -> Self:
        """See the base."""
        tokens = list(map(tokenize, texts))
        words = Vocabulary.build(tokens)
        characters = Vocabulary.build(list("".join(row)) for row in tokens)
        return cls(settings, labels, learn_ngrams(settings, tokens), words, characters)

    @classmethod
    def from_json(cls, settings: Settings, labels: LabelSet, state: Mapping[str, Any]) -> Self:
        """See the base."""
        return cls(
            settings,
            labels,
            decode_field(state, "ngrams", NgramTfIdf.from_json),
            decode_field(state, "words", Vocabulary.from_json),
            decode_field(state, "characters", Vocabulary.from_json),
        )

    def to_json(self) -> dict[str, Any]:
        """See the base."""
        return {
            "ngrams": self.ngrams.to_json(),
            "words": self.vocabulary.to_json(),
            "characters": self.characters.to_json(),
        }

    def words(self, text: str) -> list[str]:
        """See the base."""
        return tokenize(text)

    def encode(self, texts: Sequence[str]) -> EncodedTexts:
        """See the base."""
        return self.encode_words(list(map(tokenize, texts)))

    def encode_words(self, words: Sequence[Sequence[str]]) -> EncodedTexts:
        """See the base."""
        numbers: dict[str, int] = {"": 0}  # stands for a text without words
        rows = [
            np.array([numbers.setdefault(word, len(numbers)) for word in row[: self.max_length]])
            if row
            else np.zeros(1, np.int64)
            for row in words
        ]
        spelled = [self.characters.ids(word[:_LONGEST_WORD]) for word in numbers]
        spelled[0] = np.array([UNK])
        table = WordTable(
            self.vocabulary.ids(numbers).astype(np.int32),
            pad_sequences(spelled)[0].astype(np.int32),
        )
        return EncodedTexts(Rows.of(rows), self.ngrams.encode(words), table)

    def word_scores(
        self,
        words: Sequence[str],
        tokens: NDArray[np.floating],
        grams: NDArray[np.integer],
        weights: NDArray[np.floating],
    ) -> NDArray[np.float64]:
        """See the base."""
        scores = self.ngrams.shares(words, grams, weights)
        n = min(len(scores), len(tokens))
        scores[:n] += tokens[:n]
        return scores


def learn_ngrams(settings: Settings, texts: Sequence[Sequence[str]]) -> NgramTfIdf:
    """Return the n-grams of training texts, given as tokens.

    Raises:
        DataError: the texts have no words.
    """
    options = NgramOptions(
        words=settings.word_ngrams,
        max_chars=settings.char_ngrams,
        min_count=settings.min_count,
        most=settings.max_ngrams,
    )
    ngrams = NgramTfIdf.learn(texts, options)
    if not len(ngrams):
        raise DataError(
            f"the training texts have no n-gram that {settings.min_count} of them share; lower "
            "--min-count, or give texts with words"
        )
    return ngrams
