"""Clipping of gradients by their global norm (Pascanu, Mikolov & Bengio 2013)."""

from __future__ import annotations

import math

from pmt_core import SettingsError
from pmt_train.flat_gradients import FlatGradients


def global_norm(gradients: FlatGradients, scale: float = 1.0) -> float:
    """Euclidean norm of all gradients together, dense and row-sparse, times `scale`."""
    return math.sqrt(gradients.squared_norm) * abs(scale)


def clip_factor(norm: float, max_norm: float | None) -> float:
    """What gradients of this global norm are multiplied by so that it is at most `max_norm`.

    1 where they are short enough, or `max_norm` is None. Nothing is multiplied here: the factor
    goes into `Optimizer.step(..., scale=)`, which needs no pass of its own for it.
    """
    if max_norm is None:
        return 1.0
    if not max_norm > 0:
        raise SettingsError(f"gradients are clipped to a norm above 0, got {max_norm}")
    return max_norm / norm if norm > max_norm else 1.0
