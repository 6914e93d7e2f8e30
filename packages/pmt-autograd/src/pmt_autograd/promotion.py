"""Dtypes: of the numbers that a tensor is made of, and of the two operands of arithmetic."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy import ndarray
from numpy.typing import DTypeLike, NDArray

from pmt_core import DtypeError


def as_numbers(data: Any, dtype: DTypeLike | None, requires_grad: bool) -> NDArray[Any]:
    """Return the array of a tensor. Python floats become float32; arrays keep their dtype.

    dtype: dtype to convert to. Raises DtypeError if the data are not numbers, or a gradient is
    required of numbers that are not floating.
    """
    has_dtype = isinstance(data, (np.ndarray, np.generic))
    array = np.asarray(data, dtype=dtype)
    if dtype is None and not has_dtype and array.dtype == np.float64:
        array = array.astype(np.float32)
    if array.dtype.kind not in "fiub":
        raise DtypeError(
            f"a tensor holds floating, integer or boolean numbers, got dtype {array.dtype}; "
            "give an array of numbers, all rows of one length"
        )
    if requires_grad and array.dtype.kind != "f":
        raise DtypeError(
            f"only floating tensors have gradients, got dtype {array.dtype}; "
            "convert with .astype(np.float32)"
        )
    return array


def alike(first: Any, second: Any) -> bool:
    """Return whether two operands are arrays of one dtype and shape: nothing to convert or sum."""
    return (
        type(first) is ndarray
        and type(second) is ndarray
        and first.dtype is second.dtype
        and first.shape == second.shape
    )


def promote(first: Any, second: Any) -> tuple[Any, Any]:
    """Convert two operands so that a floating one keeps its dtype.

    A Python number beside a floating array becomes an array of its dtype, as in NumPy 2, where the
    conversion in each operation takes as long as the operation. An integer or boolean array beside
    a floating one takes its dtype (NumPy would convert both to float64); beside a Python float it
    becomes float32. Lists become arrays.
    """
    if type(first) is ndarray:
        if type(second) is ndarray:
            if first.dtype is second.dtype:
                return first, second
        elif type(second) in _NUMBERS and first.dtype.kind == "f":
            return first, np.asarray(second, first.dtype)
    elif type(first) in _NUMBERS and type(second) is ndarray and second.dtype.kind == "f":
        return np.asarray(first, second.dtype), second
    if isinstance(first, _NUMBERS) and isinstance(second, _NUMBERS):
        return np.asarray(first), np.asarray(second)
    first, second = _array(first), _array(second)
    return _float_like(first, second), _float_like(second, first)


def _array(operand: Any) -> Any:
    return operand if isinstance(operand, (np.generic, *_NUMBERS)) else np.asarray(operand)


_NUMBERS = (int, float)


def _float_like(operand: Any, other: Any) -> Any:
    if not (isinstance(operand, (np.ndarray, np.generic)) and operand.dtype.kind in "iub"):
        return operand
    if type(other) is float:
        return operand.astype(np.float32)
    if isinstance(other, (np.ndarray, np.generic)) and other.dtype.kind == "f":
        return operand.astype(other.dtype)
    return operand
