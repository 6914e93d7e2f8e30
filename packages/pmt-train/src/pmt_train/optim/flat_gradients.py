"""`FlatGradients`: the gradients of one step, ready for an optimizer.

`ParameterSlot`: where one parameter stands in the flat memory of its model.

The sum of squares of a long array.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from pmt_autograd import Array
from pmt_core import RowSparse
from pmt_nn import Parameter


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


@dataclass(frozen=True, slots=True, eq=False)
class ParameterSlot:
    """One parameter's place in the flat buffer of its dtype.

    Attributes:
        index: its number among the slots of the model.
        name: dotted name in the model.
        parameter: the parameter itself.
        start, stop: first element, and the one after the last.
        end: where the next slot starts; the few elements between are zero for ever.
        view: the part of the buffer, in the parameter's shape; `parameter.data` is this array.
    """

    index: int
    name: str
    parameter: Parameter
    start: int
    stop: int
    end: int
    view: Array

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the elements."""
        return self.view.dtype

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the parameter."""
        return self.view.shape

    @property
    def size(self) -> int:
        """Number of elements."""
        return self.stop - self.start

    def view_of(self, buffer: Array) -> Array:
        """The same place in another flat buffer (gradients, moments), in the parameter's shape."""
        return buffer[self.start : self.stop].reshape(self.shape)


_BLOCK = 1 << 16  # elements; a partial sum in float32 stays exact enough, and in the cache


def squared_norm(array: Array) -> float:
    """Sum of the squares of all elements, as a Python float (inf or nan where one is).

    Blocks are summed by the BLAS in the array's dtype and added up in float64. Elements above
    1e19 overflow a float32 square; then it is done again in float64.
    """
    flat = array.reshape(-1)
    with np.errstate(over="ignore", invalid="ignore"):
        return sum(_of_block(flat[i : i + _BLOCK]) for i in range(0, flat.size, _BLOCK))


def _of_block(block: Array) -> float:
    part = float(np.dot(block, block))
    if math.isfinite(part):
        return part
    wide = block.astype(np.float64)
    return float(np.dot(wide, wide))
