"""A deliberate difference from torch: a row of a table, with an example that both sides run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from pmt_autograd import Tensor

INF, NAN = np.inf, np.nan


@dataclass(frozen=True)
class Configuration:
    """The inputs, the settings and the gradients of the outputs."""

    arrays: list[Any]
    settings: dict[str, Any]
    cotangents: list[Any]


def nowhere(name: str, x: Configuration) -> Any:
    """Return that no element of a configuration differs."""
    return False


@dataclass(frozen=True)
class Difference:
    """A row of the table.

    Attributes:
        function, input, pmt, torch, reason: the cells of the row; `pmt` and `torch` are what the
            example gives, see `shown`.
        ours, theirs: run the example; given the public names of all packages, and torch.
        comparisons: the names of the comparisons that meet this difference, the first in any case
            unless it is rare.
        elements: (name of an array, configuration) -> which of its elements differ, in an array
            that broadcasts; the name is "output 0", "gradient 1", ..., or "error".
    """

    function: str
    input: str
    pmt: str
    torch: str
    reason: str
    ours: Callable[[Any], Any]
    theirs: Callable[[Any], Any]
    comparisons: tuple[str, ...] = ()
    elements: Callable[[str, Configuration], Any] = nowhere
    rare: bool = False

    @property
    def row(self) -> str:
        cells = (self.function, self.input, self.pmt, self.torch, self.reason)
        return f"| {' | '.join(cells)} |"


def shown(run: Callable[[], Any]) -> str:
    """Return the result of an example as text: numbers, a shape, or the type of an error."""
    try:
        result = run()
    except Exception as error:
        return type(error).__name__
    if isinstance(result, tuple):
        return f"shape {tuple(result)}"
    array = np.asarray(result.data if isinstance(result, Tensor) else result, np.float64) + 0.0
    if array.ndim == 0:
        return f"{array:.4g}"
    return np.array2string(array, separator=", ", formatter={"float_kind": "{:.4g}".format})


def gradient(function: Callable[..., Tensor], x: Any, seed: Any = None) -> Any:
    """Return the gradient of a function of one tensor, with a cotangent of ones."""
    leaf = Tensor(_floating(x), requires_grad=True)
    with np.errstate(all="ignore"):
        y = function(leaf)
        y.backward(np.ones(y.shape) if seed is None else seed)
    return leaf.grad


def torch_gradient(torch: Any, function: Callable[..., Any], x: Any, seed: Any = None) -> Any:
    """Return torch's gradient of a function of one tensor, with a cotangent of ones."""
    leaf = torch.from_numpy(_floating(x)).requires_grad_()
    y = function(leaf)
    y.backward(torch.ones_like(y) if seed is None else torch.full_like(y, np.max(seed)))
    return leaf.grad.numpy()


def _floating(numbers: Any) -> Any:
    """Return an array that keeps float32 and float64, and else is float64."""
    return np.array(numbers, getattr(numbers, "dtype", np.float64))


def row(numbers: list[float]) -> Tensor:
    """Return a tensor of float64 numbers."""
    return Tensor(np.array(numbers, np.float64))


def clipped(m: Any, numbers: list[float], limit: float) -> Any:
    """Return a gradient after clipping by its norm."""
    parameter = m.Parameter(np.zeros(len(numbers)))
    parameter.grad = np.array(numbers, np.float64)
    m.clip_grad_norm([parameter], limit)
    return parameter.grad


def torch_clipped(torch: Any, numbers: list[float], limit: float) -> Any:
    """Return a gradient after torch's clipping by its norm."""
    parameter = torch.nn.Parameter(torch.zeros(len(numbers), dtype=torch.float64))
    parameter.grad = torch.tensor(numbers, dtype=torch.float64)
    torch.nn.utils.clip_grad_norm_([parameter], limit)
    return parameter.grad
