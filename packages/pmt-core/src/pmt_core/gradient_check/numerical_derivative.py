"""The derivative of a projected array function along a line, by numbers alone.

A *line* is a function t -> value (an array) with the point of interest at t = 0; the value is
projected on a fixed cotangent c. Wanted is d/dt sum(c * value(t)) at t = 0.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["USUAL_STEP", "Derivative", "Line", "central", "complex_step", "one_sided", "ridders"]

Line = Callable[[Any], NDArray[Any]]

USUAL_STEP = 1e-5  # about eps^(1/3): truncation and rounding balance
_COMPLEX_STEP = 1e-30  # nothing is subtracted, so it may be as small as one likes


@dataclass(frozen=True, slots=True)
class Derivative:
    """A derivative, and how far rounding (or a failed extrapolation) may have moved it."""

    slope: float
    uncertainty: float

    @property
    def relative_uncertainty(self) -> float:
        """The uncertainty per slope; infinite where there is no derivative at all."""
        if not np.isfinite(self.slope):
            return float("inf")
        return self.uncertainty / max(abs(self.slope), 1e-300)


def central(
    line: Line, cotangent: NDArray[Any], noise: float, step: float = USUAL_STEP
) -> Derivative:
    """The central difference (value(h) - value(-h)) / 2h; truncation error of order h^2.

    noise: by how much rounding may move the projected value.
    """
    return Derivative(_project(line(step), line(-step), cotangent) / (2 * step), noise / step)


def ridders(line: Line, cotangent: NDArray[Any], noise: float) -> Derivative:
    """Central differences of shrinking steps, extrapolated to step 0.

    C. J. F. Ridders, "Accurate computation of F'(x) and F'(x) F''(x)", 1982: a Neville table in
    h^2 whose best entry is the one that differs least from its two parents.
    """
    shrink, step = 1.6, 1e-2
    best = Derivative(float("nan"), float("inf"))
    above: list[float] = []
    for _ in range(14):
        first = central(line, cotangent, noise, step)
        row = [first.slope]
        weight = 1.0
        for parent in above:
            weight *= shrink**2
            entry = row[-1] + (row[-1] - parent) / (weight - 1)
            doubt = max(abs(entry - row[-1]), abs(entry - parent)) + first.uncertainty
            if doubt < best.uncertainty:  # False for nan
                best = Derivative(entry, doubt)
            row.append(entry)
        above = row
        step /= shrink
    return best


def complex_step(line: Line, cotangent: NDArray[Any], noise: float) -> Derivative:
    """Im value(ih) / h, exact to rounding where the function is analytic.

    W. Squire and G. Trapp, "Using complex variables to estimate derivatives of real functions",
    1998.
    """
    change = _project(line(1j * _COMPLEX_STEP).imag, np.zeros(()), cotangent)
    return Derivative(change / _COMPLEX_STEP, noise)


def one_sided(line: Line, cotangent: NDArray[Any]) -> tuple[float, float]:
    """The slopes before and after the point; different ones mean a kink."""
    before, here, after = line(-USUAL_STEP), line(0.0), line(USUAL_STEP)
    return (
        _project(here, before, cotangent) / USUAL_STEP,
        _project(after, here, cotangent) / USUAL_STEP,
    )


def _project(value: NDArray[Any], less: NDArray[Any], cotangent: NDArray[Any]) -> float:
    """sum(cotangent * (value - less)); elements without a cotangent may be infinite.

    The elements are subtracted before they are summed, so that those that do not move leave no
    rounding behind.
    """
    with np.errstate(invalid="ignore"):  # inf - inf: nan, which no gradient equals
        change = np.where(cotangent == 0, 0.0, value - less)
    return float(np.vdot(cotangent, change))
