"""NumPy's functions on tensors: `np.sum(x)`, `np.exp(x)` and `array * x` record operations.

A function that has an operation here records it. One that has none is computed on the values, as
an array, if no gradient would be lost, and refused otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from pmt_autograd.alternatives import alternative_to
from pmt_autograd.ops import (
    arithmetic,
    diagonals,
    elementwise,
    join_split,
    piecewise,
    product,
    rearrange,
    reduction,
    rounding,
    sorting,
    trigonometry,
)
from pmt_autograd.ops import matmul as matrix_products
from pmt_autograd.ops import shape as shapes
from pmt_autograd.ops.einsum import einsum
from pmt_autograd.ops.indexing import getitem, where
from pmt_autograd.ops.matmul import matmul
from pmt_autograd.ops.scatter import take, take_along_axis
from pmt_autograd.tensor import Tensor, values
from pmt_core import DtypeError

Function = Callable[..., Any]

_OF_THE_SAME_NAME = [
    *(arithmetic.add, arithmetic.subtract, arithmetic.multiply, arithmetic.divide),
    *(arithmetic.power, arithmetic.negative, matmul, rounding.mod, rounding.floor_divide),
    *(piecewise.maximum, piecewise.minimum, piecewise.absolute),
    *(elementwise.exp, elementwise.exp2, elementwise.expm1, elementwise.log, elementwise.log1p),
    *(elementwise.log2, elementwise.log10, elementwise.logaddexp),
    *(elementwise.sqrt, elementwise.square),
    *(rounding.sign, rounding.floor, rounding.ceil, rounding.trunc),
    *(trigonometry.sin, trigonometry.cos, trigonometry.tan),
    *(trigonometry.arcsin, trigonometry.arccos, trigonometry.arctan, trigonometry.arctan2),
    *(trigonometry.sinh, trigonometry.cosh, trigonometry.tanh),
    *(trigonometry.arcsinh, trigonometry.arccosh, trigonometry.arctanh),
]

_UFUNCS: dict[Any, Function] = {
    **{getattr(np, operation.__name__): operation for operation in _OF_THE_SAME_NAME},
    np.fabs: piecewise.absolute,
    np.rint: rounding.round,
    np.positive: lambda x: x,
    np.reciprocal: lambda x: arithmetic.divide(1, x),
}


def _reduction(operation: Function) -> Function:
    return lambda x, axis=None, *, keepdims=False: operation(x, axis=axis, keepdims=keepdims)


def _moment(operation: Function) -> Function:
    def moment(
        x: Any, axis: Any = None, *, ddof: float = 0, correction: float = 0, keepdims: bool = False
    ) -> Any:
        return operation(x, axis=axis, ddof=ddof or correction, keepdims=keepdims)

    return moment


def _cumulative(operation: Function) -> Function:
    return lambda x, axis=None: (
        operation(shapes.reshape(x, shape=(-1,)), axis=0)
        if axis is None
        else operation(x, axis=axis)
    )


def _split(x: Any, where: Any, axis: int = 0) -> Any:
    """Split at indices, as NumPy does, or into equal parts."""
    if np.ndim(where) == 0:
        return list(join_split.split(x, sections=where, axis=axis))
    before = (slice(None),) * shapes.normalize_axis(axis, np.ndim(x))
    ends = [*where, None]
    return [
        getitem(x, index=(*before, slice(start, end)))
        for start, end in zip([0, *where], ends, strict=True)
    ]


def _pad(x: Any, widths: Any, mode: str = "constant", *, constant_values: float = 0) -> Tensor:
    if mode != "constant":
        raise TypeError(f"() has no mode {mode!r}, only 'constant'")
    pairs = np.broadcast_to(widths, (np.ndim(x), 2)).tolist()
    return rearrange.pad(x, widths=pairs, value=constant_values)


def _clip(
    x: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None
) -> Tensor:
    low, high = (b if a is None else a for a, b in ((a_min, min), (a_max, max)))
    return piecewise.clip(x, low, high)


def _dot(a: Any, b: Any) -> Tensor:
    if np.ndim(a) and np.ndim(b) > 2:
        raise TypeError("() has no second operand of more than two axes; use matmul or tensordot")
    return arithmetic.multiply(a, b) if 0 in (np.ndim(a), np.ndim(b)) else matmul(a, b)


_FUNCTIONS: dict[Any, Function] = {
    np.sum: _reduction(reduction.sum),
    np.prod: _reduction(product.prod),
    np.mean: _reduction(reduction.mean),
    np.var: _moment(reduction.var),
    np.std: _moment(reduction.std),
    np.max: _reduction(reduction.max),
    np.amax: _reduction(reduction.max),
    np.min: _reduction(reduction.min),
    np.amin: _reduction(reduction.min),
    np.linalg.norm: lambda x, *, axis=None, keepdims=False: reduction.norm(
        x, axis=axis, keepdims=keepdims
    ),
    np.cumsum: _cumulative(product.cumsum),
    np.cumprod: _cumulative(product.cumprod),
    np.sort: lambda x, axis=-1: sorting.sort(x, axis=axis),
    np.round: lambda x, decimals=0: rounding.round(x, decimals=decimals),
    np.around: lambda x, decimals=0: rounding.round(x, decimals=decimals),
    np.diag: lambda x, k=0: diagonals.diag(x, k=k),
    np.diagonal: lambda x, offset=0, axis1=0, axis2=1: diagonals.diagonal(
        x, offset=offset, axis1=axis1, axis2=axis2
    ),
    np.trace: lambda x, offset=0, axis1=0, axis2=1: diagonals.trace(
        x, offset=offset, axis1=axis1, axis2=axis2
    ),
    np.tril: lambda x, k=0: diagonals.tril(x, k=k),
    np.triu: lambda x, k=0: diagonals.triu(x, k=k),
    np.reshape: lambda x, shape: shapes.reshape(x, shape=shape),
    np.ravel: lambda x: shapes.reshape(x, shape=(-1,)),
    np.transpose: lambda x, axes=None: shapes.transpose(x, axes=axes),
    np.swapaxes: lambda x, axis1, axis2: shapes.swapaxes(x, first=axis1, second=axis2),
    np.broadcast_to: lambda x, shape: shapes.broadcast_to(x, shape=shape),
    np.squeeze: lambda x, axis=None: rearrange.squeeze(x, axis=axis),
    np.expand_dims: lambda x, axis: rearrange.expand_dims(x, axis=axis),
    np.moveaxis: lambda x, source, destination: rearrange.moveaxis(
        x, source=source, destination=destination
    ),
    np.flip: lambda x, axis=None: rearrange.flip(x, axis=axis),
    np.roll: lambda x, shift, axis=None: rearrange.roll(x, shift=shift, axis=axis),
    np.pad: _pad,
    np.tile: lambda x, reps: rearrange.tile(x, repeats=np.atleast_1d(reps).tolist()),
    np.repeat: lambda x, repeats, axis=None: rearrange.repeat(x, count=repeats, axis=axis),
    np.concatenate: lambda parts, axis=0: join_split.concat(*parts, axis=axis),
    np.stack: lambda parts, axis=0: join_split.stack(*parts, axis=axis),
    np.hstack: join_split.hstack,
    np.vstack: join_split.vstack,
    np.split: _split,
    np.where: lambda condition, a, b: where(values(condition), a, b),
    np.clip: _clip,
    np.take: lambda x, indices, axis=None: take(x, indices, axis=axis),
    np.take_along_axis: lambda x, indices, axis=-1: take_along_axis(x, indices, axis=axis),
    np.einsum: lambda subscripts, *operands, optimize=False: einsum(
        *operands, subscripts=subscripts
    ),
    np.dot: _dot,
    np.tensordot: matrix_products.tensordot,
    np.outer: matrix_products.outer,
}
if hasattr(np, "fix"):  # deprecated since NumPy 2.5
    _FUNCTIONS[np.fix] = rounding.trunc

# What has no gradient, because it is constant, boolean, an index or a shape.
_WITHOUT_GRADIENT = {
    *(np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal),
    *(np.isfinite, np.isnan, np.isinf, np.signbit, np.heaviside),
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
            f"np.{name} is no operation on the tape, and the gradient would be lost; use "
            f"{alternative_to(function)}, or .data for the values alone"
        )


def _requires_grad(item: Any) -> bool:
    if isinstance(item, (list, tuple, dict)):
        return any(map(_requires_grad, item.values() if isinstance(item, dict) else item))
    return isinstance(item, Tensor) and item.requires_grad
