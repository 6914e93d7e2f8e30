"""Classification metrics: accuracy, F1, F-beta, Matthews correlation, confusion matrix."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pmt_core import DtypeError, SettingsError, ShapeError

# All functions take class numbers (integers or booleans) of one shape and raise ShapeError if
# shapes differ or there are no examples, see `_label_arrays`.


def accuracy(predicted: ArrayLike, labels: ArrayLike) -> float:
    """Return the share of positions at which the predicted class equals the label.

    Examples:
        >>> from pmt_train import accuracy
        >>> accuracy([0, 1, 1, 0], [0, 1, 0, 0])
        0.75
    """
    first, second = _label_arrays(predicted, labels)
    return float(np.mean(first == second))


@dataclass(frozen=True, slots=True)
class PrecisionRecallF1:
    """Precision, recall and F1. A ratio with denominator 0 is 0.

    Attributes:
        precision: share of the predicted positives that are positive.
        recall: share of the actual positives that were predicted.
        f1: harmonic mean of the two.

    Examples:
        >>> from pmt_train import PrecisionRecallF1
        >>> scores = PrecisionRecallF1.of_counts(true_positives=6, predicted=8, actual=10)
        >>> scores.precision, scores.recall, round(scores.f1, 3)
        (0.75, 0.6, 0.667)
    """

    precision: float
    recall: float
    f1: float

    @classmethod
    def of_counts(cls, true_positives: int, predicted: int, actual: int) -> Self:
        """Return the scores for the numbers of true, predicted and actual positives."""
        return cls(
            precision=true_positives / predicted if predicted else 0.0,
            recall=true_positives / actual if actual else 0.0,
            f1=2 * true_positives / (predicted + actual) if predicted + actual else 0.0,
        )


def precision_recall_f1(
    predicted: ArrayLike, labels: ArrayLike, positive: int = 1
) -> PrecisionRecallF1:
    """Return precision, recall and F1 of the class `positive`.

    Examples:
        >>> from pmt_train import precision_recall_f1
        >>> predicted, labels = [1, 1, 1, 1, 0, 0], [1, 1, 0, 0, 1, 0]
        >>> scores = precision_recall_f1(predicted, labels)
        >>> round(scores.precision, 3), round(scores.recall, 3), round(scores.f1, 3)
        (0.5, 0.667, 0.571)
    """
    first, second = (array == positive for array in _label_arrays(predicted, labels))
    counts = (int(np.count_nonzero(array)) for array in (first & second, first, second))
    return PrecisionRecallF1.of_counts(*counts)


def averaged_f1(
    predicted: ArrayLike,
    labels: ArrayLike,
    average: Literal["macro", "micro", "weighted"] = "macro",
) -> PrecisionRecallF1:
    """Return precision, recall and F1 averaged over the classes that occur in either array.

    "macro" is the unweighted mean over the classes, "weighted" is weighted by the number of
    labels; "micro" is of all decisions together, which for all three is the accuracy.

    Examples:
        >>> from pmt_train import averaged_f1
        >>> predicted, labels = [0, 0, 0, 0, 0], [0, 0, 0, 0, 1]  # never the rare class
        >>> [round(averaged_f1(predicted, labels, a).f1, 3) for a in ("macro", "weighted", "micro")]
        [0.444, 0.711, 0.8]
    """
    counts = confusion_matrix(predicted, labels).astype(np.float64)
    correct, n_predicted, n_actual = np.diag(counts), counts.sum(axis=0), counts.sum(axis=1)
    if average == "micro":
        share = float(correct.sum() / counts.sum())
        return PrecisionRecallF1(share, share, share)
    if average not in ("macro", "weighted"):
        raise SettingsError(f"average is 'macro', 'micro' or 'weighted', got {average!r}")
    return mean_of_classes(correct, n_predicted, n_actual, average)


def mean_of_classes(
    true_positives: ArrayLike,
    predicted: ArrayLike,
    actual: ArrayLike,
    average: Literal["macro", "weighted"],
) -> PrecisionRecallF1:
    """Return the means of precision, recall and F1 over classes, from counts (classes,) of each.

    Classes that are neither predicted nor actual are left out; without any, all three are 0.
    Weights are the actual numbers; if these are all 0, so are the scores.
    """
    counts = (np.asarray(x, np.float64) for x in (true_positives, predicted, actual))
    correct, n_predicted, n_actual = counts
    weights = n_actual if average == "weighted" else (n_predicted + n_actual > 0).astype(float)

    def mean(numerator: NDArray[np.float64], denominator: NDArray[np.float64]) -> float:
        return _weighted(_ratio(numerator, denominator), weights)

    f1 = mean(2 * correct, n_predicted + n_actual)
    return PrecisionRecallF1(mean(correct, n_predicted), mean(correct, n_actual), f1)


def f_beta(
    predicted: ArrayLike,
    labels: ArrayLike,
    beta: float,
    *,
    average: Literal["binary", "macro", "micro", "weighted"] = "binary",
    positive: int = 1,
) -> float:
    """Return F-beta, in which recall counts beta times as much as precision (van Rijsbergen 1979).

        F = (1 + beta^2) precision recall / (beta^2 precision + recall)

    beta = 1 is F1, 0 the precision and inf the recall. average: "binary" is F-beta of the class
    `positive`; the others are those of `averaged_f1`.

    Examples:
        >>> from pmt_train import f_beta
        >>> predicted, labels = [1, 1, 1, 1, 0], [1, 1, 0, 0, 0]  # precision 1/2, recall 1
        >>> [round(f_beta(predicted, labels, beta), 3) for beta in (0, 0.5, 1, 2)]
        [0.5, 0.556, 0.667, 0.833]
    """
    if not beta >= 0:
        raise SettingsError(f"beta is 0 or more, got {beta}")
    if average not in ("binary", "macro", "micro", "weighted"):
        raise SettingsError(f"average is 'binary', 'macro', 'micro' or 'weighted', got {average!r}")
    if average == "binary":
        first, second = (array == positive for array in _label_arrays(predicted, labels))
        pairs = (first & second, first, second)
        correct, n_predicted, n_actual = (np.array([np.count_nonzero(x)]) for x in pairs)
    else:
        counts = confusion_matrix(predicted, labels)
        correct, n_predicted, n_actual = np.diag(counts), counts.sum(axis=0), counts.sum(axis=1)
    if average == "micro":
        correct, n_predicted, n_actual = (
            np.array([x.sum()]) for x in (correct, n_predicted, n_actual)
        )
    # Both weights sum to 1, so that beta may be infinite.
    of_recall = 1.0 if math.isinf(beta) else beta**2 / (1 + beta**2)
    scores = _ratio(correct, of_recall * n_actual + (1 - of_recall) * n_predicted)
    weights = n_actual if average == "weighted" else n_predicted + n_actual > 0
    return _weighted(scores, weights.astype(np.float64))


def _ratio(numerator: NDArray[Any], denominator: NDArray[Any]) -> NDArray[np.float64]:
    """Return the ratio of each class; 0 if its denominator is 0."""
    ratio = np.zeros(numerator.shape)
    np.divide(numerator, denominator, out=ratio, where=denominator > 0)
    return ratio


def _weighted(values: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    total = weights.sum()
    return float(values @ weights / total) if total else 0.0


def matthews_correlation(predicted: ArrayLike, labels: ArrayLike) -> float:
    """Return the Matthews correlation coefficient, -1 ... 1 (Matthews 1975, Gorodkin 2004).

    Two or more classes 0, 1, ... The value 0 is chance level for any class distribution; it is
    also returned if all predictions or all labels are equal.

    Examples:
        >>> from pmt_train import matthews_correlation
        >>> labels = [1, 1, 0, 0]
        >>> matthews_correlation(labels, labels), matthews_correlation([0, 0, 1, 1], labels)
        (1.0, -1.0)
        >>> matthews_correlation([1, 1, 1, 1], labels)  # says nothing
        0.0
    """
    counts = confusion_matrix(predicted, labels).astype(np.float64)
    total, correct = counts.sum(), np.trace(counts)
    n_predicted, n_actual = counts.sum(axis=0), counts.sum(axis=1)
    variances = float(total**2 - n_predicted @ n_predicted) * float(total**2 - n_actual @ n_actual)
    scale = math.sqrt(variances)
    return float(correct * total - n_predicted @ n_actual) / scale if scale else 0.0


def confusion_matrix(
    predicted: ArrayLike, labels: ArrayLike, classes: int | None = None
) -> NDArray[np.int64]:
    """Return counts (classes, classes): row actual class, column predicted class.

    `classes` is the largest class number + 1 by default. Raises ShapeError for a class out of
    range.

    Examples:
        >>> from pmt_train import confusion_matrix
        >>> confusion_matrix([0, 1, 1, 2], [0, 1, 2, 2])  # one example of class 2 was taken for 1
        array([[1, 0, 0],
               [0, 1, 0],
               [0, 1, 1]])
    """
    first, second = _label_arrays(predicted, labels)
    lowest, largest = int(min(first.min(), second.min())), int(max(first.max(), second.max()))
    n = largest + 1 if classes is None else classes
    if lowest < 0 or largest >= n:
        raise ShapeError(
            f"classes are numbered 0 ... {n - 1}, got {lowest if lowest < 0 else largest}"
        )
    cells = second.astype(np.int64) * n + first.astype(np.int64)
    return np.bincount(cells, minlength=n * n).reshape(n, n).astype(np.int64)


def label_array(labels: ArrayLike) -> NDArray[Any]:
    """Return labels as a flat array of class numbers. Raises ShapeError or DtypeError."""
    return _label_arrays(labels, labels)[0]


def _label_arrays(predicted: ArrayLike, labels: ArrayLike) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return two flat arrays of class numbers. Raises ShapeError or DtypeError."""
    first, second = np.asarray(predicted), np.asarray(labels)
    if first.shape != second.shape:
        raise ShapeError(
            f"one predicted class per label: got shapes {first.shape} and {second.shape}; "
            "take the argmax of logits over the classes first"
        )
    if not first.size:
        raise ShapeError("expected at least one example to compute a metric of, got none")
    for name, array in (("predicted", first), ("labels", second)):
        if array.dtype.kind not in "iub":
            raise DtypeError(f"{name} are class numbers (integers or booleans), got {array.dtype}")
    return first.reshape(-1), second.reshape(-1)
