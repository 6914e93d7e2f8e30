"""The logistic loss of many scores at once, and its derivative."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# With h = tanh(s / 2), which cannot overflow: sigmoid(s) = (1 + h) / 2, and
# softplus(s) = max(s, 0) - log((1 + |h|) / 2).


def scaled_sigmoid(
    scores: NDArray[np.float32], slope: NDArray[np.float32], tanh: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return 2 slope sigmoid(scores).

    Args:
        scores: Array of any shape.
        slope: Array of the same shape.
        tanh: Receives tanh(scores / 2), which `logistic_loss` takes.
    """
    np.multiply(scores, scores.dtype.type(0.5), out=tanh)
    np.tanh(tanh, out=tanh)
    result: NDArray[np.float32] = tanh + scores.dtype.type(1)
    result *= slope
    return result


def logistic_loss(
    scores: NDArray[np.float32], tanh: NDArray[np.float32], weights: NDArray[np.float32]
) -> float:
    """Return the sum of weights softplus(scores).

    Args:
        scores: Array of any shape.
        tanh: tanh(scores / 2); is overwritten.
        weights: Array of the same shape.
    """
    above = np.abs(tanh, out=tanh)
    above += scores.dtype.type(1)
    above *= scores.dtype.type(0.5)
    np.log(above, out=above)
    np.subtract(np.maximum(scores, 0), above, out=above)
    return float(np.vdot(weights, above))
