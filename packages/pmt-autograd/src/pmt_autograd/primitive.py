"""`@primitive`: a NumPy function that returns its value and its backward becomes an operation."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from functools import update_wrapper
from typing import Any

import numpy as np

from pmt_autograd.node import Node
from pmt_autograd.recording import recording
from pmt_autograd.registry import Primitive, register
from pmt_autograd.tensor import Tensor

_new_tensor = Tensor.wrap


def primitive(function: Callable[..., tuple[Any, Callable[[Any], Any]]]) -> Callable[..., Tensor]:
    """Turn an array function with a gradient into an operation on tensors.

        @primitive
        def tanh(x):
            y = np.tanh(x)
            def backward(grad):
                return grad * (1 - y * y)
            return y, backward

    `function` takes arrays (and Python scalars) as positional arguments and settings as keyword
    arguments. It returns `(value, backward)`. `backward(grad)` takes the gradient of the loss by
    the value, of its shape and dtype, and returns the gradient by the input, or, for several
    positional inputs, a tuple with one entry each; None stands for "no gradient" (indices,
    masks). A gradient has the shape of its input: `pmt_core.unbroadcast` undoes broadcasting.
    It must leave `grad` and the inputs unchanged.

    A function that can save work where an input wants no gradient declares a keyword
    `wanted: Sequence[bool]`; it is told per positional input whether its gradient will be used.
    Every entry is False where nothing is recorded, so that nothing need be kept.

    The operation accepts tensors, arrays and scalars in any mixture and returns a `Tensor`. A
    floating array or NumPy scalar beside tensors takes their dtype: float32 stays float32.
    It is registered under the function's name; see `samples` for the inputs it is checked with.
    """
    name = function.__name__
    tells_wanted = "wanted" in inspect.signature(function).parameters

    def operation(*inputs: Any, **settings: Any) -> Tensor:
        arrays: list[Any] = []
        parents: list[Node | Tensor | None] = []
        tracked = foreign = False
        for item in inputs:
            parent: Node | Tensor | None = None
            if isinstance(item, Tensor):
                parent = item.node
                if parent is None:
                    if item.requires_grad:
                        parent = item
                        tracked = True
                else:
                    tracked = True
                item = item.data
            elif isinstance(item, (np.ndarray, np.generic)):
                foreign = True
            arrays.append(item)
            parents.append(parent)
        if foreign:
            arrays = _adopted(inputs, arrays)

        tracked = tracked and recording.on
        if tells_wanted:
            settings["wanted"] = tuple([tracked and parent is not None for parent in parents])
        value, backward = function(*arrays, **settings)
        if tracked:
            return _new_tensor(value, Node(name, backward, parents, value.shape))
        return _new_tensor(value, None)

    update_wrapper(operation, function)
    register(Primitive(name=name, function=function, operation=operation))
    return operation


def _adopted(inputs: Sequence[Any], arrays: list[Any]) -> list[Any]:
    """`arrays` with every wider floating array in the dtype of the first floating tensor."""
    floating = (x.data.dtype for x in inputs if isinstance(x, Tensor) and x.data.dtype.kind == "f")
    dtype = next(floating, None)
    if dtype is None:
        return arrays
    return [
        array.astype(dtype)
        if array is given and _is_wider(array, dtype)  # a tensor's own array is never cast
        else array
        for given, array in zip(inputs, arrays, strict=True)
    ]


def _is_wider(item: Any, dtype: np.dtype[Any]) -> bool:
    return (
        isinstance(item, (np.ndarray, np.generic))
        and item.dtype.kind == "f"
        and item.dtype.itemsize > dtype.itemsize
    )
