"""Precision, recall and F1 of one class."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from pmt_train.label_arrays import label_arrays


@dataclass(frozen=True, slots=True)
class PrecisionRecallF1:
    """How well one class is found.

    Attributes:
        precision: share of those called positive that are.
        recall: share of the positive that are called so.
        f1: harmonic mean of the two.
    """

    precision: float
    recall: float
    f1: float


def precision_recall_f1(
    predicted: ArrayLike, labels: ArrayLike, positive: int = 1
) -> PrecisionRecallF1:
    """Precision, recall and F1 of the class `positive`. Both arrays: integers of one shape.

    A share of nothing (no positive called, or none there) is 0.
    Raises ShapeError where shapes differ or there is nothing to count.
    """
    first, second = label_arrays(predicted, labels)
    called, is_so = first == positive, second == positive
    right = int(np.count_nonzero(called & is_so))
    n_called, n_so = int(np.count_nonzero(called)), int(np.count_nonzero(is_so))
    return PrecisionRecallF1(
        precision=right / n_called if n_called else 0.0,
        recall=right / n_so if n_so else 0.0,
        f1=2 * right / (n_called + n_so) if n_called + n_so else 0.0,
    )
