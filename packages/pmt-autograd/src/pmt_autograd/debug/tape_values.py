"""The tape of a computation with its values, and the gradients of each backward."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import numpy as np

from pmt_autograd.backward import gradients
from pmt_autograd.debug.tape_graph import tape_nodes
from pmt_autograd.grad_mode import OperationHook, operation_hook
from pmt_autograd.node import Node
from pmt_autograd.tensor import Tensor
from pmt_autograd.types import Array
from pmt_core import RowSparse


@dataclass(frozen=True, eq=False)
class ValueNode:
    """A leaf, a constant or an operation of a computation, with its value and gradient.

    Attributes:
        label: name of the operation, or of the leaf, or "constant".
        name: of the result of an operation, if it has one.
        value: None for an operation with several outputs, each of which is a node of its own.
        grad: gradient of the result with respect to the value; None if there is none.
        inputs: list indices of the inputs of an operation.
        input_grads: for each input what the backward of the operation returned for it. The
            gradient of a node is the sum over its uses.
        settings: keyword arguments of the operation.
        step: number of the backward in the backward pass, from 0; None if it was not called.
        is_leaf: whether it is a leaf or a constant.

    Examples:
        >>> import numpy as np
        >>> from pmt_autograd import ValueNode
        >>> leaf = ValueNode("w", np.array(2.0), np.array(0.5), is_leaf=True)
        >>> leaf.label, float(leaf.value), float(leaf.grad)
        ('w', 2.0, 0.5)
    """

    label: str
    value: Array | None
    grad: Array | None
    inputs: tuple[int, ...] = ()
    input_grads: tuple[Array | None, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    step: int | None = None
    is_leaf: bool = False
    name: str = ""


@dataclass(eq=False)
class _Call:
    """An operation that was called, and later its backward."""

    arrays: tuple[Any, ...]
    settings: Mapping[str, Any]
    value: Any
    grad: Any = None
    input_grads: tuple[Any, ...] = ()
    step: int | None = None


def tape_values(
    compute: Callable[[], Tensor], names: Mapping[str, Tensor] | None = None
) -> list[ValueNode]:
    """Run a computation forward and backward; return its tape with all values and gradients.

    Leaves and constants come first, then the operations in the order in which they were called.
    Operations that the result does not depend on are left out. Nothing is written to `.grad`.

    Args:
        compute: a function that returns a tensor of one element.
        names: names of leaves, constants and results, to which `compute` may add. Others are
            called "leaf" and "constant", and results have the name of their operation.

    Raises:
        StateError: if the result depends on nothing that requires a gradient.

    Examples:
        >>> from pmt_autograd import Tensor, tape_values
        >>> x = Tensor(3.0, requires_grad=True)
        >>> for node in tape_values(lambda: x * x, {"x": x}):
        ...     print(node.label, node.value, node.grad)
        x 3.0 6.0
        multiply 9.0 1.0
    """
    calls: dict[Any, _Call] = {}
    with operation_hook(_recorder(calls)):
        result = compute()
    leaves, nodes = tape_nodes(result)
    made_by = [_call_of(node, calls) for node in nodes]
    parents = [tuple(node.parents) for node in nodes]  # the backward pass frees them
    leaf_grads = gradients(result)
    builder = _Builder(names or {})
    order = {tensor: i for i, tensor in enumerate((names or {}).values())}
    for leaf in sorted(leaves, key=lambda leaf: order.get(leaf, len(order))):
        builder.add_leaf(leaf, leaf_grads.get(leaf))
    for call, inputs in zip(made_by, parents, strict=True):
        builder.add_constants(inputs, call)
    whole: dict[Node, _Call] = {}
    for node, call, inputs in zip(nodes, made_by, parents, strict=True):
        if call is not None:
            builder.add_operation(node, inputs, call)
            whole[node] = call
        else:
            builder.add_output(node, inputs[0], whole[inputs[0]])
    return builder.nodes


class _Builder:
    """Collects the nodes, and the index of each."""

    def __init__(self, names: Mapping[str, Tensor]) -> None:
        self.nodes: list[ValueNode] = []
        self._index: dict[Any, int] = {}
        self._leaf_names = {tensor: name for name, tensor in names.items()}
        self._result_names = {tensor.node: name for name, tensor in names.items() if tensor.node}
        self._array_names = {id(tensor.data): name for name, tensor in names.items()}  # of leaves

    def add_leaf(self, leaf: Tensor, grad: Any) -> None:
        name = self._leaf_names.get(leaf, "leaf")
        self._append(leaf, ValueNode(name, leaf.data, _dense(grad), is_leaf=True))

    def add_constants(self, parents: Sequence[Any], call: _Call | None) -> None:
        """Add the inputs of an operation that have no gradient, an array once."""
        for parent, value in zip(parents, call.arrays if call else (), strict=False):
            if parent is None and value is not None and id(value) not in self._index:
                name = self._array_names.get(id(value), "constant")
                self._append(id(value), ValueNode(name, np.asarray(value), None, is_leaf=True))

    def add_operation(self, node: Node, parents: Sequence[Any], call: _Call) -> None:
        """Add an operation with one output, or the common node of several outputs."""
        keys = [id(x) if parent is None else parent for x, parent in zip(call.arrays, parents)]
        pairs = [
            (self._index[key], _dense(call.input_grads[i]) if call.input_grads else None)
            for i, key in enumerate(keys)
            if key in self._index
        ]
        is_single = type(call.value) is not tuple
        new = ValueNode(
            label=node.operation,
            value=np.asarray(call.value) if is_single else None,
            grad=_dense(call.grad) if is_single else None,
            inputs=tuple(index for index, _ in pairs),
            input_grads=tuple(grad for _, grad in pairs),
            settings=call.settings,
            step=call.step,
            name=self._result_names.get(node, ""),
        )
        self._append(node, new)

    def add_output(self, node: Node, parent: Node, call: _Call) -> None:
        """Add one of several outputs; `record_all` names it "operation[i]"."""
        i = int(node.operation.rpartition("[")[2].rstrip("]"))
        grad = None if call.grad is None else _dense(call.grad[i])
        new = ValueNode(
            node.operation, np.asarray(call.value[i]), grad, (self._index[parent],), (grad,)
        )
        self._append(node, new)

    def _append(self, key: Any, node: ValueNode) -> None:
        self._index[key] = len(self.nodes)
        self.nodes.append(node)


def _recorder(calls: dict[Any, _Call]) -> OperationHook:
    """Return a hook that adds every call to `calls`, by its backward."""
    steps = count()

    def hook(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arrays: Any, **settings: Any) -> tuple[Any, Any]:
            value, backward = function(*arrays, **settings)
            visible = {key: item for key, item in settings.items() if key != "needs_grad"}
            call = _Call(arrays, visible, value)

            def recorded_backward(grad: Any) -> Any:
                result = backward(grad)
                call.grad, call.step = grad, next(steps)
                call.input_grads = result if type(result) is tuple else (result,)
                return result

            calls[recorded_backward] = call
            return value, recorded_backward

        return run

    return hook


def _call_of(node: Node, calls: Mapping[Any, _Call]) -> _Call | None:
    """Return the call that made a node; None for one of several outputs of a call."""
    function: Any = node.backward
    if function in calls:
        return calls[function]
    return calls.get(inspect.getclosurevars(function).nonlocals.get("backward"))


def _dense(grad: Any) -> Array | None:
    if grad is None:
        return None
    return np.asarray(grad.to_dense() if isinstance(grad, RowSparse) else grad)
