"""Cross-validation of a run: train and score on each fold of the training texts."""

from __future__ import annotations

import numpy as np

from pmt_apps.classification.baselines import majority_scores
from pmt_apps.classification.data import Splits, fold_of
from pmt_apps.classification.labels import LabelSet
from pmt_apps.classification.product_model import PartWeights, ProductModel
from pmt_apps.classification.scores import score_logits
from pmt_apps.classification.settings import Settings
from pmt_apps.classification.text_model import TextModel
from pmt_apps.classification.training import LINEAR, Texts, encoded_texts, text_model, trainings
from pmt_apps.fold_scores import FoldScores, log_folds
from pmt_apps.kit.run import Run
from pmt_train import SingleProcess, Workers


def cross_validate(run: Run[Settings], model: TextModel, splits: Splits, workers: Workers) -> None:
    """Log the scores of the model and of the baselines over the folds of the training texts.

    The model of a fold is trained on all texts of the other folds for all epochs, and its last
    weights are scored, so that the texts that are scored choose nothing, and none has to be held
    out to choose an epoch. The texts of dev belong to the folds too, if they were held out; all
    that they choose are the `part_weights` of `model`, those of the run, which all folds have.
    """
    weights = model.part_weights if isinstance(model, ProductModel) else None
    settings = run.settings
    texts = splits.train if settings.dev is not None else [*splits.train, *splits.dev]
    folds = settings.folds or 2
    numbers = fold_of(texts, folds, settings.seed)

    def scores_of(i: int) -> FoldScores:
        train = [text for text, n in zip(texts, numbers, strict=True) if n != i]
        test = [text for text, n in zip(texts, numbers, strict=True) if n == i]
        scores = fold_scores(settings, train, test, splits.labels, workers, part_weights=weights)
        return {**scores, "folds_majority": majority_scores(train, test, splits.labels)}

    log_folds(run, folds, scores_of)


def fold_scores(
    settings: Settings,
    train: Texts,
    test: Texts,
    labels: LabelSet,
    workers: Workers,
    *,
    part_weights: PartWeights | None = None,
) -> dict[str, dict[str, float]]:
    """Train on `train` for all epochs, in this process, and return the scores of `test`.

    part_weights: of a `ProductModel`. Returns "folds" and, unless that is tf-idf, "folds_tfidf".
    """
    model = text_model(settings.kind).build(settings, [text.text for text in train], labels)
    if isinstance(model, ProductModel) and part_weights is not None:
        model.part_weights = part_weights
    scores = {}
    for training in trainings(model, settings, train, None, workers, SingleProcess()):
        training.run("training")
        encoded = encoded_texts(training.model, test)
        logits = training.model.logits(encoded, workers)
        name = "folds_tfidf" if training.stage == LINEAR else "folds"
        scores[name] = score_logits(labels, logits, np.asarray(encoded.labels))
    if "folds_tfidf" not in scores and settings.kind != "tfidf":
        linear = fold_scores(settings.of_tfidf(), train, test, labels, workers)
        scores["folds_tfidf"] = linear["folds"]
    return {name: scores[name] for name in sorted(scores)}
