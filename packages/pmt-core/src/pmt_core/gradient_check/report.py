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

    Examples:
        >>> import numpy as np
        >>> from pmt_core import check_gradient
        >>> def relu(x):
        ...     return np.maximum(x, 0), lambda grad: grad * (x > 0)
        >>> x = np.array([-1.0, 0.0, 2.0])
        >>> rng = np.random.default_rng(0)
        >>> report = check_gradient(relu, x, rng=rng, smooth={0: lambda x: x != 0})
        >>> first = report.inputs[0]
        >>> first.shape, first.coordinates, first.unchecked  # the kink at 0 is left out
        ((3,), 2, 1)
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
    """The results for all differentiated inputs; method is "central" or "complex".

    Examples:
        >>> import numpy as np
        >>> from pmt_core import check_gradient
        >>> def product(a, b):
        ...     return a * b, lambda grad: (grad * b, grad * a)
        >>> report = check_gradient(product, np.ones(3), np.ones(3), rng=np.random.default_rng(0))
        >>> report.method, len(report.inputs)
        ('central', 2)
        >>> report.error < 1e-6, report.float32_error < 1e-4
        (True, True)
    """

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
