"""`TextClassifier`: one text, one label (or several), with the habits of scikit-learn."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from pmt_apps.classification.attribution import WordScores
from pmt_apps.classification.data import held_out
from pmt_apps.classification.labels import LabelSet
from pmt_apps.classification.predictor import TextPredictor
from pmt_apps.classification.scores import several_label_scores
from pmt_apps.classification.settings import Settings
from pmt_apps.classification.training import text_model, trainings
from pmt_apps.estimators.base import ClassifierTags, Estimator, TrainingOptions, check_lengths
from pmt_core import DataError
from pmt_text import LabeledText
from pmt_train import Workers


class TextClassifier(ClassifierTags, Estimator[TextPredictor]):
    """Classify texts.

    A part of the examples is held out to choose the best weights, see `TrainingOptions`. Labels
    are strings or integers, one per text; with `several` a list or set of them per text.

    Args:
        model: "tfidf", logistic regression on n-grams of words and characters, or "scratch", a
            convolution over words beside them.
        encoder: folder of a pre-trained encoder to fine-tune, instead of `model`.
        encoder_ngrams: whether the n-grams of "tfidf" count beside the encoder, with the weight
            that the part held out chooses.
        several: whether a text may have any number of labels.
        class_weight: "balanced": rare classes weigh more; None.
        training: how it is trained; None: the defaults.
        seed: of all random numbers.

    Attributes:
        classes_: labels, sorted, (k,).
        history_: a row per epoch, as a dictionary.

    Examples:
        >>> from pmt_apps import TextClassifier
        >>> texts = ["a fine film", "a great cast", "dull and long", "a boring plot"] * 10
        >>> labels = ["good", "good", "bad", "bad"] * 10
        >>> classifier = TextClassifier(model="tfidf").fit(texts, labels)
        >>> classifier.classes_
        array(['bad', 'good'], dtype='<U4')
        >>> classifier.predict(["a great film", "long and boring"])
        array(['good', 'bad'], dtype='<U4')
        >>> classifier.predict_proba(["a great film"]).round(1)
        array([[0., 1.]], dtype=float32)
        >>> classifier.score(texts, labels)
        1.0
    """

    classes_: NDArray[Any]
    history_: list[dict[str, Any]]

    def __init__(
        self,
        *,
        model: str = "scratch",
        encoder: str | os.PathLike[str] | None = None,
        encoder_ngrams: bool = True,
        several: bool = False,
        class_weight: str | None = None,
        training: TrainingOptions | None = None,
        seed: int = 1,
    ) -> None:
        self.model = model
        self.encoder = encoder
        self.encoder_ngrams = encoder_ngrams
        self.several = several
        self.class_weight = class_weight
        self.training = training
        self.seed = seed

    def settings(self) -> Settings:
        """Return the settings of a run of `train_classifier.py` with these hyperparameters.

        Raises:
            SettingsError: a hyperparameter has a value that is not allowed.
        """
        training = self.training or TrainingOptions()
        encoder = None if self.encoder is None else Path(self.encoder)
        given = {
            "encoder": encoder,
            "encoder_ngrams": encoder is not None and self.encoder_ngrams,
            "model": self.model,
            "seed": self.seed,
            "class_weights": "none" if self.class_weight is None else self.class_weight,
            "label_separator": "," if self.several else "",
            "workers": 1,
            **training.given(),
        }
        return Settings(**{**Settings.defaults({**given, "train": ""}), **given})

    def fit(self, X: Iterable[str], y: Iterable[Any]) -> Self:
        """Learn from n texts and their labels; return the estimator.

        Raises:
            DataError: X holds other things than texts, or there are fewer than two classes.
            ShapeError: X and y differ in length.
        """
        texts, labels = check_texts(X), list(y)
        check_lengths(texts, labels, "text")
        settings = self.settings()
        names, classes = label_names(labels, self.several)
        rows = [LabeledText(text, name) for text, name in zip(texts, names, strict=True)]
        label_set = LabelSet(tuple(map(str, classes)), self.several)
        out = held_out(rows, settings.dev_fraction, settings.seed)
        train = [row for row, held in zip(rows, out, strict=True) if not held]
        dev = [row for row, held in zip(rows, out, strict=True) if held]
        model = text_model(settings.kind).build(settings, [row.text for row in train], label_set)
        quiet = not (self.training or TrainingOptions()).progress
        for job in trainings(model, settings, train, dev, Workers(settings.workers)):
            history = job.trainer.fit(job.batches, replace(job.options, quiet=quiet))
        self.history_ = [dict(row) for row in history.rows]
        self.classes_ = np.array(classes)
        self._fitted = TextPredictor(settings, model)
        return self

    def predict_proba(self, X: Iterable[str]) -> NDArray[np.float32]:
        """Return the probabilities (n, k) of the classes, in the order of `classes_`."""
        self._check_fitted()
        return self._fitted.predict_proba(check_texts(X))

    def predict(self, X: Iterable[str]) -> NDArray[Any] | list[list[Any]]:
        """Return the most likely label of each text, (n,); with `several` a list of lists."""
        probabilities = self.predict_proba(X)
        if self.several:
            return [[*self.classes_[row].tolist()] for row in probabilities >= 0.5]
        labels: NDArray[Any] = self.classes_[probabilities.argmax(axis=1)]
        return labels

    def score(self, X: Iterable[str], y: Iterable[Any]) -> float:
        """Return the accuracy, or micro F1 if a text may have several labels."""
        texts, labels = check_texts(X), list(y)
        check_lengths(texts, labels, "text")
        predicted = self.predict(texts)
        if not self.several:
            return float(np.mean(np.asarray(predicted) == np.asarray(labels)))
        classes = self.classes_.tolist()
        indicators = [
            np.array([[name in row for name in classes] for row in rows], np.bool_)
            for rows in (predicted, labels)
        ]
        return several_label_scores(*indicators)["micro_f1"]

    def explain(self, X: Iterable[str]) -> list[WordScores]:
        """Return what each word adds to the log-odds of the most likely class of each text."""
        self._check_fitted()
        return self._fitted.explain(check_texts(X))

    @classmethod
    def load(cls, folder: str | os.PathLike[str]) -> Self:
        """Return the classifier of a folder that `save` or `train_classifier.py` wrote.

        Labels are strings then. Raises FileProblem, ArchiveError or DataError.
        """
        fitted = TextPredictor.load(folder)
        settings = fitted.settings
        estimator = cls(
            model=settings.model,
            encoder=settings.encoder,
            encoder_ngrams=settings.encoder is None or settings.encoder_ngrams,
            several=fitted.model.labels.several,
            class_weight=None if settings.class_weights == "none" else settings.class_weights,
            seed=settings.seed,
        )
        estimator._fitted = fitted
        estimator.classes_ = np.array(fitted.model.labels.names)
        estimator.history_ = []
        return estimator


def check_texts(texts: Iterable[str]) -> list[str]:
    """Return the texts as a list. Raises DataError if there is one that is no string."""
    if isinstance(texts, str):
        raise DataError("expected a list of texts, got a single text; put it into a list")
    result = [str(text) if isinstance(text, np.str_) else text for text in texts]
    for i, text in enumerate(result):
        if not isinstance(text, str):
            raise DataError(f"expected texts, got {type(text).__name__} as text {i}")
    return result


def label_names(labels: Sequence[Any], several: bool) -> tuple[list[tuple[str, ...]], list[Any]]:
    """Return the names of the labels of each text, and the classes, sorted."""
    rows = [tuple(row) if several else (row,) for row in labels]
    names = {_plain(label) for row in rows for label in row}
    if len({type(label) for label in names}) > 1:
        raise DataError("expected labels of one type, strings or integers; they are mixed")
    classes = sorted(names)
    if len({str(label) for label in classes}) < len(classes):
        raise DataError("two labels have the same text; give them different names")
    return [tuple(str(_plain(label)) for label in row) for row in rows], classes


def _plain(label: Any) -> Any:
    """Return a label of NumPy as Python's."""
    value = label.item() if isinstance(label, np.generic) else label
    if not isinstance(value, str | int):
        raise DataError(f"expected labels that are strings or integers, got {value!r:.60}")
    return value
