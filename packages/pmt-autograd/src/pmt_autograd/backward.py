"""The backward pass: through the tape once, from the last operation made to the first."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from heapq import heappop, heappush
from typing import Any

import numpy as np
from numpy import generic, ndarray
from numpy.typing import ArrayLike

from pmt_autograd.gradient_array import GradientArray
from pmt_autograd.node import Node
from pmt_autograd.tensor import Tensor
from pmt_autograd.types import Array, Gradient
from pmt_core import DtypeError, RowSparse, ShapeError, StateError

OnFinal = Callable[[Tensor, Gradient], None]


def gradients(
    loss: Tensor, grad: ArrayLike | None = None, *, on_final: OnFinal | None = None
) -> dict[Tensor, Gradient]:
    """Return the gradient of `loss` with respect to every leaf that requires one.

    Does not write to `.grad`, so several threads may each compute the gradients of a part of a
    batch with the same parameters, and add them up afterwards. Frees the tape node by node.

    First order only: the gradients are arrays without a tape. Operations that record refuse them
    with a GradientError, as they would count as constants (`GradientArray`). A Hessian times a
    vector is a difference of two gradients, see docs/tape.md.

    Args:
        loss: a tensor on the tape.
        grad: gradient with respect to `loss`, of its shape; 1 by default if it has one element.
        on_final: called with a leaf and its gradient as soon as nothing can be added to it, while
            the pass goes on. It must not change the gradient. A leaf that the pass does not reach
            by every way from the loss may be left out.

    Returns:
        An array, or a `RowSparse`, for each leaf.

    Raises:
        StateError: if a backward pass has used the tape already, or `loss` depends on no leaf that
            requires a gradient.
        ShapeError: if `loss` has several elements and no `grad` is given, or it has another shape.

    Examples:
        >>> from pmt_autograd import Tensor, gradients
        >>> w = Tensor([1.0, 2.0], requires_grad=True)
        >>> b = Tensor(0.5, requires_grad=True)
        >>> loss = (w * [3.0, 4.0]).sum() + b
        >>> grads = gradients(loss)
        >>> grads[w], grads[b]
        (GradientArray([3., 4.], dtype=float32), GradientArray(1., dtype=float32))
        >>> w.grad is None  # nothing was written to the leaves
        True
    """
    if not isinstance(loss, Tensor):
        raise DtypeError(
            f"the gradient of a tensor is computed, got {type(loss).__name__}; gradients are first "
            "order only, so the gradient of a gradient or of an array does not exist"
        )
    if not loss.requires_grad:
        raise StateError(
            "this tensor depends on nothing that requires a gradient; "
            "give a leaf requires_grad=True, and do not compute it under no_grad()"
        )
    seed = _seed(loss, grad)
    results: dict[Any, Gradient] = {loss: seed}
    if loss.node is not None:
        results = {}
        uses = None if on_final is None else _LeafUses(loss.node, on_final, results)
        backpropagate(loss.node, seed, leaves=results)
        if uses is not None:
            uses.count_last()
    return {leaf: _marked(gradient) for leaf, gradient in results.items()}


def _marked(gradient: Any) -> Any:
    """Return a gradient as a `GradientArray` of the same memory, or row-sparse with such values."""
    if isinstance(gradient, RowSparse):
        return gradient.viewed_as(GradientArray)
    return gradient.view(GradientArray) if type(gradient) is ndarray else gradient


def accumulate_gradients(loss: Tensor, grad: ArrayLike | None = None) -> None:
    """Add the gradient of a tensor to `.grad` of every leaf that it depends on.

    Frees the tape node by node, so that memory falls during the pass.

    First order only: `.grad` has no gradient of its own. Operations that record refuse it with a
    GradientError. A Hessian times a vector is a difference of two gradients, see docs/tape.md.

    Args:
        loss: the tensor.
        grad: gradient with respect to it, of its shape; 1 by default if it has one element.

    Raises:
        StateError: if a backward pass has used the tape already, or the tensor depends on no leaf
            that requires a gradient.
        ShapeError: if the tensor has several elements and no `grad` is given, or it has another
            shape.

    Examples:
        >>> from pmt_autograd import Tensor
        >>> x = Tensor([1.0, 2.0], requires_grad=True)
        >>> (x * x).sum().backward()
        >>> x.grad
        GradientArray([2., 4.], dtype=float32)
        >>> (3 * x).sum().backward()  # a second loss: the gradients add up
        >>> x.grad
        GradientArray([5., 7.], dtype=float32)
    """
    for leaf, gradient in gradients(loss, grad).items():
        # A copy, since `backpropagate` may return one array for two leaves.
        before = leaf.grad
        if before is not None:
            leaf.grad = _marked(add_gradients(before, gradient))
        else:
            leaf.grad = gradient if isinstance(gradient, RowSparse) else gradient.copy()


def backpropagate(
    root: Node, seed: Any, oldest: int = 1, *, leaves: dict[Any, Any]
) -> dict[Any, Gradient]:
    """Propagate the gradient `seed` of `root` to the leaves; return their gradients.

    The nodes that have a gradient wait in a heap. The one made last comes next, because no node
    made later can still add to its gradient. There is no recursion, so a tape may have any depth.
    Nodes made before the creation number `oldest` are treated as leaves. The gradients are added to
    `leaves`, which is empty, and returned.
    """
    summed: set[Any] = set()  # those whose gradient was made here, so that it may be added to
    root.grad = seed
    waiting = [(root.order, root)]
    while waiting:
        node = heappop(waiting)[1]
        backward, grad, parents = node.backward, node.grad, node.parents
        if backward is None:
            raise _already_used(node)
        node.backward = node.grad = None  # frees what the gradient needed
        node.parents = ()
        input_grads = backward(grad if type(grad) is ndarray else _without_scalar(grad))
        if type(input_grads) is not tuple:
            input_grads = (input_grads,)
        if len(input_grads) != len(parents):
            raise _wrong_count(node, len(parents), len(input_grads))
        for parent, gradient in zip(parents, input_grads):
            if parent is None or gradient is None:
                continue
            is_node = type(parent) is Node and parent.order < oldest
            before = parent.grad if is_node else leaves.get(parent)
            if before is None:  # the gradient may be a view, or shared
                if is_node:
                    parent.grad = gradient
                    heappush(waiting, (parent.order, parent))
                else:
                    leaves[parent] = _of_leaf(parent, gradient)
            elif parent in summed and type(gradient) is ndarray:
                before += gradient
            else:
                _set_sum(parent, gradient, leaves, summed)
    return leaves


class _LeafUses:
    """How often operations use each leaf; calls `on_final` for a leaf when all of them are done.

    An operation is done when the next one begins: the backward of each is replaced by one that
    counts first.
    """

    def __init__(self, root: Node, on_final: OnFinal, leaves: dict[Any, Any]) -> None:
        self._on_final = on_final
        self._leaves = leaves
        self._left: dict[Any, int] = {}
        self._last: Sequence[Any] = ()  # inputs of the operation that is not counted yet
        seen, waiting = {root}, [root]
        while waiting:
            node = waiting.pop()
            if node.backward is not None:
                node.backward = functools.partial(self._count_and_run, node.backward, node.parents)
            for parent in node.parents:
                if type(parent) is not Node:
                    self._left[parent] = self._left.get(parent, 0) + 1
                elif parent not in seen:
                    seen.add(parent)
                    waiting.append(parent)

    def _count_and_run(
        self, backward: Callable[[Any], Any], inputs: Sequence[Any], grad: Any
    ) -> Any:
        self.count_last()
        self._last = inputs
        return backward(grad)

    def count_last(self) -> None:
        """Count the uses by the operation before, which is done."""
        for leaf in self._last:
            if type(leaf) is Node or leaf is None:
                continue
            self._left[leaf] -= 1
            if not self._left[leaf] and leaf in self._leaves:
                self._on_final(leaf, self._leaves[leaf])
        self._last = ()


def add_gradients(first: Any, second: Any) -> Any:
    """Return the sum of two gradients of one tensor, dense or row-sparse, as a new object."""
    total = first + second
    return _without_scalar(total)


def _without_scalar(gradient: Any) -> Any:
    """Return a gradient with a scalar as an array: NumPy's arithmetic makes scalars of 0-d."""
    return np.asarray(gradient) if isinstance(gradient, generic) else gradient


def _set_sum(
    parent: Tensor | Node, gradient: Any, leaves: dict[Any, Any], summed: set[Any]
) -> None:
    """Set the gradient of a node or leaf to a new sum, which others may be added to in place."""
    if parent in leaves:
        total = leaves[parent] = _of_leaf(parent, add_gradients(leaves[parent], gradient))
    else:
        total = parent.grad = add_gradients(parent.grad, gradient)
    if type(total) is ndarray:
        summed.add(parent)


def _of_leaf(leaf: Tensor | Node, gradient: Any) -> Any:
    """Return a gradient as an array or row-sparse, and in the dtype of a leaf."""
    if type(gradient) is not ndarray and not isinstance(gradient, RowSparse):
        gradient = np.asarray(gradient)
    if isinstance(leaf, Tensor) and gradient.dtype is not leaf._data.dtype:
        return _cast(gradient, leaf._data.dtype)
    return gradient


def _cast(gradient: Gradient, dtype: np.dtype[Any]) -> Gradient:
    if isinstance(gradient, RowSparse):
        return RowSparse(gradient.rows, gradient.values.astype(dtype, copy=False), gradient.shape)
    return gradient.astype(dtype, copy=False)


def _seed(loss: Tensor, grad: ArrayLike | None) -> Array:
    if grad is None:
        if loss.size != 1:
            raise ShapeError(
                f"backward without a gradient expects a single element, got shape {loss.shape}; "
                "reduce the loss with .sum() or .mean(), or give grad"
            )
        return np.ones(loss.shape, loss.dtype)
    seed = np.asarray(grad, dtype=loss.dtype)
    if seed.shape != loss.shape:
        raise ShapeError(
            f"grad has the shape of the tensor: expected {loss.shape}, got {seed.shape}"
        )
    return seed


def _already_used(node: Node) -> StateError:
    return StateError(
        f"a backward pass has used the tape behind {node.operation!r} (shape {node.shape}) and "
        "freed its nodes; add the losses and call backward() once, or run forward again"
    )


def _wrong_count(node: Node, inputs: int, returned: int) -> ShapeError:
    return ShapeError(
        f"the backward of {node.operation!r} returned {returned} gradients for {inputs} inputs; "
        "it returns a tuple with one entry for each positional input, None for one without"
    )
