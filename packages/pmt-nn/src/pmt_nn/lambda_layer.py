"""Any function of tensors as a module."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pmt_nn.module import Module


class Lambda(Module):
    """Calls a function that has no parameters of its own; the tape finds its gradient.

    Lambda(lambda x: x * x)
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function

    def forward(self, *inputs: Any, **settings: Any) -> Any:
        """Whatever the function takes and gives."""
        return self.function(*inputs, **settings)
