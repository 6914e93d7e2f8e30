"""The methods and operators of `Tensor`: one table, bound when the package is imported."""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import update_wrapper
from typing import Any

import numpy as np

from pmt_autograd.alternatives import FOR_ATTRIBUTES, existing_attributes, name_alternative
from pmt_autograd.backward import accumulate_gradients
from pmt_autograd.ops.arithmetic import add, divide, multiply, negative, power, subtract
from pmt_autograd.ops.diagonals import diagonal, trace
from pmt_autograd.ops.elementwise import exp, log, sigmoid, sqrt
from pmt_autograd.ops.indexing import getitem
from pmt_autograd.ops.join_split import split
from pmt_autograd.ops.matmul import matmul
from pmt_autograd.ops.numpy_functions import array_function, array_ufunc
from pmt_autograd.ops.piecewise import absolute, clip, relu
from pmt_autograd.ops.product import cumprod, cumsum, prod
from pmt_autograd.ops.rearrange import repeat, squeeze
from pmt_autograd.ops.reduction import max, mean, min, std, sum, var
from pmt_autograd.ops.rounding import floor_divide, mod, round
from pmt_autograd.ops.scatter import set_items, take
from pmt_autograd.ops.shape import astype, reshape, swapaxes, transpose
from pmt_autograd.ops.softmax import log_softmax, logsumexp, softmax
from pmt_autograd.ops.sorting import argsort, sort
from pmt_autograd.ops.trigonometry import cos, sin, tanh
from pmt_autograd.tensor import Tensor, values

Method = Callable[..., Any]


def _reflected(operation: Method) -> Method:
    """Return the operator for a left operand that is not a tensor, e.g. `2 * x`."""
    return _method(operation, lambda second, first: operation(first, second))


def _method(operation: Method, method: Method) -> Method:
    """Return `method`, which takes the settings of an operation by position too, documented."""
    method.__doc__ = operation.__doc__
    return method


def _reduction(operation: Method) -> Method:
    def method(self: Any, axis: Any = None, keepdims: bool = False) -> Any:
        return operation(self, axis=axis, keepdims=keepdims)

    return _method(operation, method)


def _moment(operation: Method) -> Method:
    def method(self: Any, axis: Any = None, keepdims: bool = False, ddof: float = 0) -> Any:
        return operation(self, axis=axis, ddof=ddof, keepdims=keepdims)

    return _method(operation, method)


def _along(operation: Method) -> Method:
    def method(self: Any, axis: Any = -1) -> Any:
        return operation(self, axis=axis)

    return _method(operation, method)


def _diagonal(operation: Method) -> Method:
    def method(self: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
        return operation(self, offset=offset, axis1=axis1, axis2=axis2)

    return _method(operation, method)


def _comparison(compare: Method) -> Method:
    def method(self: Any, other: Any) -> Any:
        """Compare the elements; return a boolean array, which has no gradient."""
        return np.asarray(compare(self._data, values(other)))

    return method


def _argmax(self: Any, axis: int | None = None) -> Any:
    """Return the index of the largest value as an array: an index has no gradient."""
    return np.asarray(self._data.argmax(axis))


def _argmin(self: Any, axis: int | None = None) -> Any:
    """Return the index of the smallest value as an array: an index has no gradient."""
    return np.asarray(self._data.argmin(axis))


def _unpacked(args: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return (2, 3) for both `f(2, 3)` and `f((2, 3))`."""
    return tuple(args[0]) if len(args) == 1 and isinstance(args[0], (tuple, list)) else args


_OPERATORS: dict[str, Method] = {"add": add, "sub": subtract, "mul": multiply, "truediv": divide}
_OPERATORS |= {"pow": power, "matmul": matmul, "mod": mod, "floordiv": floor_divide}
_COMPARISONS = ("eq", "ne", "lt", "le", "gt", "ge")
_ELEMENTWISE = (exp, log, sqrt, sin, cos, tanh, sigmoid, relu)
_REDUCTIONS = (max, mean, min, prod, sum)

TENSOR_METHODS: dict[str, Method] = {
    # The operations themselves are the operators: a function in between would cost a call.
    **{f"__{name}__": operation for name, operation in _OPERATORS.items()},
    **{f"__r{name}__": _reflected(operation) for name, operation in _OPERATORS.items()},
    "__neg__": negative,
    "__abs__": absolute,
    "__getitem__": _method(getitem, lambda self, index: getitem(self, index=index)),
    "abs": absolute,
    **{f"__{name}__": _comparison(getattr(operator, name)) for name in _COMPARISONS},
    **{op.__name__: op for op in _ELEMENTWISE},
    **{op.__name__: _reduction(op) for op in _REDUCTIONS},
    **{op.__name__: _moment(op) for op in (std, var)},
    **{op.__name__: _along(op) for op in (cumsum, cumprod, sort, argsort)},
    **{op.__name__: _along(op) for op in (softmax, log_softmax)},
    **{op.__name__: _diagonal(op) for op in (diagonal, trace)},
    "argmax": _argmax,
    "argmin": _argmin,
    "astype": _method(astype, lambda self, dtype: astype(self, dtype=dtype)),
    "clip": _method(clip, lambda self, low=None, high=None: clip(self, low=low, high=high)),
    "logsumexp": _method(
        logsumexp,
        lambda self, axis=-1, keepdims=False: logsumexp(self, axis=axis, keepdims=keepdims),
    ),
    "ravel": _method(reshape, lambda self: reshape(self, shape=(-1,))),
    "repeat": _method(repeat, lambda self, count, axis=None: repeat(self, count=count, axis=axis)),
    "round": _method(round, lambda self, decimals=0: round(self, decimals=decimals)),
    "__round__": _method(round, lambda self, decimals=0: round(self, decimals=decimals)),
    "reshape": _method(reshape, lambda self, *shape: reshape(self, shape=_unpacked(shape))),
    "set": _method(set_items, lambda self, index, value: set_items(self, value, index=index)),
    "split": _method(
        split, lambda self, sections, axis=0: split(self, sections=sections, axis=axis)
    ),
    "squeeze": _method(squeeze, lambda self, axis=None: squeeze(self, axis=axis)),
    "swapaxes": _method(
        swapaxes, lambda self, first, second: swapaxes(self, first=first, second=second)
    ),
    "take": _method(take, lambda self, indices, axis=None: take(self, indices, axis=axis)),
    "transpose": _method(
        transpose, lambda self, *axes: transpose(self, axes=_unpacked(axes) or None)
    ),
    "backward": accumulate_gradients,
}
"""Method of `Tensor` -> the function that it is bound to."""


def bind_tensor_methods() -> None:
    """Bind every method that `Tensor` declares to its function."""
    for name, function in TENSOR_METHODS.items():
        if function.__module__ == __name__:  # not an operation: takes the declared signature
            update_wrapper(function, getattr(Tensor, name), assigned=("__name__", "__qualname__"))
        setattr(Tensor, name, function)
    setattr(Tensor, "T", property(transpose, doc=Tensor.T.__doc__))  # noqa: B010
    setattr(Tensor, "__dir__", existing_attributes)  # noqa: B010
    for name, instead in FOR_ATTRIBUTES.items():
        name_alternative(Tensor, name, instead)
    Tensor.__array_ufunc__ = array_ufunc
    Tensor.__array_function__ = array_function
