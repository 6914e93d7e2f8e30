"""The backward pass: the tape walked once, from the last operation made to the first."""

from __future__ import annotations

from operator import attrgetter
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pmt_core import RowSparse, ShapeError, StateError

from pmt_autograd.array_types import Gradient
from pmt_autograd.node import Node
from pmt_autograd.tensor import Tensor


_creation_order = attrgetter("order")


def gradients(loss: Tensor, grad: ArrayLike | None = None) -> dict[Tensor, Gradient]:
    """The gradient of `loss` by every leaf that requires one.

    Touches no `.grad`, so several threads may each run a shard of a batch through the same
    parameters at once and add what they get.

    loss: any tensor; grad: gradient by it, of its shape, 1 by default for a single element.
    Every node is freed as it is passed: the tape can be walked once. Raises StateError for a
    tape already walked or a tensor that depends on no leaf.
    """
    seed = _seed(loss, grad)
    if loss.node is None:
        if not loss.requires_grad:
            raise StateError(
                "this tensor depends on nothing that requires a gradient; "
                "give a leaf requires_grad=True, and do not compute it under no_grad()"
            )
        return {loss: seed}
    loss.node.grad = seed
    tape = _reachable(loss.node)
    leaves: dict[Tensor, Gradient] = {}
    while tape:
        _pass_back(tape.pop(), leaves)  # popped, so that the node can be freed at once
    return leaves


def add_gradients(first: Gradient, second: Gradient) -> Gradient:
    """Sum of two gradients of one tensor, dense or row-sparse, as a new object."""
    if isinstance(first, RowSparse):
        if isinstance(second, RowSparse):
            return first + second
        first, second = second, first
    if isinstance(second, RowSparse):
        total = first.copy()
        second.add_to(total)
        return total
    return first + second


def _seed(loss: Tensor, grad: ArrayLike | None) -> NDArray[Any]:
    if grad is None:
        if loss.data.size != 1:
            raise ShapeError(
                f"backward without a gradient wants a single element, got shape {loss.shape}; "
                "reduce the loss with .sum() or .mean(), or give grad"
            )
        return np.ones(loss.data.shape, loss.data.dtype)
    seed = np.asarray(grad, dtype=loss.data.dtype)
    if seed.shape != loss.data.shape:
        raise ShapeError(
            f"grad has the shape of the tensor: expected {loss.shape}, got {seed.shape}"
        )
    return seed


def _reachable(root: Node) -> list[Node]:
    """All nodes that `root` was made from, itself included, in creation order."""
    found = [root]
    seen = {id(root)}
    for node in found:  # the list grows while it is read: no recursion, any depth
        if node.backward is None:
            raise StateError(
                f"the tape behind {node.operation!r} (shape {node.shape}) was walked before and "
                "its nodes are freed; add the losses and walk the sum once, or run forward again"
            )
        for parent in node.parents:
            if type(parent) is Node and id(parent) not in seen:
                seen.add(id(parent))
                found.append(parent)
    found.sort(key=_creation_order)
    return found


def _pass_back(node: Node, leaves: dict[Tensor, Gradient]) -> None:
    """Hand the gradient of one node to its parents, and free it."""
    backward, parents, grad = node.backward, node.parents, node.grad
    node.backward = node.grad = None
    node.parents = []
    if grad is None or backward is None:
        return  # no gradient came this way
    found = backward(grad)
    if len(parents) == 1 and type(found) is not tuple:
        found = (found,)
    for parent, gradient in zip(parents, found, strict=True):
        if parent is None or gradient is None:
            continue
        if type(parent) is Node:
            _add_to_node(parent, gradient)
        else:
            _add_to_leaf(leaves, parent, gradient)


def _add_to_node(node: Node, gradient: Gradient) -> None:
    if node.grad is None:
        node.grad = gradient  # may be a view, or shared with another parent: not ours to change
    elif node.owned and type(gradient) is np.ndarray and gradient.dtype == node.grad.dtype:
        node.grad += gradient
    else:
        node.grad = add_gradients(node.grad, gradient)
        node.owned = type(node.grad) is np.ndarray


def _add_to_leaf(leaves: dict[Tensor, Gradient], leaf: Tensor, gradient: Gradient) -> None:
    if isinstance(gradient, np.generic):  # NumPy's arithmetic turns 0-d arrays into scalars
        gradient = np.asarray(gradient)
    if gradient.dtype != leaf.data.dtype:
        gradient = gradient.astype(leaf.data.dtype)
    known = leaves.get(leaf)
    leaves[leaf] = gradient if known is None else add_gradients(known, gradient)
