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

__all__ = ["Derivative", "Line", "central", "complex_step", "one_sided", "ridders"]

Line = Callable[[Any], NDArray[Any]]

_EPS = float(np.finfo(np.float64).eps)
# Rounding errors of a function's value, in units of eps * value: a few dozen operations' worth.
_ROUNDINGS = 32.0
_STEP = 1e-5  # about eps^(1/3): truncation and rounding balance
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


def central(line: Line, cotangent: NDArray[Any], step: float = _STEP) -> Derivative:
    """The central difference (value(h) - value(-h)) / 2h; truncation error of order h^2."""
    up = line(step)
    change = _used(up - line(-step), cotangent)
    moved = np.where(change == 0, 0.0, _used(up, cotangent))
    rounding = _ROUNDINGS * _EPS * _norm(cotangent * moved) / step
    return Derivative(float(np.vdot(cotangent, change)) / (2 * step), rounding)


def ridders(line: Line, cotangent: NDArray[Any]) -> Derivative:
    """Central differences of shrinking steps, extrapolated to step 0.

    C. J. F. Ridders, "Accurate computation of F'(x) and F'(x) F''(x)", 1982: a Neville table in
    h^2 whose best entry is the one that differs least from its two parents.
    """
    shrink, step = 1.6, 1e-2
    best = Derivative(float("nan"), float("inf"))
    above: list[float] = []
    for _ in range(14):
        first = central(line, cotangent, step)
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


def complex_step(line: Line, cotangent: NDArray[Any]) -> Derivative:
    """Im value(ih) / h, exact to rounding where the function is analytic.

    W. Squire and G. Trapp, "Using complex variables to estimate derivatives of real functions",
    1998.
    """
    change = _used(line(1j * _COMPLEX_STEP).imag / _COMPLEX_STEP, cotangent)
    return Derivative(
        float(np.vdot(cotangent, change)), _ROUNDINGS * _EPS * _norm(cotangent * change)
    )


def one_sided(line: Line, cotangent: NDArray[Any]) -> tuple[float, float]:
    """The slopes before and after the point; different ones mean a kink."""
    here = line(0.0)
    before = _used(here - line(-_STEP), cotangent)
    after = _used(line(_STEP) - here, cotangent)
    return (
        float(np.vdot(cotangent, before)) / _STEP,
        float(np.vdot(cotangent, after)) / _STEP,
    )


def _used(change: NDArray[Any], cotangent: NDArray[Any]) -> NDArray[Any]:
    """0 where the cotangent is 0: there the value itself may be infinite."""
    return np.where(cotangent == 0, 0.0, change)


def _norm(array: NDArray[Any]) -> float:
    return float(np.linalg.norm(array.reshape(-1)))
