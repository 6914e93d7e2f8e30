"""A line through the point at which a gradient is checked."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pmt_core.gradient_check.checked_function import CheckedFunction

__all__ = ["InputLine"]


class InputLine:
    """A line through the point: some coordinates of one input move, each at its own scale."""

    def __init__(
        self,
        function: CheckedFunction,
        index: int,
        where: NDArray[np.intp],
        direction: NDArray[Any],
        smallest_scale: float = 0.1,
    ):
        self.function = function
        self.index = index
        self.where = where  # (n,) positions in the flattened input
        self.direction = direction  # (n,)
        self.point = function.points[index].reshape(-1)
        self.scale = np.maximum(np.abs(self.point[where]), smallest_scale)
        self.scale[self.scale == 0] = 0.1

    @property
    def step(self) -> float:
        """How far a single moved coordinate goes per unit of t."""
        return float(self.direction[0] * self.scale[0])

    def __call__(self, t: complex) -> NDArray[Any]:
        """The value at `t`; a `Line`."""
        moved = self.point.astype(np.result_type(self.point, t))
        moved[self.where] += t * self.direction * self.scale
        shape = self.function.points[self.index].shape
        points = {**self.function.points, self.index: moved.reshape(shape)}
        with np.errstate(all="ignore"):  # a step may leave the domain; a smaller one follows
            return self.function.call(points)[0]

    def along(self, grad: NDArray[Any]) -> tuple[float, float]:
        """Of a gradient: its slope along the line, and the typical size of that sum's terms.

        An error is held against a single term, not against the sum, so that one wrong coordinate
        stands out among many.
        """
        terms = grad.reshape(-1)[self.where] * self.direction * self.scale
        return float(terms.sum()), float(np.linalg.norm(terms)) / len(terms) ** 0.5

    def part(self, which: slice) -> InputLine:
        """The same line with fewer coordinates."""
        return InputLine(self.function, self.index, self.where[which], self.direction[which])

    def closer(self) -> InputLine:
        """The same line at a scale that keeps small numbers on their side of 0."""
        return InputLine(self.function, self.index, self.where, self.direction, 0.0)
