"""`check_gradient`: comparison of a gradient with numerical derivatives, without a tape.

The function under test takes arrays and returns its value and its backward. The backward takes the
gradient with respect to the value and returns the gradient with respect to the input.

Kinks (relu at 0, max of equal elements, ties of a sort) have no derivative. Use samples that are
further away from them than a step, 1e-5 * max(0.1, |x|), or exclude them by `smooth`. Infinite and
nan coordinates are never varied, and elements of the value that are not finite are ignored.

All arrays are read-only, `grad` too: a function or backward that writes to them is an error, since
a tape shares these arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pmt_core.errors import GradientError, SettingsError
from pmt_core.gradient_check import numerical_derivative as numerical
from pmt_core.gradient_check.checked_function import CheckedFunction, Function, random_direction
from pmt_core.gradient_check.float32_check import float32_errors
from pmt_core.gradient_check.numerical_derivative import Derivative, InputLine
from pmt_core.gradient_check.report import GradientReport, InputReport

Smooth = NDArray[np.bool_] | Callable[[NDArray[Any]], NDArray[np.bool_]]

_EPS = float(np.finfo(np.float64).eps)
_ROUNDINGS = 32.0  # rounding error in units of eps, of a few dozen operations
_RTOL = {"central": 1e-6, "complex": 1e-10}


def check_gradient(
    function: Function,
    *inputs: Any,
    rng: np.random.Generator,
    method: Literal["central", "complex"] = "central",
    directions: int = 3,
    coordinates: int = 64,
    rtol: float | None = None,
    float32: bool = True,
    float32_rtol: float = 1e-4,
    wrt: Sequence[int] | None = None,
    smooth: Mapping[int, Smooth] | None = None,
) -> GradientReport:
    """Compare the gradient of `function` with numerical derivatives, in float64.

    The inputs are varied along single coordinates and along random directions, away from kinks.

    Args:
        function: takes `inputs` and returns (value, backward). backward(grad), with grad of the
            shape and dtype of the value, returns the gradient of a single input, or a tuple with
            one entry per input: an array of the shape and dtype of the input, a `RowSparse`, or
            None (zeros).
        inputs: arrays of floats are differentiated; all others are passed on unchanged.
        rng: generator of the random cotangents and directions.
        method: "central" for central differences, extrapolated to step 0 if one step is not
            enough; "complex" for the complex step, exact to rounding, if `function` is analytic
            and accepts complex128 (no abs, max, comparison or conjugate).
        directions: number of random directions for each input.
        coordinates: number of coordinates for each input: all if it has fewer, else random ones.
        rtol: tolerance, relative; 1e-6 for "central" and 1e-10 for "complex" if None. The rounding
            error of the numerical derivative is allowed in addition.
        float32: whether to check in float32 too: the value and the gradients must be float32, and
            equal the float64 gradients at the same point.
        float32_rtol: tolerance in float32, relative to the largest element of the gradient.
        wrt: positions of the inputs to differentiate; all arrays of floats if None.
        smooth: {position of an input: boolean array of its shape, or a function of the input that
            returns one}; False coordinates are not varied. For relu: `{0: lambda x: x != 0}`.

    Raises:
        GradientError: names the input, the coordinate, and both numbers.

    Examples:
        >>> import numpy as np
        >>> from pmt_core import check_gradient
        >>> def square(x):
        ...     return x * x, lambda grad: grad * x  # wrong: 2 x
        >>> check_gradient(square, np.ones(2), rng=np.random.default_rng(0))  # doctest: +ELLIPSIS
        Traceback (most recent call last):
            ...
        pmt_core.errors.GradientError: wrong gradient: input 0 of shape (2,), coordinate ...
    """
    if method not in _RTOL:
        raise SettingsError(f"method must be one of {', '.join(_RTOL)}, not {method!r}")
    checker = _Checker(
        CheckedFunction(function, inputs, wrt), rng, method, rtol or _RTOL[method], smooth or {}
    )
    checker.run(directions, coordinates)
    single = float32_errors(checker.function, rng, float32_rtol) if float32 else {}
    return checker.report(single)


class _Claim(NamedTuple):
    """The gradients that the backward of the function returns, to be checked."""

    cotangent: NDArray[Any]
    grads: dict[int, NDArray[Any]]
    noise: float  # bound of the rounding error of the projected value


class _Checker:
    """One run of `check_gradient` in float64."""

    def __init__(
        self,
        function: CheckedFunction,
        rng: np.random.Generator,
        method: str,
        rtol: float,
        smooth: Mapping[int, Smooth],
    ):
        self.function, self.rng, self.method, self.rtol = function, rng, method, rtol
        self.variable = {i: _variable(x, smooth.get(i), i) for i, x in function.points.items()}
        self.errors = dict.fromkeys(function.points, 0.0)
        self.tried_coordinates = dict.fromkeys(function.points, 0)
        self.tried_directions = dict.fromkeys(function.points, 0)

    def run(self, directions: int, coordinates: int) -> None:
        """Check all inputs along coordinates and along directions."""
        first, _ = self.function.call(self.function.points)
        self.function.check_unchanged()
        again, _ = self.function.call(self.function.points)
        if not np.array_equal(first, again, equal_nan=True):
            raise GradientError(
                "the function gives different values for the same inputs: fix its random numbers, "
                "e.g. by creating its generator at every call"
            )
        for turn in range(1 + directions):
            claim = self._claim()
            for i, variable in self.variable.items():
                if turn == 0:
                    self._check_coordinates(i, claim, coordinates)
                elif variable.size:
                    direction = random_direction(self.rng, variable.shape)
                    self._compare(InputLine(self.function, i, variable, direction), claim)
                    self.tried_directions[i] += 1

    def _claim(self) -> _Claim:
        value, cotangent, grads = self.function.gradients(self.function.points, self._cotangent)
        # Rounding changes the value by some eps, and as some eps of an input would.
        sizes = [_norm(cotangent, value)]
        sizes += [_norm(grad, self.function.points[i]) for i, grad in grads.items()]
        return _Claim(cotangent, grads, _ROUNDINGS * _EPS * float(np.linalg.norm(sizes)))

    def _cotangent(self, value: NDArray[Any]) -> NDArray[Any]:
        """Return random numbers, none near 0, so that no error is hidden; 0 for infinite values."""
        return np.where(np.isfinite(value), random_direction(self.rng, value.shape), 0.0)

    def _check_coordinates(self, i: int, claim: _Claim, limit: int) -> None:
        chosen = self.variable[i]
        if len(chosen) > limit:
            chosen = self.rng.choice(chosen, limit, replace=False)
        for coordinate in chosen:
            self._compare(InputLine(self.function, i, np.array([coordinate]), np.ones(1)), claim)
        self.tried_coordinates[i] += len(chosen)

    def _compare(self, move: InputLine, claim: _Claim) -> None:
        """Raise GradientError if the gradient along a line is not the numerical derivative."""
        error = self._error(move, claim)
        if error > self.rtol:
            self._refuse(self._culprit(move, claim), claim)
        self.errors[move.index] = max(self.errors[move.index], error)

    def _error(self, move: InputLine, claim: _Claim) -> float:
        """Return the relative error along a line, apart from rounding."""
        if self.method == "complex":
            slope = numerical.complex_step(move, claim.cotangent, claim.noise)
            return self._relative(move, claim, slope)
        error = self._relative(move, claim, numerical.central(move, claim.cotangent, 0.0))
        if error > self.rtol:  # a single step may be too coarse here, or too fine
            line, limit = _extrapolated(move, claim)
            error = self._relative(line, claim, limit)
        return error

    def _relative(self, move: InputLine, claim: _Claim, numeric: Derivative) -> float:
        analytic, size = move.along(claim.grads[move.index])
        difference = abs(analytic - numeric.slope)
        if difference == 0:
            return 0.0
        allowed = self.rtol * size + numeric.uncertainty
        error = self.rtol * difference / max(allowed, 1e-300)
        return error if error == error else float("inf")

    def _culprit(self, move: InputLine, claim: _Claim) -> InputLine:
        """Return the worst coordinate of a failing direction, by bisection."""
        while len(move.where) > 1:
            half = len(move.where) // 2
            parts = (move.part(slice(None, half)), move.part(slice(half, None)))
            errors = [self._error(part, claim) for part in parts]
            move = parts[int(errors[1] > errors[0])]
        return move

    def _refuse(self, move: InputLine, claim: _Claim) -> None:
        """Raise the error for a single coordinate."""
        point = self.function.points[move.index]
        coordinate = tuple(int(k) for k in np.unravel_index(move.where[0], point.shape))
        hint = ""
        if self.method == "complex":
            numeric = numerical.complex_step(move, claim.cotangent, claim.noise)
            hint = " (is the function analytic, no abs, max or comparison in it? else: 'central')"
        else:
            before, after = numerical.one_sided(move, claim.cotangent)
            if not np.isclose(before, after, rtol=1e-2, atol=1e-300):
                slopes = f"{before / move.step:.6g} and {after / move.step:.6g}"
                hint = (
                    f"; a kink may be near, the slopes before and after it are {slopes}: move the "
                    "sample, or exclude the coordinate by smooth="
                )
            move, numeric = _extrapolated(move, claim)
        analytic = float(claim.grads[move.index][coordinate])
        raise GradientError(
            f"wrong gradient: input {move.index} of shape {point.shape}, coordinate {coordinate}: "
            f"analytic {analytic:.10g}, numeric {numeric.slope / move.step:.10g}, "
            f"relative error {self._relative(move, claim, numeric):.2g}, allowed {self.rtol:.2g}"
            + hint
        )

    def report(self, float32_errors: Mapping[int, float]) -> GradientReport:
        """Return the results."""
        reports = []
        for i, x in self.function.points.items():
            tried = self.tried_coordinates[i], self.tried_directions[i]
            errors = self.errors[i], float32_errors.get(i)
            unchecked = x.size - len(self.variable[i])
            reports.append(InputReport(i, x.shape, *errors, *tried, unchecked))
        return GradientReport(self.method, tuple(reports))


def _extrapolated(move: InputLine, claim: _Claim) -> tuple[InputLine, Derivative]:
    """Return the better of two extrapolated derivatives; one has steps for small numbers."""
    lines = (move, move.closer())
    tries = [(line, numerical.ridders(line, claim.cotangent, claim.noise)) for line in lines]
    line, limit = min(tries, key=lambda pair: pair[1].relative_uncertainty)
    # The error of the extrapolation is not added to the tolerance, that of rounding is.
    return line, Derivative(limit.slope, min(limit.uncertainty, claim.noise / numerical.USUAL_STEP))


def _variable(point: NDArray[Any], smooth: Smooth | None, i: int) -> NDArray[np.intp]:
    """Return the flat indices of the coordinates that may be varied."""
    variable = np.isfinite(point)
    if smooth is not None:
        mask = np.asarray(smooth(point) if callable(smooth) else smooth)
        if mask.shape != point.shape or mask.dtype != np.bool_:
            raise SettingsError(
                f"smooth[{i}] must be boolean of shape {point.shape}, got {mask.dtype} {mask.shape}"
            )
        variable &= mask
    return np.flatnonzero(variable)


def _norm(factor: NDArray[Any], array: NDArray[Any]) -> float:
    """Return the norm of the finite elements of an elementwise product."""
    with np.errstate(invalid="ignore", over="ignore"):
        product = factor * array
    return float(np.linalg.norm(product[np.isfinite(product)]))
