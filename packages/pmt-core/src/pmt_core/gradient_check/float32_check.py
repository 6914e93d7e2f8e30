"""Comparison of float32 gradients with float64 gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pmt_core.errors import GradientError
from pmt_core.gradient_check.checked_function import CheckedFunction, random_direction

_ROUNDINGS = 4.0 * float(np.finfo(np.float32).eps)  # of a gradient that is exactly 0


def float32_errors(
    function: CheckedFunction, rng: np.random.Generator, rtol: float
) -> dict[int, float]:
    """Return the error of each float32 gradient, relative to the largest float64 element."""
    draws: list[NDArray[Any]] = []

    def cotangent(value: NDArray[Any]) -> NDArray[Any]:
        if not draws:
            draws.append(random_direction(rng, value.shape).astype(np.float32))
        return np.where(np.isfinite(value), draws[0], np.float32(0)).astype(value.dtype)

    value, grad, exact = function.gradients(function.in_precision(np.float64), cotangent)
    value32, _, single = function.gradients(function.in_precision(np.float32), cotangent)
    if value32.shape != value.shape:
        raise GradientError(
            f"the value has shape {value32.shape} in float32, {value.shape} in float64"
        )
    floor = _ROUNDINGS * np.abs(grad).max(initial=0.0) / rtol
    errors: dict[int, float] = {}
    for i, expected in exact.items():
        error = _relative(single[i], expected, floor)
        errors[i] = float(error.max(initial=0.0))
        if not errors[i] <= rtol:
            coordinate = tuple(int(k) for k in np.unravel_index(error.argmax(), error.shape))
            raise GradientError(
                f"wrong gradient in float32: input {i} of shape {expected.shape}, coordinate "
                f"{coordinate}: {single[i][coordinate]:.8g} in float32, "
                f"{expected[coordinate]:.8g} in float64; relative error {errors[i]:.2g}, allowed "
                f"{rtol:.2g}"
            )
    return errors


def _relative(single: NDArray[Any], exact: NDArray[Any], floor: float) -> NDArray[Any]:
    """Return the error of each element, relative to the largest exact one plus `floor`."""
    with np.errstate(invalid="ignore"):
        difference = np.abs(single - exact)
    same = (single == exact) | (np.isnan(single) & np.isnan(exact))
    top = np.abs(exact).max(initial=0.0, where=np.isfinite(exact))
    error: NDArray[Any] = np.where(same, 0.0, difference) / max(top + floor, 1e-300)
    return error
