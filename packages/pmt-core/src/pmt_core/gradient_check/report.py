"""What a gradient check found."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["GradientReport", "InputReport"]


@dataclass(frozen=True, slots=True)
class InputReport:
    """What was found for one input.

    index: its position. error: the worst error of its float64 gradient along all coordinates and
    directions tried, relative to the typical element of the gradient there.
    float32_error: the worst error of its float32 gradient, relative to the gradient's largest
    element; None where float32 was not checked. coordinates, directions: how many were tried;
    unchecked: how many coordinates were left out (kinks, infinite values).
    """

    index: int
    shape: tuple[int, ...]
    error: float
    float32_error: float | None
    coordinates: int
    directions: int
    unchecked: int


@dataclass(frozen=True, slots=True)
class GradientReport:
    """What was found for every differentiated input. method: "central" or "complex"."""

    method: str
    inputs: tuple[InputReport, ...]

    @property
    def error(self) -> float:
        """The worst float64 error of all inputs."""
        return max(report.error for report in self.inputs)

    @property
    def float32_error(self) -> float | None:
        """The worst float32 error of all inputs."""
        errors = [r.float32_error for r in self.inputs if r.float32_error is not None]
        return max(errors, default=None)
