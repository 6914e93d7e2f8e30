"""Scores of predicted classes: accuracy, F1, log loss; micro and macro F1 of several labels."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pmt_apps.classification.labels import LabelSet
from pmt_core import log_softmax, softplus
from pmt_train import PrecisionRecallF1, accuracy, averaged_f1


def score_logits(
    classes: LabelSet, logits: NDArray[np.floating], labels: NDArray[Any]
) -> dict[str, float]:
    """Return the metrics of logits (n, k) by name.

    labels: numbers of the classes (n,), or 0 and 1 of each class (n, k).
    """
    loss = log_loss(classes, logits, labels)
    if np.isnan(loss):
        return {"accuracy": np.nan, "macro_f1": np.nan, "micro_f1": np.nan, "loss": np.nan}
    if classes.several:
        return {**several_label_scores(logits >= 0, labels > 0.5), "loss": loss}
    predicted = logits.argmax(axis=1)
    return {
        "accuracy": accuracy(predicted, labels),
        "macro_f1": averaged_f1(predicted, labels).f1,
        "loss": loss,
    }


def log_loss(classes: LabelSet, logits: NDArray[np.floating], labels: NDArray[Any]) -> float:
    """Return the mean loss of a text, as in `score_logits`; nan if a logit is not finite."""
    exact = logits.astype(np.float64)
    if not np.isfinite(exact).all():
        return float("nan")
    if classes.several:
        return float((softplus(exact) - labels * exact).sum(axis=1).mean())
    return float(-log_softmax(exact, axis=1)[np.arange(len(labels)), labels].mean())


def several_label_scores(
    predicted: NDArray[np.bool_], labels: NDArray[np.bool_]
) -> dict[str, float]:
    """Return scores of sets of labels (n, k): F1 of all decisions, mean F1 of the classes.

    "subset_accuracy" is the share of texts whose labels are all right.
    """
    classes = [PrecisionRecallF1.of_counts(*counts) for counts in label_counts(predicted, labels)]
    total = [sum(column) for column in zip(*label_counts(predicted, labels), strict=True)]
    return {
        "micro_f1": PrecisionRecallF1.of_counts(*total).f1,
        "macro_f1": float(np.mean([score.f1 for score in classes])),
        "subset_accuracy": float((predicted == labels).all(axis=1).mean()),
    }


def label_counts(
    predicted: NDArray[np.bool_], labels: NDArray[np.bool_]
) -> list[tuple[int, int, int]]:
    """Return (true positives, predicted, actual) of each class of sets of labels (n, k)."""
    columns = (predicted & labels).sum(axis=0), predicted.sum(axis=0), labels.sum(axis=0)
    return [
        (int(correct), int(yes), int(actual)) for correct, yes, actual in zip(*columns, strict=True)
    ]
