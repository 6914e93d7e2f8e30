"""How well pairs were answered, and how far that could be off by the choice of pairs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pmt_apps.qqp.models.pair_model import Probabilities
from pmt_core import RandomStream
from pmt_text import QuestionPair, normalize
from pmt_train import (
    accuracy,
    bootstrap_interval,
    expected_calibration_error,
    precision_recall_f1,
)

Labels = NDArray[np.int64]


def scores(probability: Probabilities, labels: Labels) -> dict[str, float]:
    """Accuracy, F1 of the duplicates, and mean cross-entropy (nats) of n pairs, (n,) each."""
    chosen = (probability >= 0.5).astype(np.int64)
    return {
        "accuracy": accuracy(chosen, labels),
        "f1": precision_recall_f1(chosen, labels).f1,
        "loss": float(surprise(probability, labels).mean()),
    }


def surprise(probability: Probabilities, labels: Labels) -> NDArray[np.float64]:
    """-ln of the probability given to what is so, (n,)."""
    of_label = np.where(labels == 1, probability, 1 - probability).astype(np.float64)
    found: NDArray[np.float64] = -np.log(np.maximum(of_label, 1e-12))
    return found


def intervals(
    probability: Probabilities, labels: Labels, seed: int, *, balanced: bool = False
) -> dict[str, Any]:
    """`scores` and the calibration error, each with its 95 % interval, and the number of pairs.

    balanced: as if there were as many pairs of one kind as of the other: each kind weighs half.
    The calibration error is left out then: where the shares of the kinds change, a model that is
    calibrated is not any more.
    """
    surprises = surprise(probability, labels)
    metrics: dict[str, tuple[Callable[..., float], Probabilities | NDArray[np.float64]]] = {
        "accuracy": (weighted_accuracy, probability),
        "f1": (weighted_f1, probability),
        "loss": (weighted_mean, surprises),
    }
    rng = RandomStream(seed, "bootstrap").generator
    found: dict[str, Any] = {
        name: bootstrap_interval(partial(metric, balanced=balanced), values, labels, rng=rng())
        for name, (metric, values) in metrics.items()
    }
    if not balanced:
        found["calibration_error"] = bootstrap_interval(
            expected_calibration_error, probability, labels, rng=rng()
        )
    return {**found, "pairs": len(labels)}


def weights(labels: Labels, balanced: bool) -> NDArray[np.float64]:
    """(n,): 1 each, or such that the pairs of either kind have the same sum."""
    if not balanced:
        return np.ones(len(labels))
    found: NDArray[np.float64] = (1 / np.maximum(np.bincount(labels, minlength=2), 1))[labels]
    return found


def weighted_mean(values: NDArray[Any], labels: Labels, *, balanced: bool) -> float:
    weight = weights(labels, balanced)
    return float(values @ weight / weight.sum())


def weighted_accuracy(probability: Probabilities, labels: Labels, *, balanced: bool) -> float:
    right = (probability >= 0.5) == (labels == 1)
    return weighted_mean(right, labels, balanced=balanced)


def weighted_f1(probability: Probabilities, labels: Labels, *, balanced: bool) -> float:
    weight = weights(labels, balanced)
    chosen, so = probability >= 0.5, labels == 1
    both = weight[chosen].sum() + weight[so].sum()
    return float(2 * weight[chosen & so].sum() / both) if both else 0.0


def unlinked(pairs: Sequence[QuestionPair], known: Iterable[QuestionPair]) -> NDArray[np.bool_]:
    """(n,): True for a pair neither of whose questions stands in `known`, as normalized text."""
    texts = [(normalize(pair.question1), normalize(pair.question2)) for pair in pairs]
    asked = {text for both in texts for text in both}
    met = {
        text
        for pair in known
        for question in (pair.question1, pair.question2)
        if (text := normalize(question)) in asked
    }
    return np.array([not (a in met or b in met) for a, b in texts], np.bool_)
