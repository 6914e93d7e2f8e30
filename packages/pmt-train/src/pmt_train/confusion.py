"""The confusion matrix: which class is taken for which."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pmt_core import ShapeError
from pmt_train.label_arrays import label_arrays


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
