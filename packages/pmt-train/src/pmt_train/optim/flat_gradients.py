"""`FlatGradients` and `ParameterSlot`: gradients of a step, and locations in flat memory."""

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
    """Summed gradients of one step. Valid until the next `gather`, which reuses the memory.

    Attributes:
        buffers: flat gradients by dtype, laid out like the parameters; only the parts of the
            slots in `dense` are defined.
        dense: slots with a dense gradient, in order of the memory.
        sparse: slots with a row-sparse gradient, and that gradient, coalesced.
        squared_norm: sum of the squares of all elements.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import Embedding, Linear
        >>> from pmt_train import SGD
        >>> rng = np.random.default_rng(0)
        >>> words, linear = Embedding(1000, 4, rng), Linear(4, 1, rng)
        >>> optimizer = SGD([*words.parameters(), *linear.parameters()], lr=0.1)
        >>> linear(words(np.array([5, 9, 5]))).sum().backward()
        >>> gradients = optimizer.gather()
        >>> [slot.shape for slot in gradients.dense]
        [(4, 1), (1,)]
        >>> [(slot.shape, rows.rows) for slot, rows in gradients.sparse]
        [((1000, 4), array([5, 9]))]
        >>> gradients.not_finite()
        []
    """

    buffers: Mapping[np.dtype[Any], Array]
    dense: tuple[ParameterSlot, ...]
    sparse: tuple[tuple[ParameterSlot, RowSparse], ...]
    squared_norm: float

    def of(self, slot: ParameterSlot) -> Array | RowSparse | None:
        """Return the gradient of one parameter in its shape; None if it was not used."""
        for other, rows in self.sparse:
            if other is slot:
                return rows
        return slot.view_of(self.buffers[slot.dtype]) if slot in self.dense else None

    def not_finite(self) -> list[str]:
        """Return the names of the parameters whose gradient contains inf or nan."""
        parts = [(slot.name, slot.view_of(self.buffers[slot.dtype])) for slot in self.dense]
        parts += [(slot.name, rows.values) for slot, rows in self.sparse]
        return [name for name, part in parts if not np.isfinite(part).all()]


@dataclass(frozen=True, slots=True, eq=False)
class ParameterSlot:
    """The location of one parameter in the flat buffer of its dtype.

    Attributes:
        index: number of the slot.
        name: dotted name in the model.
        start, stop: index of the first element, and after the last one.
        end: start of the next slot; the padding in between stays zero.
        view: the part of the buffer, in the parameter's shape; `parameter.data` is this array.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import Linear
        >>> from pmt_train import FlatParameters
        >>> model = Linear(2, 3, np.random.default_rng(0))
        >>> weight, bias = FlatParameters(model.named_parameters()).slots
        >>> weight.name, weight.start, weight.stop, weight.shape
        ('weight', 0, 6, (2, 3))
        >>> weight.view is model.weight.data
        True
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
        """Return the same part of another flat buffer (gradients, moments), in the same shape."""
        return buffer[self.start : self.stop].reshape(self.shape)


_BLOCK = 1 << 16  # elements; a partial sum in float32 stays exact enough, and in the cache


def squared_norm(array: Array) -> float:
    """Return the sum of the squares of all elements (inf or nan if an element is).

    Blocks are summed by the BLAS in the dtype of the array and added in float64. Elements above
    1e19 overflow a float32 square; such a block is summed again in float64.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        return squared_norm_unchecked(array)


def squared_norm_unchecked(array: Array) -> float:
    """Return `squared_norm`, within a context in which NumPy ignores an overflow."""
    flat = array.reshape(-1)
    if flat.size <= _BLOCK:
        return _squared_norm_of_block(flat)
    blocks = (flat[i : i + _BLOCK] for i in range(0, flat.size, _BLOCK))
    return sum(map(_squared_norm_of_block, blocks))


def _squared_norm_of_block(block: Array) -> float:
    part = float(np.dot(block, block))
    if math.isfinite(part):
        return part
    wide = block.astype(np.float64)
    return float(np.dot(wide, wide))
