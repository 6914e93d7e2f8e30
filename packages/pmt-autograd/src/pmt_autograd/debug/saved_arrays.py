"""The arrays that a backward saves in its closure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import FunctionType
from typing import Any

import numpy as np

from pmt_autograd.types import Array


def saved_arrays(backward: Callable[..., Any]) -> Iterator[tuple[str, Array]]:
    """Yield (name, array) for every array in a closure, also in its functions, lists and dicts."""
    seen: set[int] = set()
    waiting: list[tuple[str, Any]] = [("", backward)]
    while waiting:
        name, item = waiting.pop()
        if id(item) in seen:
            continue
        seen.add(id(item))
        if isinstance(item, np.ndarray):
            yield name, item
        elif isinstance(item, FunctionType):
            waiting.extend(_closure(item))
        elif isinstance(item, (list, tuple)):
            waiting.extend((name, part) for part in item)
        elif isinstance(item, dict):
            waiting.extend((f"{name}[{key!r}]", part) for key, part in item.items())


def _closure(function: FunctionType) -> Iterator[tuple[str, Any]]:
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            yield name, cell.cell_contents
        except ValueError:  # a variable that was never set
            continue


def base_of(array: Array) -> Array:
    """Return the array that owns the memory of a view."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array
