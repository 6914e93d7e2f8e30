"""The tape behind a tensor, as a list to look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pmt_autograd.node import Node
from pmt_autograd.tensor import Tensor
from pmt_core import StateError


@dataclass(frozen=True, slots=True)
class GraphNode:
    """An operation or a leaf.

    Attributes:
        label: name of the operation, or of the leaf.
        shape: shape of its value.
        inputs: positions, in the list, of what it was made from.
        is_leaf: True for a leaf.
    """

    label: str
    shape: tuple[int, ...]
    inputs: tuple[int, ...]
    is_leaf: bool


def tape_graph(tensor: Tensor, names: Mapping[str, Tensor] | None = None) -> list[GraphNode]:
    """All that gradients of `tensor` pass through, in order of creation, leaves first.

    names: for leaves, e.g. `dict(model.named_parameters())`; others are called "leaf".
    Inputs without a gradient are not on the tape, so they are not in the list.
    Raises StateError for a tape that was walked already, or was never there.
    """
    if tensor.node is None or tensor.node.backward is None:
        raise StateError(
            "there is no tape behind this tensor: look at it before backward(), at a result of "
            "recorded operations"
        )
    nodes, leaves = [tensor.node], dict[Tensor, None]()
    seen = {tensor.node}
    for node in nodes:  # the list grows while it is read
        for parent in node.parents:
            if isinstance(parent, Tensor):
                leaves[parent] = None
            elif parent is not None and parent not in seen:
                seen.add(parent)
                nodes.append(parent)
    nodes.sort(key=lambda node: -node.order)
    order: list[Node | Tensor] = [*leaves, *nodes]
    place: dict[Node | Tensor, int] = {item: i for i, item in enumerate(order)}
    named = {leaf: name for name, leaf in (names or {}).items()}
    return [
        GraphNode(item.operation, item.shape, _places(item, place), False)
        if isinstance(item, Node)
        else GraphNode(named.get(item, "leaf"), item.shape, (), True)
        for item in order
    ]


def _places(node: Node, place: Mapping[Node | Tensor, int]) -> tuple[int, ...]:
    return tuple(place[parent] for parent in node.parents if parent is not None)


def tape_trace(tensor: Tensor, names: Mapping[str, Tensor] | None = None) -> str:
    """The tape behind `tensor` as text: one line per leaf and operation, with shapes.

    names: for leaves, e.g. `dict(model.named_parameters())`.
    """
    graph = tape_graph(tensor, names)
    width = len(str(len(graph) - 1)) + 1
    calls = [
        node.label if node.is_leaf else f"{node.label}({', '.join(f'%{i}' for i in node.inputs)})"
        for node in graph
    ]
    longest = max(map(len, calls))
    return "\n".join(
        f"{f'%{i}':>{width}} = {call:{longest}}  {node.shape}"
        for i, (call, node) in enumerate(zip(calls, graph, strict=True))
    )
