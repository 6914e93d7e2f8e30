"""`NamedEntityTagger`: a tag for each word of a sentence, with the habits of scikit-learn."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from pmt_apps.classification.data import held_out
from pmt_apps.classification.training import average_decay, small_batch
from pmt_apps.encoder.encoder import Encoder
from pmt_apps.estimators.base import (
    SMALL,
    Estimator,
    EstimatorTags,
    TrainingOptions,
    check_lengths,
)
from pmt_apps.ner.data import build_encoder
from pmt_apps.ner.fine_tuned_tagger import FineTunedTagger
from pmt_apps.ner.predictor import EntityPredictor, checked_words
from pmt_apps.ner.settings import FINE_TUNING_DEFAULTS, Settings
from pmt_apps.ner.tagger import Tagger
from pmt_apps.ner.training import prepare
from pmt_core import DataError, SettingsError, ShapeError, tag_spans, value_text
from pmt_text import LabeledText, TaggedSentence, convert_tags
from pmt_train import Workers, entity_scores

_DEV_FRACTION = 0.1
_OPTIONS = (
    "epochs", "batch_size", "lr", "patience", "dev_fraction", "weight_decay", "warmup", "dropout",
    "max_length", "workers",
)  # fmt: skip


class NamedEntityTagger(EstimatorTags, Estimator[EntityPredictor]):
    """Find named entities: a tag for each word of a sentence.

    A sentence is a list of words. The tags of `fit` are in IOB1, IOB2 or IOBES; those of `predict`
    are in IOB2. A part of the sentences is held out to choose the weights with the best F1, see
    `TrainingOptions`. With fewer than 4,000 sentences, the model from scratch is smaller.

    Args:
        model: "scratch", a Transformer of words and their spellings with a CRF over the tags.
        encoder: folder of a pre-trained encoder to fine-tune, instead of `model`.
        training: how it is trained; None: the defaults. It has no `accumulate`, `layer_decay`,
            `freeze` and `c`.
        seed: of all random numbers.

    Attributes:
        classes_: tags (IOB2), the columns of `predict_proba`, (k,).
        history_: a row per epoch, as a dictionary.

    Examples:
        >>> from pmt_apps import NamedEntityTagger, TrainingOptions
        >>> names, places = ["Ann", "Bob", "Eve", "Tom"], ["Oslo", "Rome", "Bonn", "Kyiv"]
        >>> X = [[name, "lives", "in", place] for name in names for place in places]
        >>> y = [["B-PER", "O", "O", "B-LOC"] for _ in X]
        >>> options = TrainingOptions(epochs=15, lr=0.01, batch_size=4)
        >>> tagger = NamedEntityTagger(training=options).fit(X, y)
        >>> tagger.classes_
        array(['O', 'B-LOC', 'I-LOC', 'B-PER', 'I-PER'], dtype='<U5')
        >>> tagger.predict([["Bob", "lives", "in", "Rome"]])
        [['B-PER', 'O', 'O', 'B-LOC']]
    """

    classes_: NDArray[Any]
    history_: list[dict[str, Any]]

    def __init__(
        self,
        *,
        model: str = "scratch",
        encoder: str | os.PathLike[str] | None = None,
        training: TrainingOptions | None = None,
        seed: int = 1,
    ) -> None:
        self.model = model
        self.encoder = encoder
        self.training = training
        self.seed = seed

    def settings(self, n: int = SMALL) -> Settings:
        """Return the settings of a run of `train_ner.py` on n sentences.

        Raises:
            SettingsError: a hyperparameter has a value that is not allowed.
        """
        if self.model != "scratch":
            raise SettingsError(f"model: expected 'scratch', got {value_text(self.model)}")
        options = (self.training or TrainingOptions()).given_of(_OPTIONS, type(self).__name__)
        fraction = options.pop("dev_fraction", _DEV_FRACTION)
        if not (isinstance(fraction, float) and 0 < fraction < 1):
            raise SettingsError(
                f"dev_fraction: expected a number between 0 and 1, got {value_text(fraction)}"
            )
        given: dict[str, Any] = {"seed": self.seed, "workers": 1, **options}
        if self.encoder is not None:
            given["encoder"] = Path(self.encoder)
            defaults: Any = FINE_TUNING_DEFAULTS
        else:
            defaults = Settings.defaults({**given, "train": ""} if n >= SMALL else given)
        settings = Settings(**{**defaults, **given})
        if "batch_size" in options:
            return settings
        return replace(settings, batch_size=small_batch(settings.batch_size, n))

    def fit(self, X: Iterable[Sequence[str]], y: Iterable[Sequence[str]]) -> Self:
        """Learn from n sentences and the tags of their words; return the estimator.

        Sentences without words are left out.

        Raises:
            DataError: X does not hold lists of words, y holds what is no tag, or no entity.
            ShapeError: X and y differ in length, or a sentence and its tags do.
        """
        rows = [row for row in _tagged_sentences(X, y) if row is not None]
        if not any(tag != "O" for row in rows for tag in row.tags or ()):
            raise DataError("expected sentences with entities, got none: all tags are 'O'")
        settings = self.settings(len(rows))
        fraction = (self.training or TrainingOptions()).dev_fraction or _DEV_FRACTION
        out = held_out(_by_rarest_type(rows), fraction, settings.seed)
        train = [row for row, held in zip(rows, out, strict=True) if not held]
        dev = [row for row, held in zip(rows, out, strict=True) if held]
        steps = -(-len(train) // settings.batch_size) * settings.epochs
        settings = replace(settings, average=average_decay(settings.average, steps))
        tagger = _untrained(settings, train)
        job = prepare(tagger, train, dev, settings, Workers(settings.workers))
        quiet = not (self.training or TrainingOptions()).progress
        history = job.trainer.fit(job.batches, replace(job.options, quiet=quiet))
        self.history_ = [dict(row) for row in history.rows]
        self._use(EntityPredictor(settings, tagger))
        return self

    def predict(self, X: Iterable[Sequence[str]]) -> list[list[str]]:
        """Return the tags (IOB2) of the words of each sentence: the most likely sequence."""
        self._check_fitted()
        return self._fitted.predict(_sentences(X))

    def predict_proba(self, X: Iterable[Sequence[str]]) -> list[NDArray[np.float32]]:
        """Return the probabilities of the tags of each sentence, (words, k) each.

        They are the marginal probabilities of the CRF. The tag of `predict` need not be the most
        likely one of its word.
        """
        self._check_fitted()
        return self._fitted.predict_proba(_sentences(X))

    def score(self, X: Iterable[Sequence[str]], y: Iterable[Sequence[str]]) -> float:
        """Return the F1 of the entities, as conlleval computes it; y: in any scheme."""
        rows = _tagged_sentences(X, y)
        known = [row for row in rows if row is not None]
        predicted = self.predict([row.words for row in known])
        labels = [convert_tags(row.tags or (), "IOB2") for row in known]
        return entity_scores(predicted, labels).overall.f1

    @classmethod
    def load(cls, folder: str | os.PathLike[str]) -> Self:
        """Return the tagger of a folder that `save` or `train_ner.py` wrote.

        Raises FileProblem, ArchiveError or DataError.
        """
        fitted = EntityPredictor.load(folder)
        settings = fitted.settings
        encoder = settings.encoder if settings.fine_tunes else None
        estimator = cls(encoder=encoder, seed=settings.seed)
        estimator.history_ = []
        estimator._use(fitted)
        return estimator

    def _use(self, fitted: EntityPredictor) -> None:
        self._fitted = fitted
        self.classes_ = np.array(fitted.classes_)


def _untrained(settings: Settings, train: Sequence[TaggedSentence]) -> Tagger:
    """Return a tagger with new weights, or on top of a pre-trained encoder."""
    words = build_encoder(settings, train, None)
    if settings.encoder is not None:
        return FineTunedTagger(words, Encoder.load(settings.encoder), settings)
    return Tagger.build(settings, words, train, None)


def _sentences(sentences: Iterable[Sequence[str]]) -> list[tuple[str, ...]]:
    """Return the words of each sentence. Raises DataError if they are not lists of words."""
    if isinstance(sentences, str):
        raise DataError("expected a list of sentences, got a text; put its words into a list")
    result = []
    for i, words in enumerate(sentences):
        row = None if isinstance(words, str) or not isinstance(words, Iterable) else list(words)
        if row is None or not all(isinstance(word, str) for word in row):
            raise DataError(f"sentence {i}: expected a list of words, got {value_text(words)}")
        try:
            result.append(checked_words(row))
        except DataError as error:
            raise DataError(f"sentence {i}: {error}") from None
    return result


def _tagged_sentences(
    sentences: Iterable[Sequence[str]], labels: Iterable[Sequence[str]]
) -> list[TaggedSentence | None]:
    """Return the sentences with their tags; None for one without words."""
    words, tags = _sentences(sentences), list(labels)
    check_lengths(words, tags, "sentence")
    rows: list[TaggedSentence | None] = []
    for i, (row, given) in enumerate(zip(words, tags, strict=True)):
        if isinstance(given, str) or not isinstance(given, Iterable):
            raise DataError(f"sentence {i}: expected a list of tags, got {value_text(given)}")
        names = tuple(str(tag) for tag in given)
        if len(names) != len(row):
            raise ShapeError(f"sentence {i} has {len(row)} words, but {len(names)} tags")
        try:
            tag_spans(names)
        except DataError as error:
            raise DataError(f"sentence {i}: {error}") from None
        rows.append(TaggedSentence(row, names) if row else None)
    return rows


def _by_rarest_type(sentences: Sequence[TaggedSentence]) -> list[LabeledText]:
    """Return the sentences as texts, labeled by the rarest of the types of their entities.

    Of a label that few sentences have, some stay in train: all types are learned.
    """
    types = [{span.type for span in tag_spans(row.tags or ())} for row in sentences]
    counts = Counter(name for row in types for name in row)
    return [
        LabeledText(
            " ".join(row.words), (min(names, key=lambda name: (counts[name], name), default="O"),)
        )
        for row, names in zip(sentences, types, strict=True)
    ]
