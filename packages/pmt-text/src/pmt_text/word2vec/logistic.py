"""The logistic loss of many scores at once, with its derivative."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["logistic"]


def logistic(
    scores: NDArray[np.float32], total: NDArray[np.float32]
) -> tuple[float, NDArray[np.float32]]:
    """The loss sum t softplus(s), and minus its derivative by s: -t sigmoid(s).

    scores: s; total: t, how often an answer is wanted; of one shape. Where the answer is yes p
    times, the caller takes p s from the loss and adds p to the derivative.

    With h = tanh(s / 2), which cannot overflow: sigmoid(s) = (1 + h) / 2, and
    softplus(s) = max(s, 0) - log((1 + |h|) / 2).
    """
    half = scores.dtype.type(0.5)
    tanh = scores * half
    np.tanh(tanh, out=tanh)
    tanh *= half
    above = np.abs(tanh)
    above += half
    np.log(above, out=above)
    loss = -float(np.vdot(total, above))
    np.maximum(scores, 0, out=above)
    loss += float(np.vdot(total, above))
    tanh += half
    tanh *= total
    return loss, np.negative(tanh, out=tanh)
