"""The results of operations as tensors: one output or several, each with a node on the tape."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy import ndarray

from pmt_autograd.node import Node, creation_numbers
from pmt_autograd.tensor import Tensor
from pmt_autograd.types import Array

Parents = Sequence[Node | Tensor | None]

_new = object.__new__


def record(operation: str, value: Any, backward: Any, parents: Parents) -> Tensor:
    """Return the result of an operation as a tensor with a node on the tape.

    Runs once for each operation, so it sets the attributes without calling constructors.
    """
    node = Node()
    node.operation = operation
    node.backward = backward
    node.parents = parents
    node.shape = value.shape
    node.order = next(creation_numbers)
    node.grad = None
    result = _new(Tensor)
    result._data = value if type(value) is ndarray else np.asarray(value)
    result.node = node
    result.requires_grad = True
    result.grad = None
    return result


def record_all(
    name: str, values: tuple[Any, ...], backward: Any, parents: Parents | None
) -> tuple[Tensor, ...]:
    """Return several outputs as tensors, each with a node of its own behind the operation's.

    Integer outputs have no node; none has if `parents` is None.
    """
    if parents is None:
        return tuple([Tensor.wrap(value) for value in values])
    whole = record(name, values[0], _backward_of_all(values, backward), parents).node
    return tuple(
        [
            record(f"{name}[{i}]", value, _backward_of_part(i), (whole,))
            if value.dtype.kind == "f"
            else Tensor.wrap(value)
            for i, value in enumerate(values)
        ]
    )


class PartGradients:
    """Gradients of some outputs: the node of each used output adds one to the operation's node."""

    __slots__ = ("parts",)

    def __init__(self, parts: dict[int, Any]) -> None:
        self.parts = parts

    def __add__(self, other: PartGradients) -> PartGradients:
        return PartGradients({**self.parts, **other.parts})  # an output has one node, so one part


def _backward_of_part(index: int) -> Callable[[Array], PartGradients]:
    """Return the backward of output `index`: it turns its gradient into a part of the whole."""

    def backward(grad: Array) -> PartGradients:
        return PartGradients({index: grad})

    return backward


def _backward_of_all(
    values: Sequence[Array], backward: Callable[[tuple[Array, ...]], Any]
) -> Callable[[PartGradients], Any]:
    """Return `backward` as a function of the parts; an output without one has a gradient of 0."""
    shapes_and_dtypes = [(value.shape, value.dtype) for value in values]

    def backward_of_parts(grad: PartGradients) -> Any:
        parts = (
            np.asarray(grad.parts[i]) if i in grad.parts else np.zeros(shape, dtype)
            for i, (shape, dtype) in enumerate(shapes_and_dtypes)
        )
        return backward(tuple(parts))

    return backward_of_parts
