"""A picture of the tape, drawn by matplotlib."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from pmt_autograd.debug.tape_graph import GraphNode, tape_graph
from pmt_autograd.tensor import Tensor
from pmt_core import StateError

_WIDE, _HIGH = 2.3, 0.95  # inches of one place


def draw_tape(
    tensor: Tensor, path: str | os.PathLike[str], names: Mapping[str, Tensor] | None = None
) -> None:
    """Draw the tape behind `tensor` into a file, PNG or SVG by its suffix.

    Leaves are at the top, the tensor at the bottom; each box holds an operation and the shape of
    its value; arrows run with the values, gradients flow against them. Readable up to some
    dozens of operations. names: for leaves, e.g. `dict(model.named_parameters())`.
    Raises StateError where matplotlib is not installed.
    """
    graph = tape_graph(tensor, names)
    places = _layout(graph)
    columns = [x for x, _ in places]
    rows = max(y for _, y in places) + 1
    width = max(columns) - min(columns) + 1
    figure = _figure(width * _WIDE + 0.3, rows * _HIGH + 0.3)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set_xlim(min(columns) - 0.6, max(columns) + 0.6)
    axes.set_ylim(rows - 0.5, -0.5)
    for node, place in zip(graph, places, strict=True):
        for i in node.inputs:
            _arrow(axes, places[i], place)
    for i, (node, place) in enumerate(zip(graph, places, strict=True)):
        _box(axes, node, place, is_end=i == len(graph) - 1)
    figure.savefig(os.fspath(path), dpi=110, metadata=_no_date(path))


def _figure(width: float, height: float) -> Any:
    """An empty figure, in inches; matplotlib is imported here and nowhere else."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise StateError(
            "a picture of the tape is drawn by matplotlib, which is not installed: "
            "pip install 'pmt-autograd[pictures]', or print tape_trace(tensor)"
        ) from error
    return Figure((width, height))


def _no_date(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Meta data such that the same tape gives the same file."""
    return {"Date": None} if os.fspath(path).lower().endswith(".svg") else {"Software": None}


def _box(axes: Any, node: GraphNode, place: tuple[float, float], is_end: bool) -> None:
    color = "#dbe9f6" if node.is_leaf else "#fde8c8" if is_end else "#f4f4f4"
    shape = " x ".join(map(str, node.shape)) or "scalar"
    axes.text(
        *place,
        f"{node.label}\n{shape}",
        ha="center",
        va="center",
        fontsize=9,
        bbox={"boxstyle": "round,pad=0.4", "facecolor": color, "edgecolor": "#555555"},
        zorder=2,
    )


def _arrow(axes: Any, start: tuple[float, float], end: tuple[float, float]) -> None:
    long = end[1] - start[1] > 1  # bend around what lies in between
    axes.annotate(
        "",
        (end[0], end[1] - 0.24),
        (start[0], start[1] + 0.24),
        arrowprops={
            "arrowstyle": "-|>",
            "color": "#777777",
            "connectionstyle": f"arc3,rad={-0.15 if long else 0}",
        },
        zorder=1,
    )


def _layout(graph: Sequence[GraphNode]) -> list[tuple[float, float]]:
    """(column, row) of every node: a row below all its inputs, in a column near them.

    A leaf stands directly above the first operation that uses it.
    """
    rows: list[int] = []
    for node in graph:
        rows.append(1 + max((rows[i] for i in node.inputs), default=-1))
    for i, node in enumerate(graph):
        if node.is_leaf:
            rows[i] = min(rows[k] for k, user in enumerate(graph) if i in user.inputs) - 1
    columns = [0.0] * len(graph)
    for row in range(max(rows) + 1):
        members = [i for i in range(len(graph)) if rows[i] == row]
        wish = {i: _wish(graph, i, columns) for i in members}
        operations = sorted((i for i in members if not graph[i].is_leaf), key=wish.__getitem__)
        first = _mean([wish[i] for i in operations]) - (len(operations) - 1) / 2
        leaves = [i for i in members if graph[i].is_leaf]  # beside the operations
        for place, i in enumerate([*operations, *leaves]):
            columns[i] = first + place
    return list(zip(columns, map(float, rows), strict=True))


def _wish(graph: Sequence[GraphNode], i: int, columns: Sequence[float]) -> float:
    """The column a node would like: below the operations it is made of."""
    inputs = graph[i].inputs
    operations = [k for k in inputs if not graph[k].is_leaf]
    return _mean([columns[k] for k in operations or inputs])


def _mean(numbers: Sequence[float]) -> float:
    return sum(numbers) / len(numbers) if numbers else 0.0
