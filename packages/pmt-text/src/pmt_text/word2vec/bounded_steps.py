"""Steps that end before the loss can rise again."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["bounded_steps"]


def bounded_steps(
    gradients: NDArray[np.float32], curvature: NDArray[np.float32], rate: float, most: float
) -> NDArray[np.float32]:
    """The gradients of rows, each made shorter where `rate` would lead it too far.

    gradients: (..., d), overwritten; curvature: (...) of each row the sum over the vectors x it is
    multiplied with, t times each, of t |x|^2.

    The second derivative of softplus is at most 1/4, so along any direction the loss as a function
    of the row curves by at most c = curvature / 4: steps of up to 1 / c bring it down. Many terms
    added at once go beyond, over the aim, and further every time, where single steps, each with
    new scores, would come to rest. Here no step is longer than `most` / c.
    """
    scale = most / np.maximum(curvature * (rate / 4), most)
    gradients *= scale[..., np.newaxis].astype(gradients.dtype)
    return gradients
