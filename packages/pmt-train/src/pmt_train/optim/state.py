"""`FlatState`: arrays that an optimizer or a weight average keeps for each parameter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from pmt_autograd import Array
from pmt_core import ShapeError
from pmt_nn import with_current_names
from pmt_train.optim.flat_gradients import ParameterSlot
from pmt_train.optim.flat_parameters import FlatParameters, aligned_zeros


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
        """Load what `state_dict` returned, all or nothing.

        Names that parameters had in earlier versions are accepted. Raises ShapeError with every
        missing, unexpected and misshaped entry.
        """
        slots = self._flat.slots
        rows = {f"last.{slot.name}": slot for slot in slots if slot.shape}
        arrays = {f"{name}.{slot.name}": slot.shape for slot in slots for name in self.names}
        expected: dict[str, tuple[int, ...]] = {"steps": (), **arrays}
        allowed = expected | {name: slot.shape[:1] for name, slot in rows.items()}
        state = with_current_names(state, allowed)
        problems = [f"missing {name}" for name in expected if name not in state]
        problems += [f"unexpected {name}" for name in state if name not in allowed]
        problems += [
            f"{name}: expected shape {allowed[name]}, got {array.shape}"
            for name, array in state.items()
            if name in allowed and array.shape != allowed[name]
        ]
        if problems:
            raise ShapeError(
                f"the state does not fit this {class_name}: {'; '.join(problems)}; "
                "use the model and the optimizer that it was saved with"
            )
        self._load(state, rows)

    def _load(self, state: Mapping[str, Array], rows: Mapping[str, ParameterSlot]) -> None:
        self.steps = int(state["steps"])
        for slot in self._flat.slots:
            for name in self.names:
                self.view(name, slot)[...] = state[f"{name}.{slot.name}"]
        self.last = {s.index: np.array(state[k], np.int64) for k, s in rows.items() if k in state}
