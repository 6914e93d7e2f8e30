"""The way back through broadcasting."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from pmt_core.errors import ShapeError

__all__ = ["unbroadcast"]

S = TypeVar("S", bound=np.generic)


def unbroadcast(grad: NDArray[S], shape: tuple[int, ...]) -> NDArray[S]:
    """Sum `grad` back to the `shape` that was broadcast to its own.

    An element that broadcasting used many times gets the sum of the gradients of all its uses.
    grad: any dtype, kept. Returns `grad` itself (no copy) where the shapes are already equal.
    Raises `ShapeError` where `shape` does not broadcast to `grad.shape`.
    """
    if grad.shape == shape:
        return grad
    added = grad.ndim - len(shape)
    if added > 0 and grad.shape[added:] == shape:  # the commonest case: only new axes in front
        return np.asarray(np.add.reduce(grad, axis=tuple(range(added)), dtype=grad.dtype))
    stretched = [
        added + axis
        for axis, (size, wide) in enumerate(zip(shape, grad.shape[max(added, 0) :], strict=False))
        if size != wide
    ]
    if added < 0 or any(shape[axis - added] != 1 for axis in stretched):
        raise ShapeError(
            f"shape {shape} does not broadcast to the gradient's shape {grad.shape}: "
            "sizes must be equal, or 1, counted from the last axis"
        )
    axes = (*range(added), *stretched)
    total: NDArray[Any] = np.add.reduce(grad, axis=axes, dtype=grad.dtype, keepdims=True)
    return total.reshape(shape)
