"""Checking a gradient against numbers, without any tape.

What is checked is an array function that returns its value and its backward:

    def tanh(x):
        y = np.tanh(x)
        def backward(grad):
            return grad * (1 - y * y)
        return y, backward

    check_gradient(tanh, rng.normal(size=(3, 4)), rng=rng)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pmt_core.errors import GradientError, SettingsError
from pmt_core.numeric_derivative import (
    USUAL_STEP,
    Derivative,
    central,
    complex_step,
    one_sided,
    ridders,
)
from pmt_core.row_sparse import RowSparse

__all__ = ["GradientReport", "InputReport", "check_gradient"]

Backward = Callable[[NDArray[Any]], Any]
Function = Callable[..., tuple[Any, Backward]]
Smooth = NDArray[np.bool_] | Callable[[NDArray[Any]], NDArray[np.bool_]]

_EPS = float(np.finfo(np.float64).eps)
_EPS32 = float(np.finfo(np.float32).eps)
# Rounding errors in units of eps: a few dozen operations' worth.
_ROUNDINGS = 32.0
_RTOL = {"central": 1e-6, "complex": 1e-10}


@dataclass(frozen=True, slots=True)
class InputReport:
    """What was found for one input.

    index: its position. error: the worst relative error of its float64 gradient.
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
    """Hold the gradient that `function` claims against numerical derivatives, in float64.

    function: takes `inputs`, returns (value, backward). backward(grad), with grad of the value's
    shape and dtype, returns the gradient of a single input, or a tuple with one entry per input.
    An entry is an array of the input's shape and dtype, a `RowSparse`, or None: the claim that
    the value does not depend on this input, which is checked as a gradient of zeros.
    inputs: arrays of floats are differentiated (those named by `wrt`, all where None). Arrays of
    integers and booleans, and whatever is no array or float, are passed on as they are.
    rng: where the random cotangents and directions come from.

    The value is projected on a random cotangent, and the inputs are moved along `directions`
    random directions, and along up to `coordinates` single coordinates each: all of them where an
    input is that small, a random choice where it is larger.

    method: "central" for central differences, extrapolated to step 0 where one step is not enough;
    "complex" for the complex step, exact to rounding, where `function` is analytic and computes
    with complex128 (no abs, max, comparison or conjugate in it).
    rtol: the relative error allowed, 1e-6 for "central" and 1e-10 for "complex" where None; a
    gradient wrong by 0.1 % is a thousand times beyond it. What rounding alone can do to the
    numerical derivative is allowed for on top.
    float32: also run everything in float32: the value and the gradients must be float32, and equal
    the float64 gradients at the same point within `float32_rtol` of their largest element.

    Kinks (relu at 0, max of equal elements, a sort's ties) have no derivative to compare with.
    Either give samples that stay further than a step, 1e-5 * max(0.1, |x|), away from them, or say
    by `smooth` where a derivative exists: {input index: boolean array of the input's shape, or a
    function of the input that gives one}; coordinates that are False are never moved. So for relu
    `smooth={0: lambda x: x != 0}`. Infinite and nan coordinates are not moved either, and elements
    of the value that are not finite are not looked at.

    Every array is handed over read-only, and so is `grad`: a function or backward that writes to
    what it was given is refused, as a tape shares these arrays.

    Returns a `GradientReport`. Raises `GradientError` that names the input, the coordinate, and
    both numbers.
    """
    if method not in _RTOL:
        raise SettingsError(f"method must be one of {', '.join(_RTOL)}, not {method!r}")
    checker = _Checker(
        _Subject(function, inputs, wrt), rng, method, rtol or _RTOL[method], smooth or {}
    )
    checker.run(directions, coordinates)
    float32_errors = _float32_errors(checker.subject, rng, float32_rtol) if float32 else {}
    return checker.report(float32_errors)


class _Subject:
    """The function under test, seen as a map from its differentiable inputs."""

    def __init__(self, function: Function, inputs: tuple[Any, ...], wrt: Sequence[int] | None):
        self.function = function
        self.inputs = inputs
        self.copies = {i: x.copy() for i, x in enumerate(inputs) if isinstance(x, np.ndarray)}
        floats = [i for i, x in enumerate(inputs) if _is_float(x)]
        chosen = floats if wrt is None else list(wrt)
        if not chosen or not set(chosen) <= set(floats):
            raise GradientError(
                f"nothing to differentiate: inputs {chosen} were asked for, inputs {floats} are of "
                f"floats (of {len(inputs)}); pass the inputs as arrays of float64"
            )
        self.points: dict[int, NDArray[Any]] = {i: _cast(inputs[i], np.float64) for i in chosen}
        # Floats that are not differentiated follow the others' precision.
        self.constants = [i for i in floats if i not in self.points]

    def call(self, points: Mapping[int, NDArray[Any]]) -> tuple[NDArray[Any], Backward]:
        """(value, backward) with some inputs replaced; all arrays read-only."""
        arguments = [points.get(i, x) for i, x in enumerate(self.inputs)]
        result = _guarded(self.function, *map(_read_only, arguments))
        if not isinstance(result, tuple) or len(result) != 2 or not callable(result[1]):
            raise GradientError(
                f"the function must return (value, backward), but returned {type(result).__name__}"
            )
        return np.asarray(result[0]), result[1]

    def check_unchanged(self) -> None:
        """Raise `GradientError` where an input is no longer what it was."""
        for i, copy in self.copies.items():
            if not np.array_equal(copy, self.inputs[i], equal_nan=copy.dtype.kind in "fc"):
                raise GradientError(f"input {i} was changed by the function or its backward")

    def in_precision(self, dtype: type[np.floating[Any]]) -> dict[int, NDArray[Any]]:
        """All float inputs as float32-representable numbers, of `dtype`."""
        return {
            i: _cast(_cast(self.inputs[i], np.float32), dtype)
            for i in (*self.points, *self.constants)
        }

    def gradients(
        self, points: Mapping[int, NDArray[Any]], cotangent: Callable[[NDArray[Any]], NDArray[Any]]
    ) -> tuple[NDArray[Any], NDArray[Any], dict[int, NDArray[Any]]]:
        """(value, cotangent, gradient of every differentiated input), shapes and dtypes checked."""
        value, backward = self.call(points)
        dtype = next(iter(points.values())).dtype
        if value.dtype != dtype:
            raise GradientError(
                f"inputs of {dtype} gave a value of {value.dtype}: the precision must be kept"
            )
        grad = cotangent(value)
        returned = _guarded(backward, _read_only(grad))
        self.check_unchanged()
        if len(self.inputs) == 1 and not isinstance(returned, tuple | list):
            returned = (returned,)
        if not isinstance(returned, tuple | list) or len(returned) != len(self.inputs):
            count = len(returned) if isinstance(returned, tuple | list) else 1
            raise GradientError(
                f"backward must return a tuple with one gradient per input (None for none), "
                f"{len(self.inputs)}, but returned {count}"
            )
        grads = {i: _as_gradient(returned[i], points[i], i) for i in self.points}
        return value, grad, grads


class _Claim(NamedTuple):
    """Gradients as the function's backward gives them, to be held against numbers."""

    cotangent: NDArray[Any]
    grads: dict[int, NDArray[Any]]
    noise: float  # by how much rounding may move the projected value


class _Checker:
    """One run of `check_gradient` in float64."""

    def __init__(
        self,
        subject: _Subject,
        rng: np.random.Generator,
        method: str,
        rtol: float,
        smooth: Mapping[int, Smooth],
    ):
        self.subject = subject
        self.rng = rng
        self.method = method
        self.rtol = rtol
        self.free = {i: _free(x, smooth.get(i), i) for i, x in subject.points.items()}
        self.errors = dict.fromkeys(subject.points, 0.0)
        self.tried_coordinates = dict.fromkeys(subject.points, 0)
        self.tried_directions = dict.fromkeys(subject.points, 0)

    def run(self, directions: int, coordinates: int) -> None:
        """Check all inputs along coordinates and along directions."""
        first, _ = self.subject.call(self.subject.points)
        self.subject.check_unchanged()
        again, _ = self.subject.call(self.subject.points)
        if not np.array_equal(first, again, equal_nan=True):
            raise GradientError(
                "the function gives different values for the same inputs: fix its random numbers, "
                "e.g. by making its generator anew at every call"
            )
        for turn in range(1 + directions):
            claim = self._claim()
            for i in self.subject.points:
                if not self.free[i].size:
                    continue
                if turn == 0:
                    self._check_coordinates(i, claim, coordinates)
                else:
                    self._check_direction(i, claim)

    def _claim(self) -> _Claim:
        value, cotangent, grads = self.subject.gradients(self.subject.points, self._cotangent)
        # Rounding moves the value by some eps of itself, and as some eps of an input would.
        sizes = [_norm(cotangent, value)]
        sizes += [_norm(grad, self.subject.points[i]) for i, grad in grads.items()]
        return _Claim(cotangent, grads, _ROUNDINGS * _EPS * float(np.linalg.norm(sizes)))

    def _cotangent(self, value: NDArray[Any]) -> NDArray[Any]:
        """Random numbers, none near 0, so that no error is hidden; 0 for infinite values."""
        return np.where(np.isfinite(value), _away_from_zero(self.rng, value.shape), 0.0)

    def _check_coordinates(self, i: int, claim: _Claim, limit: int) -> None:
        free = self.free[i]
        chosen = free if len(free) <= limit else self.rng.choice(free, limit, replace=False)
        for coordinate in chosen:
            self._compare(_Move(self.subject, i, np.array([coordinate]), np.ones(1)), claim)
        self.tried_coordinates[i] += len(chosen)

    def _check_direction(self, i: int, claim: _Claim) -> None:
        free = self.free[i]
        self._compare(_Move(self.subject, i, free, _away_from_zero(self.rng, free.shape)), claim)
        self.tried_directions[i] += 1

    def _compare(self, move: _Move, claim: _Claim) -> None:
        """Raise `GradientError` where the gradient along `move` is not the numerical derivative."""
        error = self._error(move, claim)
        if error > self.rtol:
            self._refuse(self._culprit(move, claim), claim)
        self.errors[move.index] = max(self.errors[move.index], error)

    def _error(self, move: _Move, claim: _Claim) -> float:
        """The relative error along `move`, less what rounding explains."""
        if self.method == "complex":
            return self._relative(move, claim, complex_step(move, claim.cotangent, claim.noise))
        error = self._relative(move, claim, central(move, claim.cotangent, 0.0))
        if error > self.rtol:  # a single step may be too coarse here, or too fine
            line, limit = _extrapolated(move, claim)
            error = self._relative(line, claim, limit)
        return error

    def _relative(self, move: _Move, claim: _Claim, numeric: Derivative) -> float:
        analytic, size = move.along(claim.grads[move.index])
        difference = abs(analytic - numeric.slope)
        if difference == 0:
            return 0.0
        allowed = self.rtol * size + numeric.uncertainty
        error = self.rtol * difference / max(allowed, 1e-300)
        return error if error == error else float("inf")

    def _culprit(self, move: _Move, claim: _Claim) -> _Move:
        """The one coordinate of a failing direction that is worst, by halving."""
        while len(move.where) > 1:
            half = len(move.where) // 2
            parts = (move.part(slice(None, half)), move.part(slice(half, None)))
            errors = [self._error(part, claim) for part in parts]
            move = parts[int(errors[1] > errors[0])]
        return move

    def _refuse(self, move: _Move, claim: _Claim) -> None:
        """Raise the error about a single coordinate."""
        point = self.subject.points[move.index]
        coordinate = tuple(int(k) for k in np.unravel_index(move.where[0], point.shape))
        hint = ""
        if self.method == "complex":
            numeric = complex_step(move, claim.cotangent, claim.noise)
            hint = " (is the function analytic, no abs, max or comparison in it? else: 'central')"
        else:
            before, after = one_sided(move, claim.cotangent)
            if not np.isclose(before, after, rtol=1e-2, atol=1e-300):
                sides = f"{before / move.step:.6g} and {after / move.step:.6g}"
                hint = (
                    f"; a kink may be near, the slopes on its two sides are {sides}: move the "
                    "sample, or name the place by smooth="
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
        """All that was found."""
        return GradientReport(
            self.method,
            tuple(
                InputReport(
                    index=i,
                    shape=x.shape,
                    error=self.errors[i],
                    float32_error=float32_errors.get(i),
                    coordinates=self.tried_coordinates[i],
                    directions=self.tried_directions[i],
                    unchecked=x.size - len(self.free[i]),
                )
                for i, x in self.subject.points.items()
            ),
        )


class _Move:
    """A line through the point: some coordinates of one input move, each at its own scale."""

    def __init__(
        self,
        subject: _Subject,
        index: int,
        where: NDArray[np.intp],
        direction: NDArray[Any],
        smallest_scale: float = 0.1,
    ):
        self.subject = subject
        self.index = index
        self.where = where  # (n,) positions in the flattened input
        self.direction = direction  # (n,)
        self.point = subject.points[index].reshape(-1)
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
        shape = self.subject.points[self.index].shape
        points = {**self.subject.points, self.index: moved.reshape(shape)}
        with np.errstate(all="ignore"):  # a step may leave the domain; a smaller one follows
            return self.subject.call(points)[0]

    def along(self, grad: NDArray[Any]) -> tuple[float, float]:
        """Of a gradient: its slope along the line, and the typical size of that sum's terms.

        An error is held against a single term, not against the sum, so that one wrong coordinate
        stands out among many.
        """
        terms = grad.reshape(-1)[self.where] * self.direction * self.scale
        return float(terms.sum()), float(np.linalg.norm(terms)) / len(terms) ** 0.5

    def part(self, which: slice) -> _Move:
        """The same line with fewer coordinates."""
        return _Move(self.subject, self.index, self.where[which], self.direction[which])

    def closer(self) -> _Move:
        """The same line at a scale that keeps small numbers on their side of 0."""
        return _Move(self.subject, self.index, self.where, self.direction, 0.0)


def _extrapolated(move: _Move, claim: _Claim) -> tuple[_Move, Derivative]:
    """The more certain of two extrapolated derivatives, one with steps that suit small numbers."""
    tries = [(line, ridders(line, claim.cotangent, claim.noise)) for line in (move, move.closer())]
    line, limit = min(tries, key=lambda found: found[1].relative_uncertainty)
    # What an extrapolation leaves open is no excuse for the gradient; rounding is.
    return line, Derivative(limit.slope, min(limit.uncertainty, claim.noise / USUAL_STEP))


def _float32_errors(subject: _Subject, rng: np.random.Generator, rtol: float) -> dict[int, float]:
    """The error of every float32 gradient, relative to the float64 gradient's largest element."""
    draws: list[NDArray[Any]] = []

    def cotangent(value: NDArray[Any]) -> NDArray[Any]:
        if not draws:
            draws.append(_away_from_zero(rng, value.shape).astype(np.float32))
        return np.where(np.isfinite(value), draws[0], np.float32(0)).astype(value.dtype)

    value, grad, exact = subject.gradients(subject.in_precision(np.float64), cotangent)
    value32, _, single = subject.gradients(subject.in_precision(np.float32), cotangent)
    if value32.shape != value.shape:
        raise GradientError(f"the value's shape is {value32.shape} in float32, else {value.shape}")
    errors: dict[int, float] = {}
    for i, expected in exact.items():
        with np.errstate(invalid="ignore"):
            difference = np.abs(single[i] - expected)
        top = np.abs(expected).max(initial=0.0, where=np.isfinite(expected))
        floor = _ROUNDINGS * _EPS32 * np.abs(grad).max(initial=0.0) / rtol
        same = (single[i] == expected) | (np.isnan(single[i]) & np.isnan(expected))
        error = np.where(same, 0.0, difference) / max(top + floor, 1e-300)
        worst = int(error.argmax()) if error.size else 0
        errors[i] = float(error.reshape(-1)[worst]) if error.size else 0.0
        if not errors[i] <= rtol:
            coordinate = tuple(int(k) for k in np.unravel_index(worst, expected.shape))
            raise GradientError(
                f"wrong gradient in float32: input {i} of shape {expected.shape}, coordinate "
                f"{coordinate}: {single[i][coordinate]:.8g} in float32, "
                f"{expected[coordinate]:.8g} in float64; relative error {errors[i]:.2g}, allowed "
                f"{rtol:.2g}"
            )
    return errors


def _guarded(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call, and say plainly when a read-only array was written to."""
    try:
        return function(*arguments)
    except ValueError as error:
        if "read-only" not in str(error):
            raise
        raise GradientError(
            f"an array that was handed over is written to ({error}): work on a copy, as a tape "
            "shares its arrays"
        ) from error


def _as_gradient(returned: Any, point: NDArray[Any], i: int) -> NDArray[Any]:
    """A returned gradient as a dense array, if its shape and dtype are the input's."""
    if returned is None:
        return np.zeros(point.shape, point.dtype)
    grad = returned if isinstance(returned, RowSparse) else np.asarray(returned)
    if grad.shape != point.shape:
        raise GradientError(
            f"the gradient of input {i} has shape {grad.shape}, the input {point.shape}: sum over "
            "the broadcast axes (pmt_core.unbroadcast), or transpose back"
        )
    if grad.dtype != point.dtype:
        raise GradientError(
            f"the gradient of input {i} is of {grad.dtype}, the input of {point.dtype}"
        )
    return grad.to_dense() if isinstance(grad, RowSparse) else grad


def _free(point: NDArray[Any], smooth: Smooth | None, i: int) -> NDArray[np.intp]:
    """The flat positions that may be moved."""
    free = np.isfinite(point)
    if smooth is not None:
        mask = np.asarray(smooth(point) if callable(smooth) else smooth)
        if mask.shape != point.shape or mask.dtype != np.bool_:
            raise SettingsError(
                f"smooth[{i}] must be boolean of shape {point.shape}, got {mask.dtype} {mask.shape}"
            )
        free &= mask
    return np.flatnonzero(free)


def _is_float(x: Any) -> bool:
    return isinstance(x, float) or (isinstance(x, np.ndarray | np.generic) and x.dtype.kind == "f")


def _cast(x: Any, dtype: type[np.floating[Any]]) -> NDArray[Any]:
    """x in another precision; an array that is not contiguous stays so."""
    array = np.asarray(x)
    if array.dtype == dtype:
        return array
    if array.flags.c_contiguous or array.flags.f_contiguous:
        return array.astype(dtype, order="K")
    cast = np.empty((*array.shape, 2), dtype)[..., 0]
    cast[...] = array
    return cast


def _read_only(x: Any) -> Any:
    if not isinstance(x, np.ndarray):
        return x
    view = x.view()
    view.flags.writeable = False
    return view


def _norm(factor: NDArray[Any], array: NDArray[Any]) -> float:
    """The size of an elementwise product, of its finite elements."""
    with np.errstate(invalid="ignore", over="ignore"):
        product = factor * array
    return float(np.linalg.norm(product[np.isfinite(product)]))


def _away_from_zero(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[Any]:
    """Random numbers of both signs with sizes in [0.5, 1.5)."""
    sizes = rng.uniform(0.5, 1.5, shape)
    return np.where(rng.random(shape) < 0.5, -sizes, sizes)
