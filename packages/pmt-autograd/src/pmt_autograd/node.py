"""The tape: one `Node` for each recorded operation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

creation_numbers = count(0, -1)
"""Numbers of the nodes in order of creation, decreasing: the smallest is the latest."""


class Node:
    """A recorded operation: its backward, and the nodes of its inputs.

    A node holds no values. Those that its gradient needs are in the closure of `backward`, so an
    activation that no gradient needs is freed with the last reference to its tensor. Nodes refer
    only to their inputs, so there is no reference cycle, and the tape never waits for Python's
    cyclic garbage collector.

    Attributes:
        operation, shape: name of the operation, and shape of its output.
        backward: function from the gradient of the output to the gradient of each input; None
            after it has been called.
        parents: for each input the `Node` that made it, the leaf `Tensor` itself, or None if the
            input needs no gradient.
        order: creation number; those of its parents are larger, since they were made before.
        grad: gradient of the loss with respect to the output, set during the backward pass.
    """

    __slots__ = ("backward", "grad", "operation", "order", "parents", "shape")

    operation: str
    backward: Callable[[Any], Any] | None
    parents: Sequence[Any]
    shape: tuple[int, ...]
    order: int
    grad: Any

    def __repr__(self) -> str:
        return f"Node({self.operation}, shape={self.shape}, order={self.order})"
