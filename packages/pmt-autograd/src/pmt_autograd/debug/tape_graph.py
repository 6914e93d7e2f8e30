"""The tape behind a tensor as a list of nodes, as text, and as a picture."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pmt_autograd.node import Node
from pmt_autograd.tensor import Tensor
from pmt_core import StateError


@dataclass(frozen=True, slots=True)
class GraphNode:
    """An operation or a leaf of the tape.

    Attributes:
        label: name of the operation or of the leaf.
        shape: of its value.
        inputs: the list indices of its inputs.
        is_leaf: False for an operation.

    Examples:
        >>> from pmt_autograd import Tensor, tape_graph
        >>> w = Tensor([1.0, 2.0], requires_grad=True)
        >>> for node in tape_graph((w * w).sum(), {"w": w}):
        ...     print(node.label, node.shape, node.inputs, node.is_leaf)
        w (2,) () True
        multiply (2,) (0, 0) False
        sum () (1,) False
    """

    label: str
    shape: tuple[int, ...]
    inputs: tuple[int, ...]
    is_leaf: bool


def tape_graph(tensor: Tensor, names: Mapping[str, Tensor] | None = None) -> list[GraphNode]:
    """Return all nodes that gradients of `tensor` pass, in order of creation, leaves first.

    Inputs without a gradient are not on the tape, so they are not in the list.

    Args:
        tensor: result of recorded operations, before `backward()`.
        names: names of leaves, e.g. `dict(model.named_parameters())`; others are called "leaf".

    Raises:
        StateError: if there is no tape, or a backward pass has used it.

    Examples:
        >>> from pmt_autograd import Tensor, tape_graph
        >>> w = Tensor([1.0, 2.0], requires_grad=True)
        >>> graph = tape_graph((w * 3).exp(), {"w": w})
        >>> [node.label for node in graph]
        ['w', 'multiply', 'exp']
        >>> graph[2]
        GraphNode(label='exp', shape=(2,), inputs=(1,), is_leaf=False)
    """
    leaves, nodes = tape_nodes(tensor)
    order: list[Node | Tensor] = [*leaves, *nodes]
    index: dict[Node | Tensor, int] = {item: i for i, item in enumerate(order)}
    leaf_names = {leaf: name for name, leaf in (names or {}).items()}
    return [
        GraphNode(item.operation, item.shape, _inputs(item, index), False)
        if isinstance(item, Node)
        else GraphNode(leaf_names.get(item, "leaf"), item.shape, (), True)
        for item in order
    ]


def tape_nodes(tensor: Tensor) -> tuple[list[Tensor], list[Node]]:
    """Return the leaves and the nodes behind a tensor, the nodes in order of creation.

    Raises StateError as `tape_graph` does.
    """
    if tensor.node is None or tensor.node.backward is None:
        raise StateError(
            "there is no tape behind this tensor: look at it before backward(), at a result of "
            "recorded operations"
        )
    nodes, leaves = [tensor.node], dict[Tensor, None]()
    seen = {tensor.node}
    for node in nodes:  # grows during the loop
        for parent in node.parents:
            if isinstance(parent, Tensor):
                leaves[parent] = None
            elif parent is not None and parent not in seen:
                seen.add(parent)
                nodes.append(parent)
    nodes.sort(key=lambda node: -node.order)
    return list(leaves), nodes


def _inputs(node: Node, index: Mapping[Node | Tensor, int]) -> tuple[int, ...]:
    return tuple(index[parent] for parent in node.parents if parent is not None)


def tape_trace(tensor: Tensor, names: Mapping[str, Tensor] | None = None) -> str:
    """Return the `tape_graph` as text: one line for each leaf and operation.

    Examples:
        >>> from pmt_autograd import Tensor, tape_trace
        >>> w = Tensor([[1.0, 2.0]], requires_grad=True)
        >>> b = Tensor([0.5], requires_grad=True)
        >>> y = Tensor([[3.0, 4.0]]) @ w.T + b
        >>> print(tape_trace(y, {"w": w, "b": b}))
        %0 = b              (1,)
        %1 = w              (1, 2)
        %2 = transpose(%1)  (2, 1)
        %3 = matmul(%2)     (1, 1)
        %4 = add(%3, %0)    (1, 1)
    """
    graph = tape_graph(tensor, names)
    width = len(str(len(graph) - 1)) + 1
    inputs = ["" if n.is_leaf else f"({', '.join(f'%{i}' for i in n.inputs)})" for n in graph]
    calls = [node.label + given for node, given in zip(graph, inputs, strict=True)]
    call_width = max(map(len, calls))
    return "\n".join(
        f"{f'%{i}':>{width}} = {call:{call_width}}  {node.shape}"
        for i, (call, node) in enumerate(zip(calls, graph, strict=True))
    )


# --- the picture ----------------------------------------------------------------------------------

_CELL = (2.3, 0.95)  # width and height of a node's cell in inches


def draw_tape(
    tensor: Tensor, path: str | os.PathLike[str], names: Mapping[str, Tensor] | None = None
) -> None:
    """Draw the `tape_graph` as a picture.

    Leaves are at the top, the tensor is at the bottom. Each box has an operation and the shape of
    its value. Arrows follow the values; gradients flow against them. Readable up to some dozens
    of operations. The same tape gives the same file.

    Args:
        tensor: result of recorded operations, before `backward()`.
        path: the file, PNG or SVG by its suffix.
        names: names of leaves, see `tape_graph`.

    Raises:
        StateError: if matplotlib is not installed, or there is no tape.

    Examples:
        >>> from pathlib import Path
        >>> from pmt_autograd import Tensor, draw_tape
        >>> w = Tensor([1.0, 2.0], requires_grad=True)
        >>> draw_tape((w * 3).sum(), "tape.svg", {"w": w})
        >>> Path("tape.svg").read_text()[:5]
        '<?xml'
    """
    graph = tape_graph(tensor, names)
    positions = _layout(graph)
    columns = [x for x, _ in positions]
    rows = max(y for _, y in positions) + 1
    left, right = min(columns), max(columns)
    figure = _figure((right - left + 1) * _CELL[0] + 0.3, rows * _CELL[1] + 0.3)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set(xlim=(left - 0.6, right + 0.6), ylim=(rows - 0.5, -0.5))
    for node, position in zip(graph, positions, strict=True):
        for i in node.inputs:
            _draw_arrow(axes, positions[i], position)
    for i, (node, position) in enumerate(zip(graph, positions, strict=True)):
        _draw_box(axes, node, position, is_end=i == len(graph) - 1)
    changing = "Date" if os.fspath(path).lower().endswith(".svg") else "Software"
    figure.savefig(os.fspath(path), dpi=110, metadata={changing: None})


def _figure(width: float, height: float) -> Any:
    """Return an empty figure of a size in inches."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise StateError(
            "a picture of the tape is drawn by matplotlib, which is not installed: "
            "pip install matplotlib, or print tape_trace(tensor)"
        ) from error
    return Figure((width, height))


def _draw_box(axes: Any, node: GraphNode, position: tuple[float, float], is_end: bool) -> None:
    color = "#dbe9f6" if node.is_leaf else "#fde8c8" if is_end else "#f4f4f4"
    shape = " x ".join(map(str, node.shape)) or "scalar"
    box = {"boxstyle": "round,pad=0.4", "facecolor": color, "edgecolor": "#555555"}
    style = {"ha": "center", "va": "center", "fontsize": 9, "zorder": 2}
    axes.text(*position, f"{node.label}\n{shape}", bbox=box, **style)


def _draw_arrow(axes: Any, start: tuple[float, float], end: tuple[float, float]) -> None:
    is_long = end[1] - start[1] > 1  # bend around the nodes in between
    curve = f"arc3,rad={-0.15 if is_long else 0}"
    style = {"arrowstyle": "-|>", "color": "#777777", "connectionstyle": curve}
    tip, tail = (end[0], end[1] - 0.24), (start[0], start[1] + 0.24)
    axes.annotate("", tip, tail, arrowprops=style, zorder=1)


def _layout(graph: Sequence[GraphNode]) -> list[tuple[float, float]]:
    """Return (column, row) of every node: a row below all its inputs, in a column near them.

    A leaf is directly above the first operation that uses it.
    """
    rows = _rows(graph)
    columns = [0.0] * len(graph)
    for row in range(max(rows) + 1):
        members = [i for i in range(len(graph)) if rows[i] == row]
        wishes = {i: _desired_column(graph, i, columns) for i in members}
        operations = sorted((i for i in members if not graph[i].is_leaf), key=wishes.__getitem__)
        first = _mean([wishes[i] for i in operations]) - (len(operations) - 1) / 2
        leaves = [i for i in members if graph[i].is_leaf]  # to the right of the operations
        for offset, i in enumerate([*operations, *leaves]):
            columns[i] = first + offset
    return list(zip(columns, map(float, rows), strict=True))


def _rows(graph: Sequence[GraphNode]) -> list[int]:
    rows: list[int] = []
    for node in graph:
        rows.append(1 + max((rows[i] for i in node.inputs), default=-1))
    for i, node in enumerate(graph):
        if node.is_leaf:
            rows[i] = min(rows[k] for k, user in enumerate(graph) if i in user.inputs) - 1
    return rows


def _desired_column(graph: Sequence[GraphNode], i: int, columns: Sequence[float]) -> float:
    """Return the mean column of a node's inputs, of the operations among them if there are any."""
    inputs = graph[i].inputs
    operations = [k for k in inputs if not graph[k].is_leaf]
    return _mean([columns[k] for k in operations or inputs])


def _mean(numbers: Sequence[float]) -> float:
    return sum(numbers) / len(numbers) if numbers else 0.0
