"""`FlatState`: arrays that an optimizer or a weight average keeps for each parameter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from pmt_autograd import Array
from pmt_core import ArrayType, DataError, check_arrays
from pmt_nn import with_current_names
from pmt_train.optim.flat_gradients import ParameterSlot
from pmt_train.optim.flat_parameters import FlatParameters, aligned_zeros

_COUNT = np.dtype(np.int64)


class FlatState:
    """Named arrays laid out like the parameters, and how far each row of a table is updated.

    Attributes:
        names: name of each array, e.g. ("m", "v").
        buffers: flat arrays by name and dtype, zero at first.
        steps: number of steps done.
        last: for a table with row-sparse gradients, the step of each row's last update (rows,),
            by the index of its slot. Parameters without an entry are updated in every step.
    """

    def __init__(self, flat: FlatParameters, names: Sequence[str]) -> None:
        self.names = tuple(names)
        self.steps = 0
        self.last: dict[int, NDArray[np.int64]] = {}
        self.buffers = {
            name: {dtype: aligned_zeros(b.size, dtype) for dtype, b in flat.buffers.items()}
            for name in self.names
        }
        self._flat = flat

    def view(self, name: str, slot: ParameterSlot) -> Array:
        """Return the array of one parameter, in its shape."""
        return slot.view_of(self.buffers[name][slot.dtype])

    def state_dict(self) -> dict[str, Array]:
        """Return a copy of all arrays by name ("steps", "m.encoder.weight", ...)."""
        state: dict[str, Array] = {"steps": np.asarray(self.steps, np.int64)}
        for slot in self._flat.slots:
            for name in self.names:
                state[f"{name}.{slot.name}"] = self.view(name, slot).copy()
            if slot.index in self.last:
                state[f"last.{slot.name}"] = self.last[slot.index].copy()
        return state

    def load_state_dict(self, state: Mapping[str, Array], class_name: str) -> None:
        """Load what `state_dict` returned, all or nothing; raises the errors of `check`."""
        arrays = self.check(state, class_name)
        self.steps = int(arrays["steps"])
        for slot in self._flat.slots:
            for name in self.names:
                self.view(name, slot)[...] = arrays[f"{name}.{slot.name}"]
        self.last = {
            slot.index: np.array(arrays[f"last.{slot.name}"], np.int64)
            for slot in self._flat.slots
            if f"last.{slot.name}" in arrays
        }

    def check(self, state: Mapping[str, Array], class_name: str) -> dict[str, Array]:
        """Return the arrays to load by their present names.

        Names that parameters had in earlier versions are accepted.

        Raises:
            ShapeError: entries are missing, unexpected or of another shape.
            DtypeError: an array is of another kind.
            DataError: a number is not finite, or a number of steps is impossible.
        """
        slots = self._flat.slots
        expected = {
            f"{name}.{slot.name}": ArrayType(slot.shape, np.dtype(slot.dtype))
            for slot in slots
            for name in self.names
        }
        expected["steps"] = ArrayType((), _COUNT)
        rows = {
            f"last.{slot.name}": ArrayType(slot.shape[:1], _COUNT) for slot in slots if slot.shape
        }
        allowed = expected | rows
        arrays = check_arrays(
            with_current_names(state, allowed),
            allowed,
            class_name,
            optional=rows,
            cure="use the model and the optimizer that it was saved with",
        )
        steps = int(arrays["steps"])
        for name in ("steps", *rows):
            if name in arrays and not _is_within(arrays[name], steps):
                raise DataError(
                    f"{name} of this {class_name} holds a number of steps outside of 0 ... {steps}"
                )
        return arrays


def _is_within(counts: Array, steps: int) -> bool:
    return not counts.size or bool(counts.min() >= 0 and counts.max() <= steps)


def decay_state(state: Sequence[Array], rates: Sequence[float], gaps: NDArray[np.int64]) -> None:
    """Apply the decay of `gaps` (rows,) steps without a gradient to arrays (rows, width).

    rates: factor of a step on each of the arrays; empty if they do not decay.
    """
    if rates and gaps.any():
        for array, rate in zip(state, rates, strict=True):
            array *= np.power(rate, gaps)[:, np.newaxis].astype(array.dtype)
