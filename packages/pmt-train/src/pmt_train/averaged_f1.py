"""Precision, recall and F1 over several classes."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pmt_core import SettingsError
from pmt_train.confusion import confusion_matrix
from pmt_train.f1 import PrecisionRecallF1


def averaged_f1(
    predicted: ArrayLike,
    labels: ArrayLike,
    average: Literal["macro", "micro", "weighted"] = "macro",
) -> PrecisionRecallF1:
    """Precision, recall and F1 of all classes that occur as a label or were predicted.

    Both arrays: class numbers 0, 1, ... of one shape.
    average: "macro": mean over the classes, each counting the same. "weighted": each counting as
    often as it is a label. "micro": of all decisions together, where the three are the accuracy.
    A share of nothing is 0. Raises ShapeError where shapes differ or there is nothing to count.
    """
    counts = confusion_matrix(predicted, labels).astype(np.float64)
    right, called, so = np.diag(counts), counts.sum(axis=0), counts.sum(axis=1)
    if average == "micro":
        share = float(right.sum() / counts.sum())
        return PrecisionRecallF1(share, share, share)
    if average not in ("macro", "weighted"):
        raise SettingsError(f"average is 'macro', 'micro' or 'weighted', got {average!r}")
    occurs = called + so > 0
    weights = (so if average == "weighted" else np.ones_like(so))[occurs]

    def mean(above: NDArray[np.float64], below: NDArray[np.float64]) -> float:
        share = np.divide(above, below, out=np.zeros_like(above), where=below > 0)
        return float(np.average(share[occurs], weights=weights))

    return PrecisionRecallF1(mean(right, called), mean(right, so), mean(2 * right, called + so))
