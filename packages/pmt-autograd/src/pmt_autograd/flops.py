"""Floating-point operations in the forward pass of each primitive."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from pmt_autograd.registry import REGISTRY

C = TypeVar("C", bound=Callable[..., int])


def counts_flops(*operations: Callable[..., Any]) -> Callable[[C], C]:
    """Register the FLOP counter of one or several primitives.

        @counts_flops(matmul)
        def _(value, a, b, **settings):
            return 2 * value.size * a.shape[-1]

    The counter receives the value, the input arrays and the settings of a call (`needs_grad`
    among them, so accept `**settings`) and returns a number. A multiplication and its addition
    count as two.
    """

    def decorate(counter: C) -> C:
        for operation in operations:
            REGISTRY[operation.__name__].count_flops = counter
        return counter

    return decorate


def no_flops(*operations: Callable[..., Any]) -> None:
    """Register primitives that only move or view numbers: 0 FLOPs a call."""
    counts_flops(*operations)(lambda value, *arrays, **settings: 0)


def flops_of(name: str, value: Any, arrays: tuple[Any, ...], settings: dict[str, Any]) -> int:
    """Return the FLOPs of one call of a primitive.

    A primitive with a counter (see `counts_flops`) is counted by it. For any other the estimate is
    one operation per element that it reads or returns, whichever are more.

    Args:
        name: name of the primitive.
        value: the array it returned, or a tuple of several.
        arrays: its positional inputs.
        settings: its keyword arguments.
    """
    entry = REGISTRY.get(name)
    if entry is not None and entry.count_flops is not None:
        return int(entry.count_flops(value, *arrays, **settings))
    returned = sum(np.size(part) for part in (value if isinstance(value, tuple) else (value,)))
    read = [x.size for x in arrays if isinstance(x, np.ndarray) and x.dtype.kind == "f"]
    return max([returned, *read])
