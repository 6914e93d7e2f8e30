"""The function under test of a gradient check, and random directions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pmt_core.errors import GradientError
from pmt_core.row_sparse import RowSparse

Backward = Callable[[NDArray[Any]], Any]
Function = Callable[..., tuple[Any, Backward]]


class CheckedFunction:
    """The function under test, as a function of its differentiable inputs."""

    def __init__(self, function: Function, inputs: tuple[Any, ...], wrt: Sequence[int] | None):
        self.function = function
        self.inputs = inputs
        self.copies = {i: x.copy() for i, x in enumerate(inputs) if isinstance(x, np.ndarray)}
        floats = [i for i, x in enumerate(inputs) if _is_float(x)]
        chosen = floats if wrt is None else list(wrt)
        if not chosen or not set(chosen) <= set(floats):
            raise GradientError(
                f"nothing to differentiate: wrt names the inputs {chosen}, inputs {floats} are of "
                f"floats (of {len(inputs)}); pass the inputs as arrays of float64"
            )
        self.points: dict[int, NDArray[Any]] = {i: _cast(inputs[i], np.float64) for i in chosen}
        # Floats that are not differentiated have the same precision.
        self.constants = [i for i in floats if i not in self.points]

    def call(self, points: Mapping[int, NDArray[Any]]) -> tuple[NDArray[Any], Backward]:
        """Return (value, backward) with some inputs replaced; all arrays are read-only."""
        arguments = [points.get(i, x) for i, x in enumerate(self.inputs)]
        result = _guarded(self.function, *map(_read_only, arguments))
        if not isinstance(result, tuple) or len(result) != 2 or not callable(result[1]):
            raise GradientError(
                f"the function must return (value, backward), but returned {type(result).__name__}"
            )
        return np.asarray(result[0]), result[1]

    def check_unchanged(self) -> None:
        """Raise GradientError if an input was changed."""
        for i, copy in self.copies.items():
            if not np.array_equal(copy, self.inputs[i], equal_nan=copy.dtype.kind in "fc"):
                raise GradientError(f"input {i} was changed by the function or its backward")

    def in_precision(self, dtype: type[np.floating[Any]]) -> dict[int, NDArray[Any]]:
        """Return all float inputs, rounded to float32, in a dtype."""
        inputs = (*self.points, *self.constants)
        return {i: _cast(_cast(self.inputs[i], np.float32), dtype) for i in inputs}

    def gradients(
        self, points: Mapping[int, NDArray[Any]], cotangent: Callable[[NDArray[Any]], NDArray[Any]]
    ) -> tuple[NDArray[Any], NDArray[Any], dict[int, NDArray[Any]]]:
        """Return (value, cotangent, gradients of the differentiated inputs), all checked."""
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


def _guarded(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call the function; raise GradientError if it writes to a read-only array."""
    try:
        return function(*arguments)
    except ValueError as error:
        if "read-only" not in str(error):
            raise
        raise GradientError(
            f"an array that was passed in is written to ({error}): work on a copy, as a tape "
            "shares its arrays"
        ) from error


def _as_gradient(returned: Any, point: NDArray[Any], i: int) -> NDArray[Any]:
    """Return a gradient as a dense array; its shape and dtype must be those of the input."""
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


def _is_float(x: Any) -> bool:
    return isinstance(x, float) or (isinstance(x, np.ndarray | np.generic) and x.dtype.kind == "f")


def _cast(x: Any, dtype: type[np.floating[Any]]) -> NDArray[Any]:
    """Convert to another precision; an array that is not contiguous stays so."""
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


def random_direction(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[Any]:
    """Return numbers of both signs with sizes in [0.5, 1.5): none hides an error."""
    sizes = rng.uniform(0.5, 1.5, shape)
    return np.where(rng.random(shape) < 0.5, -sizes, sizes)
