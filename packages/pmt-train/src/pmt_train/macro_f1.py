"""F1 over several classes, each counting as much as the others."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from pmt_train.f1 import precision_recall_f1
from pmt_train.label_arrays import label_arrays


def macro_f1(predicted: ArrayLike, labels: ArrayLike) -> float:
    """Mean of the F1 of every class that is predicted or true somewhere.

    Both arrays: integers of one shape. Raises ShapeError where shapes differ or there is nothing
    to count.
    """
    first, second = label_arrays(predicted, labels)
    classes = np.union1d(first, second)
    return float(np.mean([precision_recall_f1(first, second, int(c)).f1 for c in classes]))
