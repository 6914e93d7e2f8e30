"""The tape: one `Node` per recorded operation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pmt_autograd.tensor import Tensor


creation_numbers = count(0, -1)
"""Numbers of the nodes in order of creation, falling: the smallest is the latest."""


class Node:
    """What the tape keeps of one operation: its backward, and where the gradients go next.

    A node holds no values; those its gradient needs are in the closure `backward`. So an
    activation that no gradient needs is freed as soon as the user lets go of it, and as nodes
    point only towards the inputs there is no reference cycle: the tape never waits for Python's
    cyclic garbage collector.

    Attributes:
        operation: name of the operation.
        backward: gradient of the output -> gradient of each input; None once it has been used.
        parents: per input the node that made it, the leaf `Tensor` itself, or None where the
            input wants no gradient.
        shape: shape of the output.
        order: creation number; those of its parents are larger, as they were made before.
        grad: gradient of the loss by the output, filled while the tape is walked.
        owned: True where `grad` belongs to the walk alone and may be added to in place.
    """

    __slots__ = ("backward", "grad", "operation", "order", "owned", "parents", "shape")

    operation: str
    backward: Callable[[Any], Any] | None
    parents: Sequence[Node | Tensor | None]
    shape: tuple[int, ...]
    order: int
    grad: Any
    owned: bool

    def __repr__(self) -> str:
        return f"Node({self.operation}, shape={self.shape}, order={self.order})"
