"""The results of a gradient check."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class InputReport:
    """The results for one input.

    Attributes:
        index, shape: position and shape of the input.
        error: largest error of its float64 gradient along the coordinates and directions,
            relative to the typical element of the gradient there.
        float32_error: largest error of its float32 gradient, relative to the largest element of
            the gradient; None if float32 was not checked.
        coordinates, directions: numbers of coordinates and of random directions checked.
        unchecked: number of coordinates left out (kinks, infinite values).
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
    """The results for all differentiated inputs; method is "central" or "complex"."""

    method: str
    inputs: tuple[InputReport, ...]

    @property
    def error(self) -> float:
        """Largest float64 error of all inputs."""
        return max(report.error for report in self.inputs)

    @property
    def float32_error(self) -> float | None:
        """Largest float32 error of all inputs; None if float32 was not checked."""
        errors = [r.float32_error for r in self.inputs if r.float32_error is not None]
        return max(errors, default=None)
