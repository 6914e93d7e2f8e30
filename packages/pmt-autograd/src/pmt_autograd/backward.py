"""The backward pass: the tape walked once, from the last operation made to the first."""

from __future__ import annotations

from heapq import heappop, heappush
from typing import Any

import numpy as np
from numpy import generic, ndarray
from numpy.typing import ArrayLike

from pmt_autograd.node import Node
from pmt_autograd.tensor import Tensor
from pmt_autograd.types import Array, Gradient
from pmt_core import RowSparse, ShapeError, StateError


def gradients(loss: Tensor, grad: ArrayLike | None = None) -> dict[Tensor, Gradient]:
    """The gradient of `loss` by every leaf that requires one.

    Touches no `.grad`, so several threads may each run a shard of a batch through the same
    parameters at once and add what they get.

    loss: any tensor; grad: gradient by it, of its shape, 1 by default for a single element.
    Every node is freed as it is passed: the tape can be walked once. Raises StateError for a
    tape already walked or a tensor that depends on no leaf.
    """
    if not loss.requires_grad:
        raise StateError(
            "this tensor depends on nothing that requires a gradient; "
            "give a leaf requires_grad=True, and do not compute it under no_grad()"
        )
    seed = _seed(loss, grad)
    if loss.node is None:
        return {loss: seed}
    return backpropagate(loss.node, seed)


def backpropagate(root: Node, seed: Any, oldest: int = 1) -> dict[Any, Gradient]:
    """Carry the gradient `seed` of `root` back to the leaves; returns the gradients found there.

    oldest: nodes made before this creation number are not walked but treated as leaves.

    Those nodes that have a gradient wait in a heap. The one made last is passed next: nothing
    that was made later can still add to its gradient. No recursion, so a tape may be of any depth.
    """
    leaves: dict[Any, Any] = {}
    summed: set[Any] = set()  # leaves whose gradient is a sum made here, which may be added to
    root.grad = seed
    waiting = [(root.order, root)]
    while waiting:
        node = heappop(waiting)[1]
        backward, grad, parents = node.backward, node.grad, node.parents
        if backward is None:
            raise _walked_before(node)
        node.backward = node.grad = None  # frees what the gradient needed
        node.parents = ()
        if isinstance(grad, generic):  # NumPy's arithmetic turns 0-d arrays into scalars
            grad = np.asarray(grad)
        found = backward(grad)
        if type(found) is not tuple:
            found = (found,)
        if len(found) != len(parents):
            raise _miscounted(node, len(parents), len(found))
        for parent, gradient in zip(parents, found):
            if parent is None or gradient is None:
                continue
            if type(parent) is not Node or parent.order >= oldest:
                if parent in summed and type(gradient) is ndarray:
                    leaves[parent] += gradient
                else:
                    _add_to_leaf(leaves, summed, parent, gradient)
            elif parent.grad is None:
                parent.grad = gradient  # perhaps a view, or shared: not ours to change
                heappush(waiting, (parent.order, parent))
            elif parent.owned and type(gradient) is ndarray:
                parent.grad += gradient
            else:
                parent.grad = add_gradients(parent.grad, gradient)
                parent.owned = type(parent.grad) is ndarray
    return leaves


def add_gradients(first: Any, second: Any) -> Any:
    """Sum of two gradients of one tensor, dense or row-sparse, as a new object."""
    total = first + second
    return np.asarray(total) if isinstance(total, generic) else total


def _add_to_leaf(
    leaves: dict[Any, Any], summed: set[Any], leaf: Tensor | Node, gradient: Any
) -> None:
    """Add one more part to the gradient of a leaf, in the dtype of the leaf."""
    if type(gradient) is not ndarray and not isinstance(gradient, RowSparse):
        gradient = np.asarray(gradient)
    if isinstance(leaf, Tensor) and gradient.dtype is not leaf._data.dtype:
        gradient = _cast(gradient, leaf._data.dtype)
    if leaf not in leaves:
        leaves[leaf] = gradient  # perhaps a view, or shared: not ours to change
        return
    total = leaves[leaf] = add_gradients(leaves[leaf], gradient)
    if type(total) is ndarray:
        summed.add(leaf)


def _cast(gradient: Gradient, dtype: np.dtype[Any]) -> Gradient:
    if isinstance(gradient, RowSparse):
        return RowSparse(gradient.rows, gradient.values.astype(dtype, copy=False), gradient.shape)
    return gradient.astype(dtype, copy=False)


def _seed(loss: Tensor, grad: ArrayLike | None) -> Array:
    if grad is None:
        if loss.size != 1:
            raise ShapeError(
                f"backward without a gradient wants a single element, got shape {loss.shape}; "
                "reduce the loss with .sum() or .mean(), or give grad"
            )
        return np.ones(loss.shape, loss.dtype)
    seed = np.asarray(grad, dtype=loss.dtype)
    if seed.shape != loss.shape:
        raise ShapeError(
            f"grad has the shape of the tensor: expected {loss.shape}, got {seed.shape}"
        )
    return seed


def _walked_before(node: Node) -> StateError:
    return StateError(
        f"the tape behind {node.operation!r} (shape {node.shape}) was walked before and "
        "its nodes are freed; add the losses and walk the sum once, or run forward again"
    )


def _miscounted(node: Node, inputs: int, found: int) -> ShapeError:
    return ShapeError(
        f"the backward of {node.operation!r} returned {found} gradients for {inputs} inputs; "
        "it returns a tuple with one entry for each positional input, None for one without"
    )
