"""What to use for functions of NumPy, and attributes of arrays, that tensors do not have."""

from __future__ import annotations

from collections.abc import Callable
from inspect import getattr_static
from typing import Any

_FUNCTIONS = {
    "append": "concat",
    "array_split": "split(x, sections=[...]), with the lengths",
    "atleast_1d atleast_2d atleast_3d": "reshape or expand_dims",
    "average": "(x * weights).sum() / weights.sum()",
    "cbrt": "sign(x) * absolute(x) ** (1 / 3)",
    "column_stack": "hstack of columns, e.g. reshape(-1, 1)",
    "convolve correlate": "pmt_nn.conv2d",
    "copy": "x itself, as results are never changed in place",
    "cross": "products of x[..., 0], x[..., 1] and x[..., 2]",
    "cumulative_sum": "cumsum",
    "cumulative_prod": "cumprod",
    "deg2rad radians": "x * (np.pi / 180)",
    "rad2deg degrees": "x * (180 / np.pi)",
    "diff": "x[1:] - x[:-1]",
    "dstack": "concat(..., axis=2) or stack(..., axis=2)",
    "fft.fft fft.rfft": "matmul with the matrices of cosines and sines",
    "flipud fliplr rot90": "flip and swapaxes",
    "float_power": "power",
    "fmod": "mod, whose result has the sign of the divisor",
    "gradient": "differences of slices of x",
    "hypot": "norm(stack(x, y), axis=0)",
    "inner": "einsum",
    "kron": "einsum and reshape",
    "linalg.det linalg.inv linalg.solve linalg.svd linalg.eigh linalg.qr linalg.cholesky": (
        "a primitive with a backward of your own (docs/tape.md)"
    ),
    "matrix_transpose": "swapaxes(x, first=-1, second=-2)",
    "matvec vecmat": "matmul",
    "median percentile quantile": "sort, and the elements in question",
    "nan_to_num": "where(np.isfinite(x), x, 0)",
    "nansum nanmean nanmax nanmin nanstd nanvar": "masked(x, mask=~np.isnan(x)), or where",
    "partition": "sort or top_k",
    "ptp": "x.max() - x.min()",
    "put_along_axis put": "x.set(index, values)",
    "select choose": "where",
    "sinc": "sin(np.pi * x) / (np.pi * x)",
    "trapezoid": "sums of slices of x",
    "unstack": "split, or the tensor's rows: list(x)",
    "vdot vecdot": "(a * b).sum()",
}
_ATTRIBUTES = {
    "add_ sub_ mul_ div_ copy_ zero_ fill_ clamp_": "an operation that gives a new tensor",
    "all any": "comparisons, which give boolean arrays: (x > 0).all()",
    "argwhere nonzero": "np.nonzero(x)",
    "clamp": "clip",
    "clone copy": "x itself, as results are never changed in place, or x.detach() for its values",
    "conj real imag": "x itself: tensors are real",
    "cpu cuda to device": "x itself: all tensors are NumPy arrays in memory; x.astype for a dtype",
    "contiguous": "x itself",
    "cos_ sin_": "an operation that gives a new tensor",
    "dim": "ndim",
    "dot mm bmm mv": "x @ y",
    "double float half int long bool": "x.astype(np.float64) and the like",
    "eq ne lt le gt ge": "the operators ==, !=, <, <=, >, >=",
    "expand expand_as": "broadcast_to(x, shape=...)",
    "fill": "x.data[...] = value for a leaf",
    "flat": "x.ravel()",
    "gather": "take_along_axis(x, indices, axis=...)",
    "grad_fn": "node",
    "hessian": "differences of gradients (docs/tape.md, Second derivatives)",
    "index_select": "take(x, indices, axis=...)",
    "itemset put": "x.set(index, values)",
    "masked_fill": "where(mask, value, x)",
    "new_zeros new_ones new_tensor": "Tensor(np.zeros(...)) and the like",
    "permute": "x.transpose(axes)",
    "pow": "x ** y",
    "ptp": "x.max() - x.min()",
    "repeat_interleave": "repeat",
    "requires_grad_": "Tensor(x, requires_grad=True), or x.requires_grad = True for a leaf",
    "retain_grad": "gradients, of leaves",
    "tobytes tofile tolist": "x.data, and its methods",
    "topk": "top_k(x, k=...)",
    "unsqueeze": "expand_dims(x, axis=...)",
    "view resize": "x.reshape(...)",
}


def _by_name(table: dict[str, str]) -> dict[str, str]:
    return {name: text for names, text in table.items() for name in names.split()}


FOR_FUNCTIONS, FOR_ATTRIBUTES = _by_name(_FUNCTIONS), _by_name(_ATTRIBUTES)
"""Name of a function of NumPy, or of an attribute -> what to use instead."""


def alternative_to(function: Callable[..., Any]) -> str:
    """Return what to use for a function of NumPy that has no operation."""
    module = (getattr(function, "__module__", None) or "").removeprefix("numpy")
    name = f"{module}.{function.__name__}".lstrip(".")
    return FOR_FUNCTIONS.get(name, "an operation of pmt_autograd")


class MissingAttribute:
    """An attribute that tensors do not have: reading it raises an error that names what to use.

    Each has a name in the class. A `__getattr__` would do for all names, but CPython then reads all
    attributes of a tensor five times as slowly.
    """

    __slots__ = ("_instead", "_name")

    def __init__(self, name: str, instead: str) -> None:
        self._name = name
        self._instead = instead

    def __get__(self, tensor: object, kind: type) -> Any:
        raise AttributeError(
            f"{kind.__name__!r} object has no attribute {self._name!r}; use {self._instead}",
            name=self._name,
            obj=kind if tensor is None else tensor,
        )


def name_alternative(kind: type, name: str, instead: str) -> None:
    """Have the error on an attribute that a class does not have say what to use instead."""
    if not hasattr(kind, name):
        setattr(kind, name, MissingAttribute(name, FOR_ATTRIBUTES.get(name, instead)))


def existing_attributes(tensor: object) -> list[str]:
    """Return the names of the attributes that there are; as `Tensor.__dir__`."""
    names, kind = object.__dir__(tensor), type(tensor)
    return [n for n in names if not isinstance(getattr_static(kind, n, None), MissingAttribute)]
