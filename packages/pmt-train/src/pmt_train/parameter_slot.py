"""`ParameterSlot`: where one parameter stands in the flat memory of its model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pmt_nn import Parameter

Array = NDArray[Any]
"""An array of any dtype."""


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
