"""Share of right answers."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from pmt_train.label_arrays import label_arrays


def accuracy(predicted: ArrayLike, labels: ArrayLike) -> float:
    """Share of positions where the predicted class is the label. Both: integers of one shape.

    Raises ShapeError where shapes differ or there is nothing to count.
    """
    first, second = label_arrays(predicted, labels)
    return float(np.mean(first == second))
