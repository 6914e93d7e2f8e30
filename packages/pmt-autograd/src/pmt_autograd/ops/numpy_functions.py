"""NumPy's functions on tensors: `np.sum(x)`, `np.exp(x)` and `array * x` record operations.

A function that has an operation here records it. One that has none is computed on the values, as
an array, if no gradient would be lost, and refused otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from pmt_autograd.ops import arithmetic, elementwise, piecewise, rearrange, reduction, shape
from pmt_autograd.ops.einsum import einsum
from pmt_autograd.ops.join_split import concat, stack
from pmt_autograd.ops.matmul import matmul, outer, tensordot
from pmt_autograd.ops.scatter import take, take_along_axis
from pmt_autograd.tensor import Tensor, values
from pmt_core import DtypeError

Function = Callable[..., Any]

_UFUNCS: dict[Any, Function] = {
    np.add: arithmetic.add,
    np.subtract: arithmetic.subtract,
    np.multiply: arithmetic.multiply,
    np.divide: arithmetic.divide,
    np.power: arithmetic.power,
    np.negative: arithmetic.negative,
    np.matmul: matmul,
    np.maximum: piecewise.maximum,
    np.minimum: piecewise.minimum,
    np.absolute: piecewise.absolute,
    np.exp: elementwise.exp,
    np.expm1: elementwise.expm1,
    np.log: elementwise.log,
    np.log1p: elementwise.log1p,
    np.sqrt: elementwise.sqrt,
    np.square: elementwise.square,
    np.tanh: elementwise.tanh,
    np.sin: elementwise.sin,
    np.cos: elementwise.cos,
    np.arctan: elementwise.arctan,
}


def _reduction(operation: Function) -> Function:
    return lambda x, axis=None, *, keepdims=False: operation(x, axis=axis, keepdims=keepdims)


_FUNCTIONS: dict[Any, Function] = {
    np.sum: _reduction(reduction.sum),
    np.mean: _reduction(reduction.mean),
    np.var: _reduction(reduction.var),
    np.std: _reduction(reduction.std),
    np.max: _reduction(reduction.max),
    np.amax: _reduction(reduction.max),
    np.min: _reduction(reduction.min),
    np.amin: _reduction(reduction.min),
    np.linalg.norm: lambda x, *, axis=None, keepdims=False: reduction.norm(
        x, axis=axis, keepdims=keepdims
    ),
    np.cumsum: lambda x, axis=None: _flat_or(reduction.cumsum, x, axis),
    np.reshape: lambda x, shape_: shape.reshape(x, shape=shape_),
    np.transpose: lambda x, axes=None: shape.transpose(x, axes=axes),
    np.swapaxes: lambda x, axis1, axis2: shape.swapaxes(x, first=axis1, second=axis2),
    np.broadcast_to: lambda x, shape_: shape.broadcast_to(x, shape=shape_),
    np.squeeze: lambda x, axis=None: rearrange.squeeze(x, axis=axis),
    np.expand_dims: lambda x, axis: rearrange.expand_dims(x, axis=axis),
    np.moveaxis: lambda x, source, destination: rearrange.moveaxis(
        x, source=source, destination=destination
    ),
    np.flip: lambda x, axis=None: rearrange.flip(x, axis=axis),
    np.tile: lambda x, reps: rearrange.tile(x, repeats=np.atleast_1d(reps).tolist()),
    np.repeat: lambda x, repeats, axis=None: _flat_or(rearrange.repeat, x, axis, count=repeats),
    np.concatenate: lambda parts, axis=0: concat(*parts, axis=axis),
    np.stack: lambda parts, axis=0: stack(*parts, axis=axis),
    np.where: lambda condition, a, b: piecewise.where(values(condition), a, b),
    np.clip: lambda x, low=None, high=None: piecewise.clip(x, low=low, high=high),
    np.take: lambda x, indices, axis=None: take(x, indices, axis=axis),
    np.take_along_axis: lambda x, indices, axis=-1: take_along_axis(x, indices, axis=axis),
    np.einsum: lambda subscripts, *operands: einsum(*operands, subscripts=subscripts),
    np.tensordot: tensordot,
    np.outer: outer,
}


def _flat_or(operation: Function, x: Any, axis: int | None, **settings: Any) -> Tensor:
    """Compute an operation along an axis, or of the flat tensor if it is None."""
    if axis is None:
        x, axis = shape.reshape(x, shape=(-1,)), 0
    result: Tensor = operation(x, axis=axis, **settings)
    return result


# What has no gradient, because it is constant, boolean, an index or a shape.
_WITHOUT_GRADIENT = {
    *(np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal),
    *(np.isfinite, np.isnan, np.isinf, np.sign, np.signbit, np.floor, np.ceil, np.rint, np.trunc),
    *(np.shape, np.ndim, np.size, np.result_type, np.can_cast, np.array2string),
    *(np.array_repr, np.array_str, np.zeros_like, np.ones_like, np.empty_like, np.full_like),
    *(np.argmax, np.argmin, np.argsort, np.nonzero, np.flatnonzero, np.count_nonzero),
    *(np.any, np.all, np.array_equal, np.allclose, np.isclose),
}


def array_ufunc(self: Tensor, ufunc: np.ufunc, method: str, *inputs: Any, **settings: Any) -> Any:
    """Compute a NumPy ufunc of tensors, as `Tensor.__array_ufunc__`."""
    operation = _UFUNCS.get(ufunc)
    if operation is not None and method == "__call__" and not settings:
        return operation(*inputs)
    name = ufunc.__name__ if method == "__call__" else f"{ufunc.__name__}.{method}"
    _refuse_lost_gradient(
        ufunc, f"{name} into an array" if "out" in settings else name, [inputs, settings]
    )
    return getattr(ufunc, method)(*_values(inputs), **_values(settings))


def array_function(
    self: Tensor, function: Function, types: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """Compute a NumPy function of tensors, as `Tensor.__array_function__`."""
    operation = _FUNCTIONS.get(function)
    if operation is not None:
        try:
            return operation(*args, **kwargs)
        except TypeError as error:
            if isinstance(error, DtypeError):
                raise
            problem = str(error).partition("() ")[2] or str(error)
            raise DtypeError(
                f"np.{function.__name__} of a tensor {problem}; use the operation of pmt_autograd, "
                "or .data for the values alone"
            ) from error
    _refuse_lost_gradient(function, function.__name__, [args, kwargs])
    return function(*_values(args), **_values(kwargs))


def _values(item: Any) -> Any:
    """Return a nested argument with the arrays of its tensors."""
    if isinstance(item, (list, tuple)):
        return type(item)(map(_values, item))
    if isinstance(item, dict):
        return {key: _values(value) for key, value in item.items()}
    return values(item)


def _refuse_lost_gradient(function: Any, name: str, inputs: Iterable[Any]) -> None:
    """Raise DtypeError if a tensor among nested inputs requires a gradient and it would be lost."""
    if function not in _WITHOUT_GRADIENT and any(map(_requires_grad, inputs)):
        raise DtypeError(
            f"np.{name} is no operation on the tape, and the gradient would be lost; use an "
            "operation of pmt_autograd, or .data for the values alone"
        )


def _requires_grad(item: Any) -> bool:
    if isinstance(item, (list, tuple, dict)):
        return any(map(_requires_grad, item.values() if isinstance(item, dict) else item))
    return isinstance(item, Tensor) and item.requires_grad
