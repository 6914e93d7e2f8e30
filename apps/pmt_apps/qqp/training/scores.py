"""Metrics of predicted probabilities, with bootstrap intervals."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pmt_apps.qqp.models.pair_model import Probabilities
from pmt_core import RandomStream
from pmt_text import QuestionPair, Tokenize, tokenize
from pmt_train import (
    accuracy,
    bootstrap_interval,
    expected_calibration_error,
    precision_recall_f1,
)

Labels = NDArray[np.int64]


def scores(probability: Probabilities, labels: Labels) -> dict[str, float]:
    """Return accuracy, F1 of duplicates and mean cross-entropy (nats) of n pairs, (n,) each."""
    predicted = (probability >= 0.5).astype(np.int64)
    return {
        "accuracy": accuracy(predicted, labels),
        "f1": precision_recall_f1(predicted, labels).f1,
        "loss": float(log_losses(probability, labels).mean()),
    }


def log_losses(probability: Probabilities, labels: Labels) -> NDArray[np.float64]:
    """Return -ln of the probability of each true class, (n,)."""
    of_truth = np.where(labels == 1, probability, 1 - probability).astype(np.float64)
    losses: NDArray[np.float64] = -np.log(np.maximum(of_truth, 1e-12))
    return losses


def intervals(
    probability: Probabilities, labels: Labels, seed: int, *, balanced: bool = False
) -> dict[str, Any]:
    """Return `scores` and the calibration error with 95 % intervals, and the number of pairs.

    balanced: weight the pairs so that both classes have the same weight. The calibration error is
    left out then: a calibrated model is not calibrated for other class frequencies.
    """
    functions: dict[str, tuple[Callable[..., float], Probabilities | NDArray[np.float64]]] = {
        "accuracy": (weighted_accuracy, probability),
        "f1": (weighted_f1, probability),
        "loss": (weighted_mean, log_losses(probability, labels)),
    }
    rng = RandomStream(seed, "bootstrap").generator
    metrics: dict[str, Any] = {
        name: bootstrap_interval(partial(function, balanced=balanced), values, labels, rng=rng())
        for name, (function, values) in functions.items()
    }
    if not balanced:
        metrics["calibration_error"] = bootstrap_interval(
            expected_calibration_error, probability, labels, rng=rng()
        )
    return {**metrics, "pairs": len(labels)}


def class_weights(labels: Labels, balanced: bool) -> NDArray[np.float64]:
    """Return a weight per pair, (n,): 1, or the inverse frequency of its class if balanced."""
    if not balanced:
        return np.ones(len(labels))
    weights: NDArray[np.float64] = (1 / np.maximum(np.bincount(labels, minlength=2), 1))[labels]
    return weights


def weighted_mean(values: NDArray[Any], labels: Labels, *, balanced: bool) -> float:
    """Return the mean of values (n,), weighted by `class_weights`."""
    weights = class_weights(labels, balanced)
    return float(values @ weights / weights.sum())


def weighted_accuracy(probability: Probabilities, labels: Labels, *, balanced: bool) -> float:
    """Return the accuracy, weighted by `class_weights`."""
    return weighted_mean((probability >= 0.5) == (labels == 1), labels, balanced=balanced)


def weighted_f1(probability: Probabilities, labels: Labels, *, balanced: bool) -> float:
    """Return the F1 of duplicates, weighted by `class_weights`; 0 if there are none."""
    weights = class_weights(labels, balanced)
    predicted, actual = probability >= 0.5, labels == 1
    total = weights[predicted].sum() + weights[actual].sum()
    return float(2 * weights[predicted & actual].sum() / total) if total else 0.0


def unlinked(
    pairs: Sequence[QuestionPair], known: Iterable[QuestionPair], tokenize: Tokenize = tokenize
) -> NDArray[np.bool_]:
    """Return (n,): True for a pair without a question that occurs, normalized, in `known`."""

    def questions(pair: QuestionPair) -> list[str]:
        return [" ".join(tokenize(text)) for text in (pair.question1, pair.question2)]

    texts = [questions(pair) for pair in pairs]
    scored = {question for pair in texts for question in pair}
    known_questions = {q for pair in known for q in questions(pair) if q in scored}
    return np.array([known_questions.isdisjoint(pair) for pair in texts], np.bool_)
