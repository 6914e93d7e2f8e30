"""`bounded_steps`: steps that cannot increase a logistic loss, however many terms they sum."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

_Float = TypeVar("_Float", np.float32, np.float64)

MAX_OUTPUT_STEP, MAX_INPUT_STEP = 0.5, 1.0  # limits of `bounded_steps` in `TreeKernel`


def bounded_steps(
    gradients: NDArray[_Float], curvature: NDArray[np.floating], rate: float, limit: float
) -> NDArray[_Float]:
    """Shorten the gradients of rows for which a step of length `rate` could increase the loss.

    The second derivative of softplus is at most 1/4, so along any direction the loss as a function
    of a row curves by at most c = curvature / 4, and steps of up to 1 / c decrease it. Many terms
    added at once overshoot, further every time, while single steps, each with new scores, would
    converge. The result has no step longer than limit / c.

    `gradients` (..., d), or the same times any factor, is overwritten and returned. `curvature`
    (...) is for each row the sum of t |x|^2 over the vectors x it is multiplied with, t times each.
    """
    scale = limit / np.maximum(curvature * (rate / 4), limit)
    gradients *= scale[..., np.newaxis].astype(gradients.dtype)
    return gradients


def may_exceed(curvature: float, rate: float, limit: float) -> bool:
    """Return whether `bounded_steps` could shorten a step for a curvature up to this; nan: yes."""
    return not curvature * (rate / 4) <= limit
