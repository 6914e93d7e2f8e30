"""The logistic loss of many scores at once, with its derivative."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["logistic"]


def logistic(
    scores: NDArray[np.float32],
    positive: NDArray[np.float32] | None,
    total: NDArray[np.float32],
) -> tuple[float, NDArray[np.float32]]:
    """The loss sum t softplus(s) - p s, and minus its derivative by s: p - t sigmoid(s).

    scores: s; positive: p, how often the answer is yes; None: never; total: t, how often there is
    an answer. All of one shape.

    With e = exp(-|s|), which cannot overflow: softplus(s) = max(s, 0) + log(1 + e), and
    sigmoid(s) is 1 / (1 + e) for s >= 0, e / (1 + e) below.
    """
    small = np.abs(scores)
    np.negative(small, out=small)
    np.exp(small, out=small)
    above = 1 + small
    np.copyto(small, 1, where=scores >= 0)
    small /= above  # the sigmoid
    np.log(above, out=above)
    above += np.maximum(scores, 0)  # the softplus
    loss = float(np.vdot(total, above))
    small *= total
    if positive is None:
        return loss, np.negative(small, out=small)
    loss -= float(np.vdot(positive, scores))
    return loss, np.subtract(positive, small, out=small)
