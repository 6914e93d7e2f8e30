"""Operations that return several tensors at once: split, top_k."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from pmt_autograd.types import Array


class PartGradients:
    """The gradient by the tuple of an operation's outputs, of which some may have none.

    Every output that was used hands one with its own part to the operation's node, where they add
    up, as any two gradients of one node do.
    """

    __slots__ = ("parts",)

    def __init__(self, parts: dict[int, Any]) -> None:
        self.parts = parts

    def __add__(self, other: PartGradients) -> PartGradients:
        return PartGradients({**self.parts, **other.parts})  # an output has one node, so one part


def backward_of_part(index: int) -> Callable[[Array], PartGradients]:
    """The backward of output number `index`: its gradient becomes its part of the whole."""

    def backward(grad: Array) -> PartGradients:
        return PartGradients({index: grad})

    return backward


def backward_of_all(
    values: Sequence[Array], backward: Callable[[tuple[Array, ...]], Any]
) -> Callable[[PartGradients], Any]:
    """`backward` for a tuple of arrays, one per output: zeros where an output was not used."""
    forms = [(value.shape, value.dtype) for value in values]

    def backward_of_parts(grad: PartGradients) -> Any:
        return backward(
            tuple(
                np.asarray(grad.parts[i]) if i in grad.parts else np.zeros(shape, dtype)
                for i, (shape, dtype) in enumerate(forms)
            )
        )

    return backward_of_parts
