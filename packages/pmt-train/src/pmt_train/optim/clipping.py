"""Clipping of gradients by their global norm (Pascanu, Mikolov & Bengio 2013).

Clipping of gradients element by element.
"""

from __future__ import annotations

import math

import numpy as np

from pmt_core import RowSparse, SettingsError
from pmt_train.optim.flat_gradients import FlatGradients, squared_norm


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


def check_clip_value(limit: float | None) -> None:
    """Raises SettingsError for a limit that makes no sense."""
    if limit is not None and not limit > 0:
        raise SettingsError(f"gradients are clipped to values above 0, got {limit}")


def clip_values(gradients: FlatGradients, limit: float, scale: float = 1.0) -> FlatGradients:
    """The gradients with every element of `scale * gradient` brought into -limit ... limit.

    Dense ones are clipped in place. scale: what they will be multiplied by afterwards, above 0
    (1 / number of examples); the result is not multiplied yet.
    """
    check_clip_value(limit)
    bound = limit / scale
    total = 0.0
    for slot in gradients.dense:
        part = gradients.buffers[slot.dtype][slot.start : slot.stop]
        np.clip(part, -bound, bound, out=part)
        total += squared_norm(part)
    sparse = []
    for slot, rows in gradients.sparse:
        values = np.clip(rows.values, -bound, bound)
        total += squared_norm(values)
        sparse.append((slot, RowSparse(rows.rows, values, rows.shape)))
    return FlatGradients(gradients.buffers, gradients.dense, tuple(sparse), total)
