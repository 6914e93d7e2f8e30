"""Guards that find errors: `detect_anomaly` (nan, infinity) and `in_place_guard`."""

from __future__ import annotations

import inspect
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from pmt_autograd.debug.saved_arrays import saved_arrays
from pmt_autograd.grad_mode import operation_hook
from pmt_autograd.types import Array
from pmt_core import GradientError, RowSparse, StateError


@contextmanager
def detect_anomaly() -> Iterator[None]:
    """Raise an error at the first value or gradient that is not finite.

    Values are checked in forward, within this context; the gradients of the operations recorded
    in it are checked in backward, also after its end. The check reads every element, so it costs
    time. The GradientError names the operation, the shapes of its inputs, and the line of your
    program that called it.

    Examples:
        >>> import numpy as np
        >>> from pmt_autograd import Tensor, detect_anomaly
        >>> x = Tensor([0.0, 4.0], requires_grad=True)
        >>> with np.errstate(divide="ignore"), detect_anomaly():  # doctest: +ELLIPSIS
        ...     x.sqrt().sum().backward()
        Traceback (most recent call last):
            ...
        pmt_core.errors.GradientError: the gradient of 'sqrt' by input 0 has 0 nan and 1 ...
    """
    with operation_hook(_check_finite):
        yield


def _check_finite(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    def run(*arrays: Any, **settings: Any) -> tuple[Any, Any]:
        line = call_site()
        shapes = ", ".join(str(np.shape(array)) for array in arrays)
        value, backward = function(*arrays, **settings)
        for output in value if type(value) is tuple else (value,):
            if _is_not_finite(output):
                raise GradientError(
                    f"{name!r} gave {_count(output)}; its inputs have the shapes {shapes}"
                    f"{_list_not_finite(arrays)}; called at {line}"
                )

        def checked_backward(grad: Any) -> Any:
            gradients = backward(grad)
            for i, gradient in enumerate(gradients if type(gradients) is tuple else (gradients,)):
                dense = gradient.values if isinstance(gradient, RowSparse) else gradient
                if _is_not_finite(dense):
                    raise GradientError(
                        f"the gradient of {name!r} by input {i} has {_count(dense)}; its inputs "
                        f"have the shapes {shapes}{_list_not_finite(arrays)}; called at {line}"
                    )
            return gradients

        return value, checked_backward

    return run


def _is_not_finite(item: Any) -> bool:
    return (
        isinstance(item, (np.ndarray, np.generic))
        and item.dtype.kind == "f"
        and not bool(np.isfinite(item).all())
    )


def _count(array: Any) -> str:
    nans, infinite = int(np.isnan(array).sum()), int(np.isinf(array).sum())
    return f"{nans} nan and {infinite} infinite elements of {np.size(array)}"


def _list_not_finite(arrays: tuple[Any, ...]) -> str:
    inputs = [str(i) for i, array in enumerate(arrays) if _is_not_finite(array)]
    return f" (input {', '.join(inputs)} was not finite before)" if inputs else ""


@contextmanager
def in_place_guard() -> Iterator[None]:
    """Raise an error in backward if an array that a gradient needs was changed in place.

    Results of operations cannot be written to anyway: `Tensor.data` is read-only while the tape
    needs it. The guard covers leaves, parameters, arrays given as constants, and views of them.
    It computes a checksum of each array that a gradient needs, so it costs time: use it in tests
    and to find an error. Applies to the calling thread only.

    Examples:
        >>> from pmt_autograd import Tensor, in_place_guard
        >>> x = Tensor([1.0, 2.0], requires_grad=True)
        >>> with in_place_guard():
        ...     loss = (x * x).sum()
        >>> x.data[0] = 5  # the gradient of x * x needs it
        >>> loss.backward()  # doctest: +ELLIPSIS
        Traceback (most recent call last):
            ...
        pmt_core.errors.StateError: an array that the gradient of 'multiply' needs was ...
    """
    with operation_hook(_check_unchanged):
        yield


def _check_unchanged(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    def run(*arrays: Any, **settings: Any) -> tuple[Any, Any]:
        value, backward = function(*arrays, **settings)
        line = call_site()
        saved = [(label, array, _checksum(array)) for label, array in saved_arrays(backward)]

        def checked_backward(grad: Any) -> Any:
            for label, array, checksum in saved:
                if _checksum(array) != checksum:
                    raise StateError(
                        f"an array that the gradient of {name!r} needs was changed in place after "
                        f"it was recorded: {label!r} of shape {array.shape}, {array.dtype}; "
                        f"recorded at {line}; write to a copy, or after backward()"
                    )
            return backward(grad)

        return value, checked_backward

    return run


def _checksum(array: Array) -> int:
    return zlib.crc32(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)


def call_site() -> str:
    """Return `file:line, in function` of the innermost caller outside of the pmt packages."""
    frame = inspect.currentframe()
    if frame is None:
        return "an unknown line"  # not every Python has frames
    while frame.f_back is not None and _is_skipped(frame.f_globals.get("__name__", "")):
        frame = frame.f_back
    code = frame.f_code
    return f"{code.co_filename}:{frame.f_lineno}, in {code.co_name}"


def _is_skipped(module: str) -> bool:
    return module.startswith("pmt_") or module == "contextlib"
