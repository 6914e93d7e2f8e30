"""Chapter 9: a tape with its numbers, two orders to walk it, a tape of arrays with its slopes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from docs.drawing import (
    BLUE,
    GRAY,
    LIGHT,
    LIGHT_BLUE,
    LIGHT_GREEN,
    LIGHT_YELLOW,
    RED,
    arrow,
    box,
    canvas,
    figure_saved,
    label,
    table,
)
from pmt_autograd import Tensor, gradients, tanh

PICTURES = ("09_values.png", "09_order.png", "09_tape.png")


def draw_values(path: Path) -> None:
    """y = tanh(x w) x at x = 0.5, w = 2, with all values and slopes."""
    x, w = 0.5, 2.0
    product, bent = x * w, np.tanh(x * w)
    y = bent * x
    by_bent, direct = x, bent
    by_product = by_bent * (1 - bent**2)
    with figure_saved(path, 10, 4.6) as figure:
        axes = canvas(figure)
        size = (1.7, 0.62)
        left = box(axes, (1.2, 3.6), f"x\n{x:.4f}", *size, LIGHT_BLUE)
        right = box(axes, (1.2, 1.3), f"w\n{w:.4f}", *size, LIGHT_BLUE)
        times = box(axes, (3.9, 1.9), f"x w\n{product:.4f}", *size)
        curve = box(axes, (6.3, 1.9), f"tanh\n{bent:.4f}", *size)
        end = box(axes, (8.7, 3.2), f"y = tanh \u00b7 x\n{y:.4f}", *size, LIGHT_YELLOW)

        def edge(start: tuple, stop: tuple, slope: float, at: tuple, text: str = "") -> None:
            arrow(axes, start, stop, color=BLUE)
            label(axes, at, f"{slope:.4f}", color=RED, fontsize=11)
            if text:
                label(axes, (at[0], at[1] - 0.22), text, color=GRAY, fontsize=9)

        edge((left.right[0], 3.5), (times.x, 2.1), by_product * w, (3.1, 3.1), "0.2100 \u00b7 w")
        edge(right.right, (times.x, 1.75), by_product * x, (2.85, 1.2), "0.2100 \u00b7 x")
        edge(times.right, curve.left, by_product, (5.1, 2.62), "0.5 (1 \u2212 tanh\u00b2)")
        edge(curve.right, (end.x, 3.05), by_bent, (6.95, 2.95), "1 \u00b7 x")
        edge((left.right[0], 3.75), (end.x, 3.4), direct, (4.9, 3.95), "1 \u00b7 tanh")
        label(axes, (8.7, 3.75), "slope 1", color=RED, fontsize=11)
        total = f"slope {direct:.4f} + {by_product * w:.4f} = {direct + by_product * w:.4f}"
        label(axes, (0.35, 4.3), total, color=RED, fontsize=11, ha="left")
        label(axes, (0.35, 0.75), f"slope {by_product * x:.4f}", color=RED, fontsize=11, ha="left")
        text = "blue arrows: values, forwards. Red numbers: slopes, backwards along the same arrows"
        label(axes, (5, 0.25), text, color=GRAY)


def _graph(axes: Axes, left: float, numbers: dict[str, str], late: bool) -> None:
    places = {"d": (2.3, 3.75), "c": (1.1, 2.75), "b": (2.3, 1.75), "a": (2.3, 0.75)}
    texts = {"d": "d = b + c", "c": "c = tanh b", "b": "b = tanh a", "a": "a"}
    frames = {}
    for name, (x, y) in places.items():
        color = LIGHT_GREEN if name == "b" else LIGHT_BLUE if name == "a" else LIGHT
        frames[name] = box(axes, (left + x, y), texts[name], 1.25, 0.42, color)
        at = (left + x + (0.8 if name != "c" else -0.8), y)
        label(axes, at, numbers[name], color=RED, fontsize=12)
    arrow(axes, frames["d"].bottom, frames["b"].top, color=RED)
    arrow(axes, (frames["d"].x + 0.2, frames["d"].y), frames["c"].top, color=RED)
    start, stop = frames["c"].bottom, (frames["b"].x + 0.2, frames["b"].y + 0.42)
    arrow(axes, start, stop, color=RED, dashed=late)
    arrow(axes, frames["b"].bottom, frames["a"].top, color=RED)


def draw_order(path: Path) -> None:
    """The graph of exercise 2, visited breadth first and in reverse topological order."""
    with figure_saved(path, 10, 5.0) as figure:
        axes = canvas(figure)
        label(axes, (2.6, 4.6), "breadth first: wrong", fontsize=12)
        _graph(axes, 0.4, {"d": "1.", "b": "2.", "c": "3.", "a": "4."}, late=True)
        label(axes, (2.6, 0.2), "b passes its slope on before c has added to it", color=GRAY)
        label(axes, (7.5, 4.6), "reverse topological: right", fontsize=12)
        _graph(axes, 5.3, {"d": "1.", "c": "2.", "b": "3.", "a": "4."}, late=False)
        label(axes, (7.5, 0.2), "b waits for both that have used it", color=GRAY)


def draw_tape(path: Path) -> None:
    """tanh(x W + b).sum() with values above and slopes below, one color for both."""
    x = np.array([[1.0, 0, 2], [0, 1, 1]])
    w, b = np.array([[1.0, -1], [0, 1], [0.5, 0]]), np.array([0.0, 0.5])
    parts = [Tensor(array, requires_grad=True) for array in (w, b)]
    slopes = gradients(tanh(x @ parts[0] + parts[1]).sum())
    product, ends = x @ w, x @ w + b
    bent = np.tanh(ends)
    by_sum = 1 - bent**2
    ones = np.ones((2, 2))
    cell = (0.56, 0.34)
    with figure_saved(path, 10, 6.2) as figure:
        axes = canvas(figure)
        forward, backward = 5.0, 2.35
        columns = [3.05, 5.15, 7.25]
        names = ["x W  (2, 2)", "x W + b  (2, 2)", "tanh  (2, 2)"]
        values, backs = [product, ends, bent], [by_sum, by_sum, ones]
        tables = []
        for at, name, value, back in zip(columns, names, values, backs, strict=True):
            above = table(axes, value, (at, forward), cell, slopes=back, scale=1.6, title=name)
            below = table(axes, back, (at, backward), cell, slopes=back, scale=1.6)
            tables.append((above, below))
        data = table(axes, x, (0.3, forward), cell, title="x  (2, 3)")
        arrow(axes, data.right, tables[0][0].left, "matmul", color=BLUE, fontsize=9)
        arrow(axes, tables[0][0].right, tables[1][0].left, "add", color=BLUE, fontsize=9)
        arrow(axes, tables[1][0].right, tables[2][0].left, "tanh", color=BLUE, fontsize=9)
        end = box(axes, (9.35, tables[2][0].center[1]), f"L\n{bent.sum():.2f}", 0.8, 0.62)
        arrow(axes, tables[2][0].right, end.left, "sum", color=BLUE, fontsize=9)
        last = box(axes, (9.35, tables[2][1].center[1]), "slope\n1", 0.8, 0.62)
        arrow(axes, last.left, tables[2][1].right, "1 each", color=RED, fontsize=9)
        text = "\u00b7 (1 \u2212 tanh\u00b2)"
        arrow(axes, tables[2][1].left, tables[1][1].right, text, color=RED, fontsize=9)
        arrow(axes, tables[1][1].left, tables[0][1].right, "same", color=RED, fontsize=9)
        scale = 1.6
        weight = table(axes, w, (1.0, 3.85), cell, slopes=slopes[parts[0]], scale=scale,
                       title="W  (3, 2)")  # fmt: skip
        by_weight = table(axes, slopes[parts[0]], (0.65, 1.45), cell, slopes=slopes[parts[0]],
                          scale=scale, title="\u2202L/\u2202W = x\u1d40 g")  # fmt: skip
        arrow(axes, (weight.right[0], 3.5), (tables[0][0].x + 0.3, tables[0][0].y), color=BLUE)
        arrow(axes, tables[0][1].bottom, (by_weight.right[0], 1.1), color=RED)
        bias = table(axes, b, (5.15, 3.6), cell, slopes=slopes[parts[1]], scale=scale)
        label(axes, (6.8, 3.43), "b  (2)", fontsize=11)
        arrow(axes, bias.top, tables[1][0].bottom, color=BLUE)
        by_bias = table(axes, slopes[parts[1]], (5.15, 1.0), cell, slopes=slopes[parts[1]],
                        scale=scale)  # fmt: skip
        label(axes, (7.45, 0.83), "\u2202L/\u2202b: sum of the rows", fontsize=11)
        arrow(axes, tables[1][1].bottom, by_bias.top, color=RED)
        label(axes, (0.3, 5.85), "forward", color=BLUE, ha="left", fontsize=12)
        label(axes, (0.3, 2.1), "backward", color=RED, ha="left", fontsize=12)


def draw(folder: Path) -> None:
    """Write PICTURES to `folder`."""
    for name, function in zip(PICTURES, (draw_values, draw_order, draw_tape), strict=True):
        function(folder / name)
