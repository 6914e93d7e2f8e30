"""Type promotion of the two operands of arithmetic."""

from __future__ import annotations

from typing import Any

import numpy as np


def promote(first: Any, second: Any) -> tuple[Any, Any]:
    """Convert two operands so that a floating one keeps its dtype.

    Python numbers are unchanged: NumPy 2 gives them the dtype of the array. An integer or boolean
    array beside a floating one takes its dtype (NumPy would convert both to float64); beside a
    Python float it becomes float32. Lists become arrays.
    """
    if type(first) is np.ndarray:
        if type(second) is np.ndarray:
            if first.dtype is second.dtype:
                return first, second
        elif type(second) is int or (type(second) is float and first.dtype.kind == "f"):
            return first, second
    first, second = _array(first), _array(second)
    return _float_like(first, second), _float_like(second, first)


def _array(operand: Any) -> Any:
    return operand if isinstance(operand, (np.generic, int, float)) else np.asarray(operand)


def _float_like(operand: Any, other: Any) -> Any:
    if not (isinstance(operand, (np.ndarray, np.generic)) and operand.dtype.kind in "iub"):
        return operand
    if type(other) is float:
        return operand.astype(np.float32)
    if isinstance(other, (np.ndarray, np.generic)) and other.dtype.kind == "f":
        return operand.astype(other.dtype)
    return operand
