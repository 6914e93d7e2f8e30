"""Matthews correlation coefficient."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from pmt_train.confusion import confusion_matrix


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
