"""How many floating-point operations the forward pass of an operation takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

Counter = Callable[..., int]
C = TypeVar("C", bound=Counter)

_COUNTERS: dict[str, Counter] = {}


def counts_flops(operation: Callable[..., Any]) -> Callable[[C], C]:
    """Tell the profiler how many operations a primitive takes.

        @counts_flops(matmul)
        def _(value, a, b, **settings):
            return 2 * value.size * a.shape[-1]

    The function gets the value, the inputs and the settings of a call, and returns a number.
    """

    def decorate(counter: C) -> C:
        _COUNTERS[operation.__name__] = counter
        return counter

    return decorate


def flops_of(name: str, value: Any, arrays: tuple[Any, ...], settings: dict[str, Any]) -> int:
    """Operations of one call: as its counter says, else one for each element of the value."""
    counter = _COUNTERS.get(name)
    if counter is not None:
        return int(counter(value, *arrays, **settings))
    return sum(np.size(part) for part in (value if isinstance(value, tuple) else (value,)))
