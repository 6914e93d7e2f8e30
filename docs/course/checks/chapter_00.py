"""Checks of the tasks of chapter 0: numbers and slopes."""

from __future__ import annotations

from types import ModuleType

import numpy as np

from docs.course.workshop.task import Check, Mutant, Observation, Observations


def _slope(mine: ModuleType) -> Observations:
    yield Observation("the slope of x² at 3", mine.slope(lambda x: x * x, 3.0), 6.0)
    yield Observation("the slope of sin at 1", mine.slope(np.sin, 1.0), np.cos(1.0), 1e-8)
    wide = mine.slope(lambda x: x**3, 1.0, h=0.1)
    yield Observation("the slope of x³ at 1 with h = 0.1", wide, 3.01)


CHECKS = (
    Check(
        "0.1",
        _slope,
        mutants=(
            Mutant("The two points are 2h apart.", old="(2 * h)", new="h"),
            Mutant(
                "One-sided: the error shrinks only with h.",
                old="f(x - h)) / (2 * h)",
                new="f(x)) / h",
            ),
            Mutant(
                "The sign is wrong: right minus left.",
                old="f(x + h) - f(x - h)",
                new="f(x - h) - f(x + h)",
            ),
            Mutant("Both points are on the same side.", old="f(x - h)", new="f(x + h)"),
            Mutant(
                "That is the mean of the two values.",
                old="(f(x + h) - f(x - h)) / (2 * h)",
                new="(f(x + h) + f(x - h)) / 2",
            ),
        ),
    ),
)
