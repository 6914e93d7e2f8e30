"""`FlatGradients`: the gradients of one step, ready for an optimizer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from pmt_core import RowSparse
from pmt_train.parameter_slot import Array, ParameterSlot


@dataclass(frozen=True, slots=True, eq=False)
class FlatGradients:
    """What `FlatParameters.gather` found. Valid until the next `gather`, which uses its memory.

    Attributes:
        buffers: flat gradients by dtype, laid out as the parameters are; only the places of the
            slots in `dense` mean anything.
        dense: slots with a dense gradient, in order of their place.
        sparse: slots with a row-sparse gradient, and that gradient, coalesced.
        squared_norm: sum of the squares of all elements.
    """

    buffers: Mapping[np.dtype[Any], Array]
    dense: tuple[ParameterSlot, ...]
    sparse: tuple[tuple[ParameterSlot, RowSparse], ...]
    squared_norm: float

    def of(self, slot: ParameterSlot) -> Array | RowSparse | None:
        """The gradient of one parameter in its shape; None where it took no part in the pass."""
        for other, rows in self.sparse:
            if other is slot:
                return rows
        return slot.view_of(self.buffers[slot.dtype]) if slot in self.dense else None

    def not_finite(self) -> list[str]:
        """Names of the parameters whose gradient holds an inf or nan."""
        bad = [
            slot.name
            for slot in self.dense
            if not np.isfinite(self.buffers[slot.dtype][slot.start : slot.stop]).all()
        ]
        return bad + [slot.name for slot, rows in self.sparse if not np.isfinite(rows.values).all()]
