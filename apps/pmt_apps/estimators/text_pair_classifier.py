"""`TextPairClassifier`: two texts, one of two labels, with the habits of scikit-learn."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from pmt_apps.classification.data import held_out
from pmt_apps.classification.labels import LabelSet
from pmt_apps.classification.training import small_batch
from pmt_apps.estimators.base import (
    SMALL,
    ClassifierTags,
    Estimator,
    TrainingOptions,
    check_lengths,
)
from pmt_apps.estimators.text_classifier import label_names
from pmt_apps.qqp.data.settings import Settings
from pmt_apps.qqp.data.splits import labels_of, texts_of
from pmt_apps.qqp.models.registry import make_pair_model
from pmt_apps.qqp.predictor import PairPredictor
from pmt_apps.qqp.training.stage import label_stage
from pmt_core import DataError, SettingsError, value_text
from pmt_text import LabeledText, QuestionPair
from pmt_train import Workers

MODELS = ("scratch", "tfidf", "ngrams", "overlap")
_OPTIONS = (
    "epochs", "batch_size", "lr", "patience", "dev_fraction", "weight_decay", "dropout",
    "layer_decay", "freeze", "max_length", "workers",
)  # fmt: skip


class TextPairClassifier(ClassifierTags, Estimator[PairPredictor]):
    """Classify pairs of texts, e.g. whether two questions ask the same.

    There are two classes: strings or integers. A part of the pairs is held out to choose the best
    weights, see `TrainingOptions`. The models treat both texts alike, except for an encoder: it
    reads them in their order. With fewer than 4,000 pairs, the model from scratch is smaller.

    Args:
        model: "scratch", a Transformer that reads both texts together, "tfidf", logistic
            regression on the difference and the product of tf-idf vectors, "ngrams", the same on
            the n-grams that both texts have or only one has, or "overlap", a threshold of the
            words that both texts have. With "overlap", the second class (in
            sorted order) is that of the texts with more words in common.
        encoder: folder of a pre-trained encoder to fine-tune, instead of `model`.
        class_weight: "balanced": the rarer class weighs more; None.
        training: how it is trained; None: the defaults. It has no `warmup`, `accumulate`
            and `c`.
        seed: of all random numbers.

    Attributes:
        classes_: the two labels, sorted, (2,).
        history_: a row per epoch, as a dictionary.

    Examples:
        >>> from pmt_apps import TextPairClassifier
        >>> pairs = [("how do i swim", "how to swim"), ("what is a cat", "where is rome")] * 20
        >>> labels = ["same", "other"] * 20
        >>> classifier = TextPairClassifier(model="overlap").fit(pairs, labels)
        >>> classifier.classes_  # sorted: with "overlap" the second has more words in common
        array(['other', 'same'], dtype='<U5')
        >>> classifier.predict([("how to sing", "how do i sing"), ("a cat", "my dog")])
        array(['same', 'other'], dtype='<U5')
    """

    classes_: NDArray[Any]
    history_: list[dict[str, Any]]

    def __init__(
        self,
        *,
        model: str = "scratch",
        encoder: str | os.PathLike[str] | None = None,
        class_weight: str | None = None,
        training: TrainingOptions | None = None,
        seed: int = 1,
    ) -> None:
        self.model = model
        self.encoder = encoder
        self.class_weight = class_weight
        self.training = training
        self.seed = seed

    def settings(self, n: int = SMALL) -> Settings:
        """Return the settings of a run of `train_qqp.py` on n pairs.

        Raises:
            SettingsError: a hyperparameter has a value that is not allowed.
        """
        if self.model not in MODELS:
            raise SettingsError(
                f"model: expected one of {', '.join(MODELS)}, got {value_text(self.model)}"
            )
        if self.class_weight not in (None, "balanced"):
            raise SettingsError(
                f"class_weight: expected 'balanced' or None, got {value_text(self.class_weight)}"
            )
        if self.class_weight and self.encoder is None and self.model == "overlap":
            raise SettingsError(
                "class_weight: expected None with model='overlap', whose threshold has none"
            )
        options = (self.training or TrainingOptions()).given_of(_OPTIONS, type(self).__name__)
        given: dict[str, Any] = {"seed": self.seed, "workers": 1, "preset": "plain", **options}
        if self.encoder is not None:
            given["encoder"] = Path(self.encoder)
        elif self.model != "scratch":
            given["baseline"] = self.model
        defaults = Settings.defaults({**given, "train": ""} if n >= SMALL else given)
        settings = Settings(**{**defaults, **given})
        if "batch_size" in options:
            return settings
        return replace(settings, batch_size=small_batch(settings.batch_size, n))

    def fit(self, X: Iterable[Sequence[str]], y: Iterable[Any]) -> Self:
        """Learn from n pairs of texts and their labels; return the estimator.

        Raises:
            DataError: X does not hold pairs of texts, or there are not two classes.
            ShapeError: X and y differ in length.
        """
        texts, labels = check_pairs(X), list(y)
        check_lengths(texts, labels, "pair")
        names, classes = label_names(labels, several=False)
        if len(classes) != 2:
            raise DataError(f"expected two classes, got {len(classes)}: {value_text(classes)}")
        settings = self.settings(len(texts))
        rows = [LabeledText("\n".join(sorted(p)), n) for p, n in zip(texts, names, strict=True)]
        out = held_out(rows, settings.dev_fraction, settings.seed).tolist()
        numbers = LabelSet(tuple(map(str, classes))).encode(names).tolist()
        pairs = [QuestionPair(*p, number) for p, number in zip(texts, numbers, strict=True)]
        train = [pair for pair, held in zip(pairs, out, strict=True) if not held]
        dev = [pair for pair, held in zip(pairs, out, strict=True) if held]
        model = make_pair_model(settings, {"train": train})
        if self.class_weight == "balanced":
            model.class_weights = _balanced_weights(labels_of(train))
        job = label_stage(
            model,
            [("train", model.encode(texts_of(train), labels_of(train)), settings.epochs)],
            model.encode(texts_of(dev), labels_of(dev)),
            settings,
            Workers(settings.workers),
        )
        quiet = not (self.training or TrainingOptions()).progress
        history = job.trainer.fit(job.batches, replace(job.options, quiet=quiet))
        self.history_ = [dict(row) for row in history.rows]
        self._use(PairPredictor(settings, model, classes))
        return self

    def predict_proba(self, X: Iterable[Sequence[str]]) -> NDArray[np.float32]:
        """Return the probabilities (n, 2) of the classes, in the order of `classes_`."""
        self._check_fitted()
        return self._fitted.predict_proba(check_pairs(X))

    def predict(self, X: Iterable[Sequence[str]]) -> NDArray[Any]:
        """Return the most likely label of each pair, (n,)."""
        second = self.predict_proba(X)[:, 1] >= 0.5
        labels: NDArray[Any] = self.classes_[second.astype(np.int64)]
        return labels

    def score(self, X: Iterable[Sequence[str]], y: Iterable[Any]) -> float:
        """Return the accuracy."""
        texts, labels = check_pairs(X), list(y)
        check_lengths(texts, labels, "pair")
        return float(np.mean(self.predict(texts) == np.asarray(labels)))

    @classmethod
    def load(cls, folder: str | os.PathLike[str]) -> Self:
        """Return the classifier of a folder that `save` or `train_qqp.py` wrote.

        `classes_` are 0 and 1 for a run of `train_qqp.py`. Raises FileProblem, ArchiveError or
        DataError.
        """
        fitted = PairPredictor.load(folder)
        settings = fitted.settings
        estimator = cls(
            model=settings.baseline or "scratch", encoder=settings.encoder, seed=settings.seed
        )
        estimator.history_ = []
        estimator._use(fitted)
        return estimator

    def _use(self, fitted: PairPredictor) -> None:
        self._fitted = fitted
        self.classes_ = np.array(fitted.classes_)


def check_pairs(pairs: Iterable[Sequence[str]]) -> list[tuple[str, str]]:
    """Return the pairs of texts as tuples. Raises DataError if there is one that is no pair."""
    if isinstance(pairs, str):
        raise DataError("expected a list of pairs of texts, got a single text")
    result = []
    for i, pair in enumerate(pairs):
        parts = () if isinstance(pair, str) or not isinstance(pair, Iterable) else tuple(pair)
        if len(parts) != 2 or not all(isinstance(part, str) for part in parts):
            raise DataError(f"expected pairs of texts, got {value_text(pair)} as pair {i}")
        result.append((str(parts[0]), str(parts[1])))
    return result


def _balanced_weights(labels: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return n / (2 n_c) of each class c with n_c pairs, (2,)."""
    counts = np.maximum(np.bincount(labels, minlength=2), 1)
    return (len(labels) / (2 * counts)).astype(np.float32)
