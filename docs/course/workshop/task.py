"""What a check is made of: observations of an answer, and the classical wrong answers.

A check calls the answer of a reader and yields what it returned beside the right value, which
comes from an independent source: a plain loop, central differences, a known number. A mutant is
the solution with a part replaced, and the sentence that tells a reader whose answer behaves like
it what is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any, TypeAlias

import numpy as np

TOLERANCE = 1e-6


class WorkshopError(Exception):
    """Something that a reader or an author of tasks has to change; the message says what."""


@dataclass(frozen=True)
class Observation:
    """What an answer returned, and what it should have returned.

    Attributes:
        label: what was looked at; the reader sees it.
        got: the value of the answer: a number, an array, a string, a bool, None, or lists, tuples
            and dictionaries of these.
        right: the right value, of the same kind. Arrays have the same shape.
        tolerance: largest difference of two numbers, relative to `max(1, |right|)`.
    """

    label: str
    got: Any
    right: Any
    tolerance: float = TOLERANCE

    def is_right(self) -> bool:
        """Tell whether the two values agree."""
        return same(self.got, self.right, self.tolerance)


Observations: TypeAlias = Iterator[Observation]


@dataclass(frozen=True, init=False)
class Mutant:
    """A classical wrong answer.

    Attributes:
        message: tells the reader of such an answer what is wrong, in a sentence or two.
        edits: (old, new) replacements in the text of the solution; each old text occurs there
            exactly once.
    """

    message: str
    edits: tuple[tuple[str, str], ...]

    def __init__(
        self,
        message: str,
        old: str = "",
        new: str = "",
        edits: tuple[tuple[str, str], ...] = (),
    ) -> None:
        object.__setattr__(self, "message", message)
        object.__setattr__(self, "edits", edits or ((old, new),))

    def source(self, solution: str) -> str:
        """Return the solution with the replacements made."""
        for old, new in self.edits:
            if not old or solution.count(old) != 1:
                raise WorkshopError(f"{old!r} is {solution.count(old)} times in\n{solution}")
            solution = solution.replace(old, new)
        return solution


@dataclass(frozen=True)
class Check:
    """The check of one task.

    Attributes:
        number: of the task, as on its page: "12.1".
        observe: takes the module with the answers; yields observations, always in the same order.
        mutants: classical wrong answers. No two behave alike.
    """

    number: str
    observe: Callable[[ModuleType], Observations]
    mutants: tuple[Mutant, ...]


def slopes(function: Callable[[np.ndarray], Any], x: np.ndarray, step: float = 1e-6) -> np.ndarray:
    """Return the gradient of a scalar function at `x` by central differences, as an oracle."""
    x = np.array(x, dtype=np.float64)
    gradient = np.empty_like(x)
    for index in np.ndindex(x.shape):
        value = x[index]
        x[index] = value + step
        above = float(function(x))
        x[index] = value - step
        below = float(function(x))
        x[index] = value
        gradient[index] = (above - below) / (2 * step)
    return gradient


def same(got: Any, right: Any, tolerance: float = TOLERANCE) -> bool:
    """Tell whether two values agree: kinds, shapes, and numbers within the tolerance."""
    if isinstance(right, dict):
        return (
            isinstance(got, dict)
            and list(got) == list(right)
            and all(same(got[key], value, tolerance) for key, value in right.items())
        )
    if isinstance(right, list | tuple):
        return (
            isinstance(got, list | tuple)
            and len(got) == len(right)
            and all(same(*pair, tolerance) for pair in zip(got, right))
        )
    if right is None or isinstance(right, str):
        return type(got) is type(right) and bool(got == right)
    return _same_numbers(got, right, tolerance)


def _same_numbers(got: Any, right: Any, tolerance: float) -> bool:
    try:
        got_array, right_array = np.asarray(got), np.asarray(right)
    except ValueError:  # lists of different lengths
        return False
    if got_array.shape != right_array.shape or got_array.dtype.kind not in "biuf":
        return False
    if (got_array.dtype.kind == "b") != (right_array.dtype.kind == "b"):
        return False
    got_array, right_array = got_array.astype(np.float64), right_array.astype(np.float64)
    with np.errstate(invalid="ignore"):
        difference = np.abs(got_array - right_array)
    bound = tolerance * np.maximum(1, np.abs(right_array))
    equal = (got_array == right_array) | (np.isnan(got_array) & np.isnan(right_array))
    return bool(np.all(equal | (np.isfinite(difference) & (difference <= bound))))
