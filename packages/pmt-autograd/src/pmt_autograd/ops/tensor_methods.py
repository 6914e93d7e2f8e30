"""The methods and operators of `Tensor`: one table, bound when the package is imported."""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper
from typing import Any

from pmt_autograd.backward import accumulate_gradients
from pmt_autograd.ops.arithmetic import add, divide, multiply, negative, power, subtract
from pmt_autograd.ops.elementwise import exp, log, sqrt, tanh
from pmt_autograd.ops.indexing import getitem
from pmt_autograd.ops.join_split import split
from pmt_autograd.ops.matmul import matmul
from pmt_autograd.ops.numpy_functions import array_function, array_ufunc
from pmt_autograd.ops.piecewise import absolute, clip
from pmt_autograd.ops.rearrange import repeat, squeeze
from pmt_autograd.ops.reduction import cumsum, max, mean, min, std, sum, var
from pmt_autograd.ops.scatter import set_items, take
from pmt_autograd.ops.shape import astype, reshape, swapaxes, transpose
from pmt_autograd.tensor import Tensor

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


def _unpacked(args: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return (2, 3) for both `f(2, 3)` and `f((2, 3))`."""
    return tuple(args[0]) if len(args) == 1 and isinstance(args[0], (tuple, list)) else args


_OPERATORS: dict[str, Method] = {"add": add, "sub": subtract, "mul": multiply, "truediv": divide}
_OPERATORS |= {"pow": power, "matmul": matmul}

TENSOR_METHODS: dict[str, Method] = {
    # The operations themselves are the operators: a function in between would cost a call.
    **{f"__{name}__": operation for name, operation in _OPERATORS.items()},
    **{f"__r{name}__": _reflected(operation) for name, operation in _OPERATORS.items()},
    "__neg__": negative,
    "__abs__": absolute,
    "__getitem__": _method(getitem, lambda self, index: getitem(self, index=index)),
    "abs": absolute,
    **{operation.__name__: operation for operation in (exp, log, sqrt, tanh)},
    **{operation.__name__: _reduction(operation) for operation in (max, mean, min, std, sum, var)},
    "astype": _method(astype, lambda self, dtype: astype(self, dtype=dtype)),
    "clip": _method(clip, lambda self, low=None, high=None: clip(self, low=low, high=high)),
    "cumsum": _method(cumsum, lambda self, axis=-1: cumsum(self, axis=axis)),
    "repeat": _method(repeat, lambda self, count, axis: repeat(self, count=count, axis=axis)),
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
    Tensor.__array_ufunc__ = array_ufunc
    Tensor.__array_function__ = array_function
