"""Share of right answers.

Precision, recall and F1 of one class.

Precision, recall and F1 over several classes.

Area under the ROC curve.

Matthews correlation coefficient.

The confusion matrix: which class is taken for which.

What every metric of class labels checks first.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pmt_core import DataError, DtypeError, SettingsError, ShapeError


def accuracy(predicted: ArrayLike, labels: ArrayLike) -> float:
    """Share of positions where the predicted class is the label. Both: integers of one shape.

    Raises ShapeError where shapes differ or there is nothing to count.
    """
    first, second = label_arrays(predicted, labels)
    return float(np.mean(first == second))


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


def roc_auc(scores: ArrayLike, labels: ArrayLike, positive: int = 1) -> float:
    """Chance that a random positive example has a higher score than a random negative one.

    Ties count one half: the Mann-Whitney statistic, which is the area under the ROC curve.
    scores: (n,) finite, higher meaning `positive`. labels: (n,) class numbers.
    Raises ShapeError where shapes differ, DataError where a score is not finite or there is only
    one kind of example.
    """
    values, (found, _) = np.asarray(scores), label_arrays(labels, labels)
    if values.shape != np.shape(labels):
        raise ShapeError(f"one score per label: got shapes {values.shape} and {np.shape(labels)}")
    values = values.reshape(-1)
    if not np.isfinite(values).all():
        raise DataError("scores must be finite to be put in order; got inf or nan")
    is_so = found == positive
    n_so, n_not = int(is_so.sum()), int((~is_so).sum())
    if not n_so or not n_not:
        raise DataError(
            f"the AUC compares positive with negative examples; got {n_so} and {n_not} of them"
        )
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks = np.cumsum(counts) - (counts - 1) / 2  # 1, 2, ...; the mean rank of those that tie
    return float((ranks[place][is_so].sum() - n_so * (n_so + 1) / 2) / (n_so * n_not))


def matthews_correlation(predicted: ArrayLike, labels: ArrayLike) -> float:
    """Correlation of predicted classes and labels, -1 ... 1 (Matthews 1975, Gorodkin 2004).

    Both: class numbers 0, 1, ... of one shape; two classes or more. 0 is no better than chance
    whatever the classes' shares, and is returned where one of the two never varies.
    Raises ShapeError where shapes differ or there is nothing to count.
    """
    counts = confusion_matrix(predicted, labels).astype(np.float64)
    total, right = counts.sum(), np.trace(counts)
    called, so = counts.sum(axis=0), counts.sum(axis=1)
    both = math.sqrt(float(total**2 - called @ called) * float(total**2 - so @ so))
    return float(right * total - called @ so) / both if both else 0.0


def confusion_matrix(
    predicted: ArrayLike, labels: ArrayLike, classes: int | None = None
) -> NDArray[np.int64]:
    """Counts (classes, classes): row the true class, column the predicted one.

    classes: number of classes; by default as many as occur.
    Raises ShapeError where shapes differ, nothing is there, or a class is out of range.
    """
    first, second = label_arrays(predicted, labels)
    lowest, highest = int(min(first.min(), second.min())), int(max(first.max(), second.max()))
    n = highest + 1 if classes is None else classes
    if lowest < 0 or highest >= n:
        raise ShapeError(
            f"classes are numbered 0 ... {n - 1}, got {lowest if lowest < 0 else highest}"
        )
    cells = second.astype(np.int64) * n + first.astype(np.int64)
    return np.bincount(cells, minlength=n * n).reshape(n, n).astype(np.int64)


def label_arrays(predicted: ArrayLike, labels: ArrayLike) -> tuple[NDArray[Any], NDArray[Any]]:
    """Both as flat arrays of class numbers. Raises ShapeError or DtypeError."""
    first, second = np.asarray(predicted), np.asarray(labels)
    if first.shape != second.shape:
        raise ShapeError(
            f"one predicted class per label: got shapes {first.shape} and {second.shape}; "
            "take the argmax of logits over the classes first"
        )
    if not first.size:
        raise ShapeError("a metric of no examples means nothing; give at least one")
    for name, array in (("predicted", first), ("labels", second)):
        if array.dtype.kind not in "iub":
            raise DtypeError(f"{name} are class numbers (integers or booleans), got {array.dtype}")
    return first.reshape(-1), second.reshape(-1)
