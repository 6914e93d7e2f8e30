"""The tape: one `Node` per recorded operation."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pmt_autograd.tensor import Tensor

_creation = count()


class Node:
    """What the tape keeps of one operation: its backward, and where the gradients go next.

    A node holds no values; those its gradient needs are in the closure `backward`. So an
    activation that no gradient needs is freed as soon as the user lets go of it, and as nodes
    point only towards the inputs there is no reference cycle: the tape never waits for Python's
    cyclic garbage collector.

    Attributes:
        backward: gradient of the output -> gradient of each input; None once it has been used.
        parents: per input the node that made it, the leaf `Tensor` itself, or None where the
            input wants no gradient.
        order: creation number; a node's parents were all made before it.
        operation: name of the operation.
        shape: shape of the output.
        grad: gradient of the loss by the output, filled while the tape is walked.
        owned: True where `grad` belongs to the walk alone and may be added to in place.
    """

    __slots__ = ("backward", "grad", "operation", "order", "owned", "parents", "shape")

    def __init__(
        self,
        operation: str,
        backward: Callable[[Any], Any],
        parents: list[Node | Tensor | None],
        shape: tuple[int, ...],
    ) -> None:
        self.operation = operation
        self.backward: Callable[[Any], Any] | None = backward
        self.parents: list[Node | Tensor | None] = parents
        self.shape = shape
        self.order = next(_creation)
        self.grad: Any = None
        self.owned = False

    def __repr__(self) -> str:
        return f"Node({self.operation}, shape={self.shape}, order={self.order})"
