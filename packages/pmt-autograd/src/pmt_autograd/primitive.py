"""`@primitive`: turns a function of arrays with a backward into an operation on tensors."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from functools import update_wrapper
from typing import Any, Protocol, TypeAlias, overload

import numpy as np

from pmt_autograd.grad_mode import contexts, recording
from pmt_autograd.gradient_array import GradientArray, refuse_gradients
from pmt_autograd.node import Node
from pmt_autograd.record import record, record_all
from pmt_autograd.registry import Primitive, register
from pmt_autograd.tensor import Tensor
from pmt_autograd.types import Array

Function: TypeAlias = Callable[..., tuple[Any, Callable[[Any], Any]]]
Operation: TypeAlias = Callable[..., Any]
Values: TypeAlias = tuple[Array, ...]


class TensorOperation(Protocol):
    """An operation that returns one tensor."""

    __name__: str
    composed: Callable[..., Tensor]
    """The same function in plain operations, if `composed_form` has attached one."""

    def __call__(self, *inputs: Any, **settings: Any) -> Tensor:
        """Compute the value, and record the operation if an input requires a gradient."""
        ...


@overload
def primitive(function: Callable[..., tuple[Values, Any]]) -> Callable[..., tuple[Tensor, ...]]: ...


@overload
def primitive(function: Callable[..., tuple[Array, Any]]) -> TensorOperation: ...


def primitive(function: Function) -> Operation:
    """Turn an array function with a gradient into an operation on tensors.

    The operation accepts tensors, arrays and scalars in any mixture and returns a `Tensor`. A
    floating array or NumPy scalar beside tensors is converted to their dtype: float32 stays
    float32. The operation is registered under the function's name, or if a primitive of another
    module has it, under "module.name"; see `samples` for the inputs that its gradient is checked
    with.

    The function takes arrays (and Python scalars) as positional arguments and settings as keyword
    arguments, and returns `(value, backward)`. It must not change its inputs. `backward(grad)`
    receives the gradient with respect to the value, of its shape and dtype, and must not change
    it. It returns the gradient with respect to the input or, if there are several positional
    inputs, a tuple with one entry each: None for an input without a gradient (indices, masks). Each
    gradient has the shape of its input; `pmt_core.unbroadcast` reverses broadcasting.

    For several outputs the value is a tuple of arrays; `backward` then receives a tuple of
    gradients, and the operation returns a tuple of tensors.

    A function that can save work if an input needs no gradient declares a keyword
    `needs_grad: Sequence[bool]`. It receives one entry for each positional input: True if the
    gradient will be used (the input is then an array). All are False if nothing is recorded, so
    that nothing needs to be saved.

    Examples:
        >>> from pmt_autograd import Tensor, primitive
        >>> @primitive
        ... def cube(x):
        ...     return x**3, lambda grad: grad * 3 * x**2
        >>> x = Tensor([1.0, 2.0], requires_grad=True)
        >>> cube(x)
        Tensor([1., 8.], dtype=float32, made by cube)
        >>> cube(x).sum().backward()
        >>> x.grad
        GradientArray([ 3., 12.], dtype=float32)
    """
    signature = inspect.signature(function)
    entry = Primitive(name=function.__name__, function=function)
    operation = _of_any(entry, signature)
    if shortcut := _shortcut(signature):
        operation = shortcut(entry, operation)
    update_wrapper(operation, function)
    operation.__signature__ = _tensor_signature(signature)  # type: ignore[attr-defined]
    entry.operation, operation.entry = operation, entry  # type: ignore[attr-defined]
    register(entry)
    return operation


def _tensor_signature(signature: inspect.Signature) -> inspect.Signature:
    """Return the signature that users see: tensors for arrays, without `needs_grad`."""
    parameters = [
        p.replace(annotation="Tensor | Array") if p.annotation == "Array" else p
        for p in signature.parameters.values()
        if p.name != "needs_grad"
    ]
    several = str(signature.return_annotation).startswith("tuple[tuple")
    returned = "tuple[Tensor, ...]" if several else "Tensor"
    return signature.replace(parameters=parameters, return_annotation=returned)


# --- any inputs, recorded or not, with hooks or without ------------------------------------------


def _of_any(entry: Primitive, signature: inspect.Signature) -> Operation:
    function = entry.function
    takes_needs_grad = "needs_grad" in signature.parameters
    none_needed = (False,) * len(signature.parameters)

    def operation(*inputs: Any, **settings: Any) -> Any:
        if recording.value_only:
            data = _arrays_of_tensors(inputs)
            if data is not None:
                if takes_needs_grad:
                    settings["needs_grad"] = none_needed[: len(data)]
                value, _ = function(*data, **settings)
                if type(value) is tuple:
                    return record_all(entry.name, value, None, None)
                return Tensor.wrap(value)
        arrays, parents, tracked = _arrays_and_parents(inputs, entry.name)
        run = function
        if not recording.plain:
            tracked = tracked and recording.on
            for hook in recording.hooks:
                run = hook(entry.name, run)
        if takes_needs_grad:
            settings["needs_grad"] = [tracked and parent is not None for parent in parents]
        value, backward = run(*arrays, **settings)
        if type(value) is tuple:
            return record_all(entry.name, value, backward, parents if tracked else None)
        if tracked:
            return record(entry.name, value, backward, parents)
        return Tensor.wrap(value)

    return operation


def _arrays_of_tensors(inputs: Sequence[Any]) -> list[Any] | None:
    """Return the arrays of tensors, ids, masks and absent inputs; None if others are among them."""
    arrays: list[Any] = []
    for item in inputs:
        if isinstance(item, Tensor):
            arrays.append(item._data)
        elif item is None or (type(item) is np.ndarray and item.dtype.kind != "f"):
            arrays.append(item)
        else:
            return None
    return arrays


def _arrays_and_parents(
    inputs: Sequence[Any], name: str
) -> tuple[list[Any], list[Node | Tensor | None], bool]:
    """Return the array and the parent node of each input, and whether any needs a gradient.

    name: of the operation. Raises GradientError if an input is a gradient.
    """
    arrays: list[Any] = []
    parents: list[Node | Tensor | None] = []
    tracked = has_arrays = False
    for item in inputs:
        if isinstance(item, Tensor):
            arrays.append(item._data)
            if item.requires_grad:
                parents.append(item.node or item)
                tracked = True
            else:
                parents.append(None)
        else:
            if isinstance(item, (list, tuple, GradientArray)):
                refuse_gradients([item] if isinstance(item, GradientArray) else item, name)
                item = np.asarray(item)
            has_arrays = has_arrays or isinstance(item, (np.ndarray, np.generic))
            arrays.append(item)
            parents.append(None)
    if has_arrays:
        arrays = _in_dtype_of_tensors(inputs, arrays)
    return arrays, parents, tracked


def _in_dtype_of_tensors(inputs: Sequence[Any], arrays: list[Any]) -> list[Any]:
    """Convert every wider floating array to the dtype of the first floating tensor."""
    floating = (x.dtype for x in inputs if isinstance(x, Tensor) and x.dtype.kind == "f")
    dtype = next(floating, None)
    if dtype is None:
        return arrays
    return [
        array.astype(dtype)
        if not isinstance(original, Tensor) and _is_wider(array, dtype)
        else array
        for original, array in zip(inputs, arrays, strict=True)
    ]


def _is_wider(item: Any, dtype: np.dtype[Any]) -> bool:
    return (
        isinstance(item, (np.ndarray, np.generic))
        and item.dtype.kind == "f"
        and item.dtype.itemsize > dtype.itemsize
    )


# --- shortcuts: the commonest signatures, on recorded tensors, in half the time ------------------


def _of_one(entry: Primitive, otherwise: Operation) -> Operation:
    """Return the operation `f(x)`; `otherwise` handles all but a recorded tensor."""
    function = entry.function

    def operation(x: Any) -> Any:
        if isinstance(x, Tensor) and x.requires_grad and (not contexts.count or recording.plain):
            value, backward = function(x._data)
            if type(value) is tuple:
                return record_all(entry.name, value, backward, (x.node or x,))
            return record(entry.name, value, backward, (x.node or x,))
        return otherwise(x)

    return operation


def _of_one_with_settings(entry: Primitive, otherwise: Operation) -> Operation:
    """Return the operation `f(x, axis=...)`; `otherwise` handles all but a recorded tensor."""
    function = entry.function

    def operation(x: Any, **settings: Any) -> Any:
        if isinstance(x, Tensor) and x.requires_grad and (not contexts.count or recording.plain):
            value, backward = function(x._data, **settings)
            if type(value) is tuple:
                return record_all(entry.name, value, backward, (x.node or x,))
            return record(entry.name, value, backward, (x.node or x,))
        return otherwise(x, **settings)

    return operation


def _of_two(entry: Primitive, otherwise: Operation) -> Operation:
    """Return the operation `f(a, b, needs_grad=)` of recorded tensors and Python numbers."""
    function = entry.function

    def operation(a: Any, b: Any) -> Any:
        if not contexts.count or recording.plain:
            if not isinstance(a, Tensor):
                return number_first(a, b)
            by_a = a.requires_grad
            if isinstance(b, Tensor):
                by_b = b.requires_grad
                if by_a or by_b:
                    value, backward = function(a._data, b._data, needs_grad=(by_a, by_b))
                    parents = (a.node or a if by_a else None, b.node or b if by_b else None)
                    return record(entry.name, value, backward, parents)
            elif by_a and (type(b) is float or type(b) is int):
                value, backward = function(a._data, b, needs_grad=(True, False))
                return record(entry.name, value, backward, (a.node or a, None))
        return otherwise(a, b)

    def number_first(a: Any, b: Any) -> Any:
        if (type(a) is float or type(a) is int) and isinstance(b, Tensor) and b.requires_grad:
            value, backward = function(a, b._data, needs_grad=(False, True))
            return record(entry.name, value, backward, (None, b.node or b))
        return otherwise(a, b)

    return operation


def _shortcut(signature: inspect.Signature) -> Callable[[Primitive, Operation], Operation] | None:
    """Return the shortcut for a signature, or None."""
    parameters = list(signature.parameters.values())
    inputs = [p for p in parameters if p.kind == p.POSITIONAL_OR_KEYWORD]
    settings = [p.name for p in parameters if p.kind == p.KEYWORD_ONLY]
    if len(inputs) + len(settings) < len(parameters):
        return None  # *inputs
    if len(inputs) == 1 and "needs_grad" not in settings:
        return _of_one_with_settings if settings else _of_one
    return _of_two if len(inputs) == 2 and settings == ["needs_grad"] else None
