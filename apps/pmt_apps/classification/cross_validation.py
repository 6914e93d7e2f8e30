"""Cross-validation of a run: train and score on each fold of the training texts."""

from __future__ import annotations

import numpy as np

from pmt_apps.classification.baselines import majority_scores
from pmt_apps.classification.data import Splits, fold_of
from pmt_apps.classification.labels import LabelSet
from pmt_apps.classification.scores import score_logits
from pmt_apps.classification.settings import Settings
from pmt_apps.classification.training import Texts, encoded_texts, prepare, text_model
from pmt_apps.fold_scores import FoldScores, log_folds
from pmt_apps.kit.run import Run
from pmt_train import SingleProcess, Workers


def cross_validate(run: Run[Settings], splits: Splits, workers: Workers) -> None:
    """Log the scores of the model and of the baselines over the folds of the training texts.

    The model of a fold is trained on all texts of the other folds for all epochs, and its last
    weights are scored, so that the texts that are scored choose nothing, and none has to be held
    out to choose an epoch. The texts of dev belong to the folds too, if they were held out.
    """
    settings = run.settings
    texts = splits.train if settings.dev is not None else [*splits.train, *splits.dev]
    folds = settings.folds or 2
    numbers = fold_of(texts, folds, settings.seed)

    def scores_of(i: int) -> FoldScores:
        train = [text for text, n in zip(texts, numbers, strict=True) if n != i]
        test = [text for text, n in zip(texts, numbers, strict=True) if n == i]
        scores = {"folds": fold_scores(settings, train, test, splits.labels, workers)}
        if settings.kind != "tfidf":
            linear = settings.of_tfidf()
            scores["folds_tfidf"] = fold_scores(linear, train, test, splits.labels, workers)
        return {**scores, "folds_majority": majority_scores(train, test, splits.labels)}

    log_folds(run, folds, scores_of)


def fold_scores(
    settings: Settings, train: Texts, test: Texts, labels: LabelSet, workers: Workers
) -> dict[str, float]:
    """Train on `train` for all epochs, in this process, and return the scores of `test`."""
    model = text_model(settings.kind).build(settings, [text.text for text in train], labels)
    training = prepare(model, settings, train, None, workers, SingleProcess())
    training.run("training")
    encoded = encoded_texts(model, test)
    return score_logits(labels, model.logits(encoded, workers), np.asarray(encoded.labels))
