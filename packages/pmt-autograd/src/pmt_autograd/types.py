"""The types that operations are written in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from numpy.typing import NDArray

from pmt_core import RowSparse

Array = NDArray[Any]
"""An array of any dtype."""

Gradient = Array | RowSparse
"""Gradient by one input: of its shape, dense or by rows."""

Gradients = tuple[Gradient | None, ...]
"""Gradients by the positional inputs; None for an input that has none."""

Backward = Callable[[Array], Gradient | Gradients]
"""Gradient by the value -> gradient by the input, or by each of several inputs."""

Result = tuple[Array, Backward]
"""What an operation's function returns: its value and its backward."""

NeedsGrad = Sequence[bool]
"""Per positional input, whether its gradient will be used."""
