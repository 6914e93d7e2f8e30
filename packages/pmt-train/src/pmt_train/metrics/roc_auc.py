"""The area under the ROC curve, of two classes and of several."""

from __future__ import annotations

from itertools import combinations
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pmt_core import DataError, SettingsError, ShapeError
from pmt_train.metrics.classification import label_array

AucAverage = Literal["macro", "weighted"]
"""The mean over classes: equal weights, or by their number of examples."""

MultiClass = Literal["ovr", "ovo"]
"""Which classes are compared: each with all others together, or each pair of them."""


def roc_auc(scores: ArrayLike, labels: ArrayLike, positive: int = 1) -> float:
    """Return the area under the ROC curve.

    It is the probability that a random positive example has a higher score (n,) than a random
    negative one, ties counting one half (the Mann-Whitney statistic). Raises DataError if a score
    is not finite, or all examples are positive or none is.

    Examples:
        >>> from pmt_train import roc_auc
        >>> roc_auc([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1])  # 3 of the 4 pairs are in the right order
        0.75
        >>> roc_auc([1, 1, 1, 1], [0, 0, 1, 1])  # ties
        0.5
    """
    values, classes = np.asarray(scores), label_array(labels)
    if values.shape != np.shape(labels):
        raise ShapeError(f"one score per label: got shapes {values.shape} and {np.shape(labels)}")
    return _area(_finite(values).reshape(-1), classes == positive)


def multiclass_roc_auc(
    scores: ArrayLike,
    labels: ArrayLike,
    multi_class: MultiClass = "ovr",
    average: AucAverage = "macro",
) -> float:
    """Return the mean area under the ROC curves of several classes.

    "ovr" (one versus rest) is the mean over the classes of the area between a class and all
    others, by the scores of the class. "ovo" (one versus one, Hand & Till 2001) is the mean over
    the pairs of classes of the area between the two, by the scores of the first and by those of
    the second, averaged. average: "macro" is the unweighted mean; "weighted" is weighted by the
    number of examples of the class, or of the pair.

    scores: (n, c), a column for each class. Scores of different examples are compared, so they are
    probabilities, not logits. labels: (n,), 0 ... c-1. Raises DataError if a score is not finite or
    a class has no example.

    Examples:
        >>> import numpy as np
        >>> from pmt_train import multiclass_roc_auc
        >>> scores = np.array([[0.8, 0.1, 0.1], [0.2, 0.5, 0.3], [0.2, 0.3, 0.5], [0.1, 0.6, 0.3]])
        >>> labels = [0, 1, 2, 2]
        >>> round(multiclass_roc_auc(scores, labels), 3)
        0.847
        >>> round(multiclass_roc_auc(scores, labels, "ovo"), 3)
        0.875
    """
    values, classes = np.asarray(scores), label_array(labels)
    if values.ndim != 2 or values.shape[0] != classes.size or np.ndim(labels) != 1:
        raise ShapeError(
            "expected a score for each class (n, c) and labels (n,): got shapes "
            f"{values.shape} and {np.shape(labels)}"
        )
    n = values.shape[1]
    for value, allowed in ((multi_class, MultiClass), (average, AucAverage)):
        if value not in get_args(allowed):
            raise SettingsError(f"expected {' or '.join(get_args(allowed))}, got {value!r}")
    _finite(values)
    if n < 2 or classes.min() < 0 or classes.max() >= n:
        raise ShapeError(f"{n} columns of scores are of 2 or more classes 0 ... {n - 1}")
    counts = np.bincount(classes, minlength=n)
    if not counts.all():
        raise DataError(
            f"the AUC compares the examples of each class; class {int(counts.argmin())} has none"
        )
    areas, weights = (_one_versus_rest if multi_class == "ovr" else _one_versus_one)(
        values, classes, counts
    )
    return float(np.average(areas, weights=weights if average == "weighted" else None))


_Areas = tuple[list[float], list[int]]
"""Areas and the numbers of examples to weight them with."""


def _one_versus_rest(values: NDArray[Any], classes: NDArray[Any], counts: NDArray[Any]) -> _Areas:
    areas = [_area(values[:, c], classes == c) for c in range(len(counts))]
    return areas, counts.tolist()


def _one_versus_one(values: NDArray[Any], classes: NDArray[Any], counts: NDArray[Any]) -> _Areas:
    areas, weights = [], []
    for a, b in combinations(range(len(counts)), 2):
        rows = (classes == a) | (classes == b)
        of_a = _area(values[rows, a], classes[rows] == a)
        of_b = _area(values[rows, b], classes[rows] == b)
        areas.append((of_a + of_b) / 2)
        weights.append(int(counts[a] + counts[b]))
    return areas, weights


def _area(values: NDArray[Any], is_positive: NDArray[np.bool_]) -> float:
    """Return the AUC of scores (n,) for positive examples (n,)."""
    n_positive, n_negative = int(is_positive.sum()), int((~is_positive).sum())
    if not n_positive or not n_negative:
        raise DataError(
            "the AUC compares positive with negative examples; got "
            f"{n_positive} and {n_negative} of them"
        )
    _, index, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks = np.cumsum(counts) - (counts - 1) / 2  # 1, 2, ...; ties get their mean rank
    rank_sum = ranks[index][is_positive].sum()
    return float((rank_sum - n_positive * (n_positive + 1) / 2) / (n_positive * n_negative))


def _finite(values: NDArray[Any]) -> NDArray[Any]:
    if not np.isfinite(values).all():
        raise DataError("scores must be finite to be put in order; got inf or nan")
    return values
