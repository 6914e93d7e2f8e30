"""What every metric of class labels checks first."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pmt_core import DtypeError, ShapeError


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
