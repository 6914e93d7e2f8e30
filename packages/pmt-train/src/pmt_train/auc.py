"""Area under the ROC curve."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from pmt_core import DataError, ShapeError
from pmt_train.label_arrays import label_arrays


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
