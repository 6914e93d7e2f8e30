"""`LayerProbe`: sizes of weights, gradients and updates per layer, and of the activations."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from pmt_autograd import Array
from pmt_nn import ActivationCounts, activation_statistics
from pmt_train.optim.flat_gradients import FlatGradients, ParameterSlot, squared_norm
from pmt_train.trainer.shards import Loss
from pmt_train.trainer.trainer import Trainer

_DIGITS = 4  # significant ones that are written


class LayerProbe:
    """Looks at one step of a `Trainer` when it is armed; its `StepHook`.

    A layer is a module with parameters of its own; its size is the norm over all of them. The
    update is the difference of the weights before and after the step, so it contains learning
    rate, moments and weight decay. For it, the weights are copied once.

    Args:
        trainer: whose steps are looked at.

    Attributes:
        armed: whether the next step is looked at.
        seconds: time that looking at the last step took.
    """

    def __init__(self, trainer: Trainer[Any, Any]) -> None:
        self.armed = False
        self.seconds = 0.0
        self._trainer = trainer
        self._layers: dict[str, list[ParameterSlot]] = {}
        slots = {slot.name: slot for slot in trainer.flat.slots}
        for name, _ in trainer.model.named_parameters():
            if name in slots:  # it is trained
                self._layers.setdefault(name.rpartition(".")[0] or name, []).append(slots[name])
        self._before: dict[np.dtype[Any], Array] = {}
        self._gradients: dict[int, float] | None = None  # norm by index of the slot
        self._sparse: frozenset[int] = frozenset()
        self._activations = ActivationCounts()
        self._lock = threading.Lock()

    def loss(self, loss: Loss[Any, Any]) -> Loss[Any, Any]:
        """Copy the weights, and count the activations of the passes of this step."""
        if not self.armed:
            return loss
        self.seconds = 0.0
        with self._timed():
            self._activations, self._gradients = ActivationCounts(), None
            for dtype, buffer in self._trainer.flat.buffers.items():
                if dtype not in self._before:
                    self._before[dtype] = np.empty_like(buffer)
                np.copyto(self._before[dtype], buffer)

        def counted(model: Any, batch: Any, rng: np.random.Generator) -> Any:
            with activation_statistics(model) as counts:
                result = loss(model, batch, rng)
            with self._lock:
                for name, part in counts.items():
                    self._activations.add(name, part)
                self._activations.seconds = max(self._activations.seconds, counts.seconds)
            return result

        return counted

    def gradients(self, gradients: FlatGradients, scale: float) -> None:
        """Compute the norms of the gradients of this step."""
        if not self.armed:
            return
        with self._timed():
            norms = {
                slot.index: squared_norm(slot.view_of(gradients.buffers[slot.dtype]))
                for slot in gradients.dense
            }
            norms |= {slot.index: squared_norm(rows.values) for slot, rows in gradients.sparse}
            self._gradients = {i: scale * math.sqrt(square) for i, square in norms.items()}
            self._sparse |= {slot.index for slot, _ in gradients.sparse}

    def layers(self) -> list[dict[str, Any]]:
        """Return name, number of elements and kind of each layer, in order of the model.

        kind: "table" if a gradient was row-sparse, "matrix" if it has a matrix, else "vector".
        """
        return [
            {"name": name, "size": sum(slot.size for slot in slots), "kind": self._kind(slots)}
            for name, slots in self._layers.items()
        ]

    def measured(self) -> dict[str, Any] | None:
        """Return the numbers of the step that was looked at, by name; None if it learned nothing.

        "weight", "gradient" and "update": norms in the order of `layers`; "activations": the dead
        and the saturated fraction by name. The probe is not armed any more.
        """
        if not self.armed:
            return None
        self.armed = False
        norms = self._gradients
        self.seconds += self._activations.seconds
        if norms is None:
            return None
        with self._timed():
            for dtype, buffer in self._trainer.flat.buffers.items():
                np.subtract(buffer, self._before[dtype], out=self._before[dtype])
            gradient = [
                math.hypot(*(norms.get(slot.index, 0.0) for slot in slots))
                for slots in self._layers.values()
            ]
            return {
                "weight": [_rounded(norm) for norm in self._norms(self._trainer.flat.buffers)],
                "gradient": [_rounded(norm) for norm in gradient],
                "update": [_rounded(norm) for norm in self._norms(self._before)],
                "activations": {
                    name: [round(counts.dead_fraction, 4), round(counts.saturated_fraction, 4)]
                    for name, counts in self._activations.items()
                },
            }

    def _kind(self, slots: list[ParameterSlot]) -> str:
        if any(slot.index in self._sparse for slot in slots):
            return "table"
        return "matrix" if any(len(slot.shape) > 1 for slot in slots) else "vector"

    def _norms(self, buffers: dict[np.dtype[Any], Array]) -> list[float]:
        return [
            math.sqrt(sum(squared_norm(slot.view_of(buffers[slot.dtype])) for slot in slots))
            for slots in self._layers.values()
        ]

    @contextmanager
    def _timed(self) -> Iterator[None]:
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds += time.perf_counter() - start


def _rounded(value: float) -> float | None:
    """Return the number with few digits; None, JSON's null, if it is not finite."""
    return float(f"{value:.{_DIGITS}g}") if math.isfinite(value) else None
