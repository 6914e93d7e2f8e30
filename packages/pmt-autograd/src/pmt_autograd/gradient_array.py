"""`GradientArray`: a gradient as an array that operations refuse while they record."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from pmt_autograd.grad_mode import recording
from pmt_core import GradientError

# What NumPy computes with these is constant, or constant between jumps: no gradient is lost.
_CONSTANT = {np.sign, np.floor, np.ceil, np.trunc, np.rint, np.floor_divide, np.heaviside}
_CONSTANT_FUNCTIONS = {np.zeros_like, np.ones_like, np.full_like, np.empty_like, np.round}


class GradientArray(np.ndarray[Any, np.dtype[Any]]):
    """A gradient, or what NumPy computed from gradients: an array like any other.

    A backward is NumPy code and leaves no tape, so a gradient has no gradient of its own: in an
    expression that is differentiated it would count as a constant. Operations that record
    therefore refuse it with a GradientError. `np.asarray(g)` is a plain array of the same memory,
    a constant on purpose; so are the data of a leaf, `sign` and other steps, and Python numbers.

    Examples:
        >>> import numpy as np
        >>> from pmt_autograd import Tensor
        >>> x = Tensor([1.0, 2.0], requires_grad=True)
        >>> (x**3).sum().backward()
        >>> x.grad  # 3 x^2
        GradientArray([ 3., 12.], dtype=float32)
        >>> np.asarray(x.grad)
        array([ 3., 12.], dtype=float32)
        >>> x * x.grad  # doctest: +ELLIPSIS
        Traceback (most recent call last):
            ...
        pmt_core.errors.GradientError: multiply was given an array that was computed from a ...
    """

    __slots__ = ()

    def __array_wrap__(self, array: Any, context: Any = None, return_scalar: bool = False) -> Any:
        """Return the result of a ufunc, or of a reduction, as a gradient too."""
        if array.dtype.kind == "f" and (context is None or context[0] not in _CONSTANT):
            return array.view(GradientArray)
        plain = array.view(np.ndarray)
        return plain[()] if return_scalar else plain

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        """Return the result of a NumPy function as a gradient too."""
        result = super().__array_function__(function, types, args, kwargs)
        return _plain(result) if function in _CONSTANT_FUNCTIONS else _as_gradient(result)

    def __getitem__(self, index: Any) -> Any:
        return _as_gradient(super().__getitem__(index))

    def __round__(self, digits: int = 0) -> Any:
        return np.round(np.asarray(self), digits)[()]

    def backward(self, *args: Any) -> None:
        """Raise GradientError: this is no tensor."""
        raise GradientError(
            "a gradient is an array and has no gradient of its own: gradients are first order "
            "only; see docs/tape.md, Second derivatives, for differences of gradients"
        )

    def dot(self, other: Any, out: Any = None) -> Any:
        """Return `np.dot(self, other)`."""
        return np.dot(self, other, out)


def _as_gradient(result: Any) -> Any:
    """Return floating arrays and scalars, in lists and tuples too, as gradients."""
    if isinstance(result, (list, tuple)):
        items = map(_as_gradient, result)
        return type(result)(*items) if hasattr(result, "_fields") else type(result)(items)
    if isinstance(result, (np.ndarray, np.generic)) and result.dtype.kind == "f":
        return np.asarray(result).view(GradientArray)
    return result


def _plain(result: Any) -> Any:
    return np.asarray(result) if isinstance(result, np.ndarray) else result


def refuse_gradients(items: Iterable[Any], receiver: str) -> None:
    """Raise GradientError if one of `items` is a `GradientArray` and operations are recorded."""
    if recording.on and any(isinstance(item, GradientArray) for item in items):
        raise GradientError(
            f"{receiver} was given an array that was computed from a gradient. Gradients are first "
            "order only: this array would count as a constant if the result is differentiated. "
            "Second derivatives are differences of gradients (docs/tape.md, Second derivatives). "
            "If a constant is meant, give np.asarray(array); what needs no gradient may be "
            "computed under no_grad()"
        )
