"""The logistic loss of many scores at once, with its derivative."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["logistic_changes", "logistic_loss"]

# With h = tanh(s / 2), which cannot overflow: sigmoid(s) = (1 + h) / 2, and
# softplus(s) = max(s, 0) - log((1 + |h|) / 2).


def logistic_changes(
    scores: NDArray[np.float32], slope: NDArray[np.float32], tanh: NDArray[np.float32]
) -> NDArray[np.float32]:
    """2 slope sigmoid(s). scores: s; tanh: receives tanh(s / 2), which `logistic_loss` wants."""
    np.multiply(scores, scores.dtype.type(0.5), out=tanh)
    np.tanh(tanh, out=tanh)
    changes: NDArray[np.float32] = tanh + scores.dtype.type(1)
    changes *= slope
    return changes


def logistic_loss(
    scores: NDArray[np.float32], tanh: NDArray[np.float32], total: NDArray[np.float32]
) -> float:
    """The sum of t softplus(s). scores: s; tanh: of s / 2, overwritten; total: t."""
    above = np.abs(tanh, out=tanh)
    above += scores.dtype.type(1)
    above *= scores.dtype.type(0.5)
    np.log(above, out=above)
    np.subtract(np.maximum(scores, 0), above, out=above)
    return float(np.vdot(total, above))
