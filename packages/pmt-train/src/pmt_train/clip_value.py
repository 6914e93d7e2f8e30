"""Clipping of gradients element by element."""

from __future__ import annotations

import numpy as np

from pmt_core import RowSparse, SettingsError
from pmt_train.flat_gradients import FlatGradients
from pmt_train.squared_norm import squared_norm


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
