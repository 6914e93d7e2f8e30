"""The types of an operation's function: arrays, gradients, backward functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from numpy.typing import NDArray

from pmt_core import RowSparse

Array = NDArray[Any]
"""An array of any dtype."""

Axis = int | tuple[int, ...] | None
"""One axis, several axes, or all of them (None)."""

Gradient = Array | RowSparse
"""The gradient with respect to one input: dense, or only some rows of it."""

Gradients = tuple[Gradient | None, ...]
"""The gradients with respect to the positional inputs; None for an input without one."""

Backward = Callable[[Array], Gradient | Gradients]
"""Function from the gradient of the value to the gradient of the input, or of several inputs."""

Result = tuple[Array, Backward]
"""What an operation's function returns: its value and its backward."""

NeedsGrad = Sequence[bool]
"""For each positional input, whether its gradient will be used."""
