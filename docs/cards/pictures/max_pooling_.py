"""Card of max pooling: winners of windows side by side, of overlapping ones, and the Jacobian."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.patches import Rectangle

from docs.cards.forms.max_pooling import max_pooling, max_pooling_gradients
from docs.drawing import (
    BLUE,
    INK,
    RED,
    arrow,
    axes_at,
    canvas,
    figure_saved,
    heat_map,
    label,
    table,
)

PICTURES = ("max-pooling.png",)
CELL = (0.44, 0.36)


def draw(folder: Path) -> None:
    """Write PICTURES to `folder`."""
    x = np.array(
        [[1, 5, 2, 0, 3, 1], [0, 2, 4, 3, 8, 2], [7, 1, 0, 1, 2, 6], [3, 2, 9, 5, 4, 0]], float
    )
    grad = np.array([[0.5, -0.8, 0.3], [-0.4, 0.9, 0.6]])
    center = np.array(
        [[1, 3, 0, 2, 1], [2, 0, 4, 1, 3], [0, 2, 9, 3, 1], [4, 1, 2, 0, 5], [1, 6, 0, 2, 3]], float
    )
    four = np.array([[0.5, -0.2], [0.4, 0.3]])
    with figure_saved(folder / PICTURES[0], 10, 7.4) as figure:
        axes = canvas(figure)
        label(axes, (0.3, 7.1), "forward", color=BLUE, ha="left", fontsize=12, weight="bold")
        label(axes, (0.3, 4.55), "backward", color=RED, ha="left", fontsize=12, weight="bold")
        label(axes, (2.2, 7.1), "size 2, stride 2: every number is in one window", ha="left")
        label(axes, (6.25, 7.1), "size 3, stride 2: windows overlap", ha="left")
        _example(axes, x, grad, 2, 0.3)
        _example(axes, center, four, 3, 6.25)
        jacobian = axes_at(figure, (0.9, 0.65), 5.0, 1.3)
        matrix = np.zeros((6, 24))
        for i in range(6):
            one = np.zeros(6)
            one[i] = 1
            matrix[i] = max_pooling_gradients(one.reshape(2, 3), x, 2, 2).ravel()
        rows = ["y₀₀", "y₀₁", "y₀₂", "y₁₀", "y₁₁", "y₁₂"]
        title = "Jacobian of the left  (6, 24): a single 1 in every row"
        heat_map(jacobian, matrix, rows, title=title, form="{:.0f}", zeros=False, scale=1.2)
        jacobian.set_xticks(range(0, 24, 6), ["0", "6", "12", "18"])
        jacobian.set_xlabel("the 24 numbers of x, row by row")
        text = [
            "9 is the largest of all four",
            "windows; it has the sum of",
            "their slopes: 0.5 − 0.2 + 0.4",
            "+ 0.3 = 1.0.",
        ]
        for i, line in enumerate(text):
            label(axes, (6.5, 1.75 - 0.24 * i), line, ha="left")


def _example(axes, x, grad, size: int, left: float) -> None:
    y = max_pooling(x, size, 2)
    by_x = max_pooling_gradients(grad, x, size, 2)
    n = x.shape[1] * CELL[0]
    shade = {"scale": 1.1}
    shape = f"({x.shape[0]}, {x.shape[1]})"
    small = f"({y.shape[0]}, {y.shape[1]})"
    whole = {"form": "{:.0f}", **shade}
    x_table = table(axes, x, (left, 6.45), CELL, slopes=by_x, title=f"x  {shape}", **whole)
    right = left + n + (0.95 if size == 2 else 0.5)
    y_table = table(axes, y, (right, 6.1), CELL, slopes=grad, title=f"y  {small}", **whole)
    tenths = {"form": "{:.1f}", **shade}
    dx = table(axes, by_x, (left, 4.0), CELL, slopes=by_x, title=f"∂L/∂x  {shape}", **tenths)
    g = table(axes, grad, (right, 3.65), CELL, slopes=grad, title=f"g  {small}", **tenths)
    arrow(
        axes,
        (x_table.right[0], y_table.center[1]),
        y_table.left,
        small if size == 2 else "",
        BLUE,
        fontsize=9,
    )
    arrow(axes, g.left, (dx.right[0], g.center[1]), small if size == 2 else "", RED, fontsize=9)
    for frame in (x_table, dx):
        for p, q in np.ndindex(y.shape):
            shift = 0.02 * (2 * p + q) if size == 3 else 0.02
            corner = frame.x + 2 * q * CELL[0], frame.y + frame.height - (2 * p + size) * CELL[1]
            box = Rectangle(
                (corner[0] + shift, corner[1] + shift),
                size * CELL[0] - 2 * shift,
                size * CELL[1] - 2 * shift,
                fc="none",
                ec=INK,
                lw=1.8,
                zorder=3,
            )
            axes.add_patch(box)
