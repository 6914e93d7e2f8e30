"""Numerical derivatives along a line: central differences, Ridders' method, the complex step.

A *line* is a function t -> value (an array); the point of interest is at t = 0. The functions
return d/dt sum(c * value(t)) at t = 0 for a fixed cotangent c.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pmt_core.gradient_check.checked_function import CheckedFunction

Line = Callable[[Any], NDArray[Any]]

USUAL_STEP = 1e-5  # about eps^(1/3): truncation and rounding balance
_COMPLEX_STEP = 1e-30  # nothing is subtracted, so there is no cancellation


@dataclass(frozen=True, slots=True)
class Derivative:
    """A derivative, and the error that rounding or extrapolation may have caused."""

    slope: float
    uncertainty: float

    @property
    def relative_uncertainty(self) -> float:
        """The uncertainty relative to the slope; infinite if there is no derivative."""
        if not np.isfinite(self.slope):
            return float("inf")
        return self.uncertainty / max(abs(self.slope), 1e-300)


def central(
    line: Line, cotangent: NDArray[Any], noise: float, step: float = USUAL_STEP
) -> Derivative:
    """Return the central difference (value(h) - value(-h)) / 2h; its error is of order h^2.

    noise: bound of the rounding error of the projected value.
    """
    return Derivative(_project(line(step), line(-step), cotangent) / (2 * step), noise / step)


def ridders(line: Line, cotangent: NDArray[Any], noise: float) -> Derivative:
    """Return central differences of decreasing steps, extrapolated to step 0.

    C. J. F. Ridders, "Accurate computation of F'(x) and F'(x) F''(x)", 1982: the entry of a
    Neville table in h^2 that differs least from its two parents.
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
            uncertainty = max(abs(entry - row[-1]), abs(entry - parent)) + first.uncertainty
            if uncertainty < best.uncertainty:  # False for nan
                best = Derivative(entry, uncertainty)
            row.append(entry)
        above = row
        step /= shrink
    return best


def complex_step(line: Line, cotangent: NDArray[Any], noise: float) -> Derivative:
    """Return Im value(ih) / h, exact to rounding if the function is analytic.

    W. Squire and G. Trapp, "Using complex variables to estimate derivatives of real functions",
    1998.
    """
    change = _project(line(1j * _COMPLEX_STEP).imag, np.zeros(()), cotangent)
    return Derivative(change / _COMPLEX_STEP, noise)


def one_sided(line: Line, cotangent: NDArray[Any]) -> tuple[float, float]:
    """Return the slopes before and after the point; they differ at a kink."""
    before, center, after = line(-USUAL_STEP), line(0.0), line(USUAL_STEP)
    return (
        _project(center, before, cotangent) / USUAL_STEP,
        _project(after, center, cotangent) / USUAL_STEP,
    )


def _project(value: NDArray[Any], less: NDArray[Any], cotangent: NDArray[Any]) -> float:
    """Return sum(cotangent * (value - less)); elements with a cotangent of 0 may be infinite.

    Subtracts before it sums, so that elements that do not change cause no rounding error.
    """
    with np.errstate(invalid="ignore"):  # inf - inf is nan, which no gradient equals
        change = np.where(cotangent == 0, 0.0, value - less)
    return float(np.vdot(cotangent, change))


class InputLine:
    """A line through the point: some coordinates of one input vary, each with its scale."""

    def __init__(
        self,
        function: CheckedFunction,
        index: int,
        where: NDArray[np.intp],
        direction: NDArray[Any],
        smallest_scale: float = 0.1,
    ):
        self.function, self.index = function, index
        self.where, self.direction = where, direction  # (n,) positions in the flattened input; (n,)
        self.point = function.points[index].reshape(-1)
        self.scale = np.maximum(np.abs(self.point[where]), smallest_scale)
        self.scale[self.scale == 0] = 0.1

    @property
    def step(self) -> float:
        """Change of the first coordinate per unit of t."""
        return float(self.direction[0] * self.scale[0])

    def __call__(self, t: complex) -> NDArray[Any]:
        """Return the value at t; makes the object a `Line`."""
        moved = self.point.astype(np.result_type(self.point, t))
        moved[self.where] += t * self.direction * self.scale
        shape = self.function.points[self.index].shape
        points = {**self.function.points, self.index: moved.reshape(shape)}
        with np.errstate(all="ignore"):  # a step may leave the domain; smaller ones follow
            return self.function.call(points)[0]

    def along(self, grad: NDArray[Any]) -> tuple[float, float]:
        """Return the slope of a gradient along the line, and the typical size of its terms.

        Errors are compared with a typical term, not with the sum, so that one wrong coordinate
        among many is detected.
        """
        terms = grad.reshape(-1)[self.where] * self.direction * self.scale
        return float(terms.sum()), float(np.linalg.norm(terms)) / len(terms) ** 0.5

    def part(self, which: slice) -> InputLine:
        """Return the same line with fewer coordinates."""
        return InputLine(self.function, self.index, self.where[which], self.direction[which])

    def closer(self) -> InputLine:
        """Return the same line with a scale at which small numbers keep their sign."""
        return InputLine(self.function, self.index, self.where, self.direction, 0.0)
