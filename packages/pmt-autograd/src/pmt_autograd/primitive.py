"""`@primitive`: a NumPy function that returns its value and its backward becomes an operation."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from functools import update_wrapper
from typing import Any, Protocol, TypeAlias, overload

import numpy as np

from pmt_autograd.grad_mode import recording
from pmt_autograd.multiple_outputs import backward_of_all, backward_of_part
from pmt_autograd.node import Node, creation_numbers
from pmt_autograd.registry import Primitive, register
from pmt_autograd.tensor import Tensor
from pmt_autograd.types import Array

Function: TypeAlias = Callable[..., tuple[Any, Callable[[Any], Any]]]
Operation: TypeAlias = Callable[..., Any]
Values: TypeAlias = tuple[Array, ...]

_new = object.__new__


class TensorOperation(Protocol):
    """An operation that returns one tensor.

    Attributes:
        composed: the same in plain operations; there if `composed_form` attached it.
    """

    __name__: str
    composed: Callable[..., Tensor]

    def __call__(self, *inputs: Any, **settings: Any) -> Tensor:
        """Compute the value, and record it if an input requires a gradient."""
        ...


@overload
def primitive(function: Callable[..., tuple[Values, Any]]) -> Callable[..., tuple[Tensor, ...]]: ...


@overload
def primitive(function: Callable[..., tuple[Array, Any]]) -> TensorOperation: ...


def primitive(function: Function) -> Operation:
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

    An operation with several outputs returns a tuple of arrays as its value; its backward takes a
    tuple with a gradient for each of them. The operation then returns a tuple of tensors.

    A function that can save work where an input wants no gradient declares a keyword
    `needs_grad: Sequence[bool]`; it is told per positional input whether its gradient will be used.
    Where it will be, the input is an array. Every entry is False where nothing is recorded, so
    that nothing need be kept.

    The operation accepts tensors, arrays and scalars in any mixture and returns a `Tensor`. A
    floating array or NumPy scalar beside tensors takes their dtype: float32 stays float32.
    It is registered under the function's name; see `samples` for the inputs it is checked with.
    """
    operation = _of_any(function)
    shortcut = _shortcut(function)
    if shortcut is not None:
        operation = shortcut(function, operation)
    update_wrapper(operation, function)
    register(Primitive(name=function.__name__, function=function, operation=operation))
    return operation


def record(
    operation: str, value: Any, backward: Any, parents: Sequence[Node | Tensor | None]
) -> Tensor:
    """The result of an operation, with its node on the tape.

    Written out without calls of constructors: this runs once per operation.
    """
    node = _new(Node)
    node.operation = operation
    node.backward = backward
    node.parents = parents
    node.shape = value.shape
    node.order = next(creation_numbers)
    node.grad = None
    node.owned = False
    result = _new(Tensor)
    result._data = value if type(value) is np.ndarray else np.asarray(value)
    result.node = node
    result.requires_grad = True
    result.grad = None
    return result


def _of_any(function: Function) -> Operation:
    """The operation for any inputs and settings, recorded and with hooks or not."""
    name = function.__name__
    parameters = inspect.signature(function).parameters
    takes_needs_grad = "needs_grad" in parameters
    none_needed = (False,) * len(parameters)

    def operation(*inputs: Any, **settings: Any) -> Any:
        if recording.value_only:
            bare = _bare_arrays(inputs)
            if bare is not None:
                if takes_needs_grad:
                    settings["needs_grad"] = none_needed[: len(bare)]
                value, _ = function(*bare, **settings)
                if type(value) is tuple:
                    return _several(name, value, None, None)
                return Tensor.wrap(value)
        arrays: list[Any] = []
        parents: list[Node | Tensor | None] = []
        tracked = foreign = False
        for item in inputs:
            if isinstance(item, Tensor):
                arrays.append(item._data)
                if item.requires_grad:
                    parents.append(item.node or item)
                    tracked = True
                else:
                    parents.append(None)
            else:
                if isinstance(item, (list, tuple)):
                    item = np.asarray(item)
                foreign = foreign or isinstance(item, (np.ndarray, np.generic))
                arrays.append(item)
                parents.append(None)
        if foreign:
            arrays = _adopted(inputs, arrays)
        run = function
        if not recording.plain:
            tracked = tracked and recording.on
            for hook in recording.hooks:
                run = hook(name, run)
        if takes_needs_grad:
            settings["needs_grad"] = [tracked and parent is not None for parent in parents]
        value, backward = run(*arrays, **settings)
        if type(value) is tuple:
            return _several(name, value, backward, parents if tracked else None)
        if tracked:
            return record(name, value, backward, parents)
        return Tensor.wrap(value)

    return operation


def _bare_arrays(inputs: Sequence[Any]) -> list[Any] | None:
    """The arrays of tensors, ids, masks and absent inputs; None where others have to be adopted."""
    arrays: list[Any] = []
    for item in inputs:
        if isinstance(item, Tensor):
            arrays.append(item._data)
        elif item is None or (type(item) is np.ndarray and item.dtype.kind != "f"):
            arrays.append(item)
        else:
            return None
    return arrays


def _several(
    name: str, values: tuple[Any, ...], backward: Any, parents: list[Node | Tensor | None] | None
) -> Any:
    """A tuple of tensors, each with its own node behind the operation's; integers have none."""
    if parents is None:
        return tuple([Tensor.wrap(value) for value in values])
    whole = record(name, values[0], backward_of_all(values, backward), parents).node
    return tuple(
        [
            record(f"{name}[{i}]", value, backward_of_part(i), (whole,))
            if value.dtype.kind == "f"
            else Tensor.wrap(value)
            for i, value in enumerate(values)
        ]
    )


# --- shortcuts: the same for the commonest forms of an operation, at half the cost -------------


def _of_one(function: Function, otherwise: Operation) -> Operation:
    """`f(x)` of one recorded tensor; all else as `otherwise` does it."""
    name = function.__name__

    def operation(x: Any) -> Any:
        if isinstance(x, Tensor) and x.requires_grad and recording.plain:
            value, backward = function(x._data)
            if type(value) is tuple:
                return _several(name, value, backward, [x.node or x])
            return record(name, value, backward, (x.node or x,))
        return otherwise(x)

    return operation


def _of_one_with_settings(function: Function, otherwise: Operation) -> Operation:
    """`f(x, axis=...)` of one recorded tensor."""
    name = function.__name__

    def operation(x: Any, **settings: Any) -> Any:
        if isinstance(x, Tensor) and x.requires_grad and recording.plain:
            value, backward = function(x._data, **settings)
            if type(value) is tuple:
                return _several(name, value, backward, [x.node or x])
            return record(name, value, backward, (x.node or x,))
        return otherwise(x, **settings)

    return operation


def _of_two(function: Function, otherwise: Operation) -> Operation:
    """`f(a, b, needs_grad=)` of tensors and Python numbers."""
    name = function.__name__

    def operation(a: Any, b: Any) -> Any:
        if recording.plain:
            if isinstance(a, Tensor):
                by_a = a.requires_grad
                if isinstance(b, Tensor):
                    by_b = b.requires_grad
                    if by_a or by_b:
                        value, backward = function(a._data, b._data, needs_grad=(by_a, by_b))
                        parents = (a.node or a if by_a else None, b.node or b if by_b else None)
                        return record(name, value, backward, parents)
                elif by_a and (type(b) is float or type(b) is int):
                    value, backward = function(a._data, b, needs_grad=(True, False))
                    return record(name, value, backward, (a.node or a, None))
            elif (type(a) is float or type(a) is int) and isinstance(b, Tensor) and b.requires_grad:
                value, backward = function(a, b._data, needs_grad=(False, True))
                return record(name, value, backward, (None, b.node or b))
        return otherwise(a, b)

    return operation


def _shortcut(function: Function) -> Callable[[Function, Operation], Operation] | None:
    """The shortcut for a function's parameters, if there is one."""
    parameters = list(inspect.signature(function).parameters.values())
    inputs = [p for p in parameters if p.kind == p.POSITIONAL_OR_KEYWORD]
    settings = [p.name for p in parameters if p.kind == p.KEYWORD_ONLY]
    if len(inputs) + len(settings) < len(parameters):
        return None  # *inputs
    if len(inputs) == 1 and "needs_grad" not in settings:
        return _of_one_with_settings if settings else _of_one
    return _of_two if len(inputs) == 2 and settings == ["needs_grad"] else None


# --- foreign arrays --------------------------------------------------------------------------


def _adopted(inputs: Sequence[Any], arrays: list[Any]) -> list[Any]:
    """`arrays` with every wider floating array in the dtype of the first floating tensor."""
    floating = (x.dtype for x in inputs if isinstance(x, Tensor) and x.dtype.kind == "f")
    dtype = next(floating, None)
    if dtype is None:
        return arrays
    return [
        array.astype(dtype) if not isinstance(given, Tensor) and _is_wider(array, dtype) else array
        for given, array in zip(inputs, arrays, strict=True)
    ]


def _is_wider(item: Any, dtype: np.dtype[Any]) -> bool:
    return (
        isinstance(item, (np.ndarray, np.generic))
        and item.dtype.kind == "f"
        and item.dtype.itemsize > dtype.itemsize
    )
