"""How well pairs were answered."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pmt_train import accuracy, precision_recall_f1
from qqp_detector import Probabilities


def scores(probability: Probabilities, labels: NDArray[np.int64]) -> dict[str, float]:
    """Accuracy, F1 of the duplicates, and mean cross-entropy (nats) of n pairs, (n,) each."""
    chosen = (probability >= 0.5).astype(np.int64)
    of_label = np.where(labels == 1, probability, 1 - probability).astype(np.float64)
    return {
        "accuracy": accuracy(chosen, labels),
        "f1": precision_recall_f1(chosen, labels).f1,
        "loss": float(-np.log(np.maximum(of_label, 1e-12)).mean()),
    }
