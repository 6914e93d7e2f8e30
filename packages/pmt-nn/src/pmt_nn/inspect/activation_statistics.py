"""Count the dead units and the saturated values of the activations of a forward pass."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pmt_autograd import Array, operation_hook
from pmt_core import SettingsError, as_rows
from pmt_nn.module.hooks import module_hook
from pmt_nn.module.module import Module
from pmt_nn.transformer.feed_forward import ACTIVATION_BLOCKS, feed_forward

_NEAR_ZERO = 0.01
_NEAR_BOUND = 0.01
_RECTIFIERS = {"relu": 0.0, "gelu": _NEAR_ZERO, "gelu_exact": _NEAR_ZERO, "silu": _NEAR_ZERO}
"""Activations that are (nearly) 0 for negative inputs -> largest magnitude that counts as 0."""
_BOUNDED = {"tanh": (-1.0, 1.0), "sigmoid": (0.0, 1.0)}
"""Activations with two bounds, at which their slope is 0."""
_SCANS = ("rnn_scan", "lstm_scan", "gru_scan")  # their outputs are within (-1, 1), as those of tanh


@dataclass(frozen=True, slots=True)
class ActivationStatistics:
    """Counts of one activation of a model.

    Attributes:
        function: name of the activation, e.g. "relu".
        active: for each unit, whether its output was not 0 in some row (units,). All True for a
            function that has no range of zeros.
        values: number of values that were looked at.
        saturated: how many of them were within 0.01 of a bound of the function (tanh, sigmoid).

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import ActivationStatistics
        >>> counts = ActivationStatistics("relu", np.array([True, False]), 64, 0)
        >>> counts.dead_fraction, counts.saturated_fraction
        (0.5, 0.0)
    """

    function: str
    active: NDArray[np.bool_]
    values: int
    saturated: int

    @property
    def dead_fraction(self) -> float:
        """Fraction of the units whose output was 0 in all rows; 0 if there are none."""
        return float(1 - self.active.mean()) if self.active.size else 0.0

    @property
    def saturated_fraction(self) -> float:
        """Fraction of the values at a bound of the function, where the gradient vanishes."""
        return self.saturated / self.values if self.values else 0.0

    def merged(self, other: ActivationStatistics) -> ActivationStatistics:
        """Return the counts of both passes; a unit is dead if it is in both."""
        return ActivationStatistics(
            self.function,
            self.active | other.active,
            self.values + other.values,
            self.saturated + other.saturated,
        )


class ActivationCounts(dict[str, ActivationStatistics]):
    """The counts by name of the module and of the function, e.g. "layers.0.relu".

    Attributes:
        seconds: time that the counting took.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import ActivationCounts, ActivationStatistics
        >>> counts = ActivationCounts()
        >>> for active in ([True, False], [False, False]):
        ...     counts.add("relu", ActivationStatistics("relu", np.array(active), 8, 0))
        >>> counts["relu"].active.tolist(), counts["relu"].values
        ([True, False], 16)
    """

    seconds: float = 0.0

    def add(self, name: str, counts: ActivationStatistics) -> None:
        """Add the counts of a call; those of an earlier call with as many units are merged."""
        before = self.get(name)
        if before is not None and before.active.size != counts.active.size:
            name = f"{name} ({counts.active.size} units)"
            before = self.get(name)
        self[name] = counts if before is None else before.merged(counts)


@contextmanager
def activation_statistics(model: Module, *, rows: int = 256) -> Iterator[ActivationCounts]:
    """Count dead and saturated activations of the calling thread's passes through `model`.

    A unit is dead if its output is 0 in every row, so that no gradient passes it: exactly 0 for
    relu, within 0.01 of 0 for gelu and silu. A value is saturated if it is within 0.01 of a bound
    of tanh or sigmoid; the states of recurrent networks count as tanh. Nothing is stored on the
    modules, and the results of the model do not change.

    Args:
        model: its modules give the names.
        rows: number of rows (examples, tokens, pixels) of each activation that are looked at,
            spread over all of them.

    Raises:
        SettingsError: if rows is below 1.

    Examples:
        >>> import numpy as np
        >>> from pmt_autograd import Tensor
        >>> from pmt_nn import ReLU, Sequential, activation_statistics
        >>> model = Sequential(ReLU())
        >>> with activation_statistics(model) as counts:
        ...     output = model(Tensor(np.array([[1.0, -2.0], [-3.0, -4.0]])))
        >>> counts["parts.0.relu"].dead_fraction
        0.5
    """
    if rows < 1:
        raise SettingsError(f"expected 1 or more rows, got {rows}")
    state = _Counting(model, rows)
    with module_hook(state.call), operation_hook(state.operation):
        yield state.counts


class _Counting:
    """The counts so far, and the modules that are running."""

    def __init__(self, model: Module, rows: int) -> None:
        self.counts = ActivationCounts()
        self._names = {id(module): name for name, module in model.named_modules()}
        self._rows = rows
        self._running: list[str] = []

    def call(self, module: Module, run: Callable[[], Any]) -> Any:
        """Keep the name of the module while it runs; a `ModuleHook`."""
        self._running.append(self._names.get(id(module), ""))
        try:
            return run()
        finally:
            self._running.pop()

    def operation(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Count the output of an activation; an `OperationHook`."""
        if name == feed_forward.__name__:
            return self._counted_hidden(function)
        if name not in _RECTIFIERS and name not in _BOUNDED and name not in _SCANS:
            return function

        def run(*arrays: Any, **settings: Any) -> Any:
            value, backward = function(*arrays, **settings)
            start = time.perf_counter()
            output = value[0] if isinstance(value, tuple) else value
            if name == "lstm_scan":  # states and cells (b, t, 2n); cells have no bounds
                output = output[..., : output.shape[-1] // 2]
            if output.ndim == 4:  # (b, channels, height, width)
                output = np.moveaxis(output, 1, -1)
            if output.ndim:
                self._add(name, _spread(as_rows(output), self._rows))
            self.counts.seconds += time.perf_counter() - start
            return value, backward

        return run

    def _counted_hidden(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Count the hidden layer of the fused network, which computes it anew for some rows."""

        def run(x: Array, weight1: Array, bias1: Array | None, *rest: Any, **settings: Any) -> Any:
            start = time.perf_counter()
            hidden = _spread(as_rows(x), self._rows) @ weight1
            if bias1 is not None:
                hidden += bias1
            name = settings.get("activation", "gelu")
            ACTIVATION_BLOCKS[name](hidden, None)
            self._add(name, hidden)
            self.counts.seconds += time.perf_counter() - start
            return function(x, weight1, bias1, *rest, **settings)

        return run

    def _add(self, function: str, rows: Array) -> None:
        """Add the counts of an activation (rows, units)."""
        n, units = rows.shape
        active: NDArray[np.bool_] = np.ones(units, np.bool_)
        saturated = 0
        if n and function in _RECTIFIERS:
            active = np.any(np.abs(rows) > _RECTIFIERS[function], axis=0)
        elif n:
            low, high = _BOUNDED.get(function, _BOUNDED["tanh"])
            near = (rows < low + _NEAR_BOUND) | (rows > high - _NEAR_BOUND)
            saturated = int(np.count_nonzero(near))
        module = next((name for name in reversed(self._running) if name), "")
        self.counts.add(
            f"{module}.{function}" if module else function,
            ActivationStatistics(function, active, rows.size, saturated),
        )


def _spread(rows: Array, most: int) -> Array:
    """Return up to `most` rows, at equal distances."""
    return rows[:: math.ceil(len(rows) / most)] if len(rows) > most else rows
