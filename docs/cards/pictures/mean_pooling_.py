"""Card of mean pooling: windows that share a slope, the Jacobian, and the mean of words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.patches import Rectangle

from docs.cards.forms.mean_pooling import (
    masked_mean,
    masked_mean_gradients,
    mean_pooling,
    mean_pooling_gradients,
)
from docs.drawing import (
    BLUE,
    INK,
    LIGHT,
    RED,
    arrow,
    axes_at,
    canvas,
    figure_saved,
    heat_map,
    label,
    slope_color,
    table,
)

PICTURES = ("mean-pooling.png",)
CELL = (0.5, 0.36)


def draw(folder: Path) -> None:
    """Write PICTURES to `folder`."""
    x = np.array(
        [[1, 5, 2, 0, 3, 1], [0, 2, 4, 2, 8, 0], [7, 1, 0, 1, 2, 6], [3, 1, 9, 6, 4, 0]], float
    )
    grad = np.array([[0.4, -0.8, 1.2], [-0.4, 0.8, 0.2]])
    y, by_x = mean_pooling(x, 2), mean_pooling_gradients(grad, x, 2)
    with figure_saved(folder / PICTURES[0], 10, 8.0) as figure:
        axes = canvas(figure)
        label(axes, (0.3, 7.7), "forward", color=BLUE, ha="left", fontsize=12, weight="bold")
        label(axes, (0.3, 5.2), "backward", color=RED, ha="left", fontsize=12, weight="bold")
        label(axes, (1.6, 7.7), "of an image, size 2", ha="left")
        label(axes, (6.3, 7.7), "of the words of a text", ha="left")
        shade = {"scale": 1.2}
        x_table = table(
            axes, x, (0.3, 7.05), CELL, slopes=by_x, title="x  (4, 6)", form="{:.0f}", **shade
        )
        y_table = table(axes, y, (4.0, 6.7), CELL, slopes=grad, title="y  (2, 3)", **shade)
        dx = table(axes, by_x, (0.3, 4.5), CELL, slopes=by_x, title="∂L/∂x  (4, 6)", **shade)
        g = table(
            axes,
            grad,
            (4.0, 4.15),
            CELL,
            slopes=grad,
            title="∂L/∂y = g  (2, 3)",
            form="{:.1f}",
            **shade,
        )
        arrow(axes, (x_table.right[0], y_table.center[1]), y_table.left, "mean", BLUE, fontsize=9)
        arrow(axes, g.left, (dx.right[0], g.center[1]), "g / 4", RED, fontsize=9)
        for frame in (x_table, dx):
            for p, q in np.ndindex(2, 3):
                corner = frame.x + 2 * q * CELL[0], frame.y + 2 * p * CELL[1]
                axes.add_patch(
                    Rectangle(corner, 2 * CELL[0], 2 * CELL[1], fc="none", ec=INK, lw=1.8, zorder=3)
                )
        _words(axes)
        _jacobian(figure, x)


def _jacobian(figure, x) -> None:
    matrix = np.zeros((6, 24))
    for i in range(6):
        one = np.zeros(6)
        one[i] = 1
        matrix[i] = mean_pooling_gradients(one.reshape(2, 3), x, 2).ravel()
    jacobian = axes_at(figure, (0.9, 0.55), 8.6, 1.05)
    rows = ["y₀₀", "y₀₁", "y₀₂", "y₁₀", "y₁₁", "y₁₂"]
    title = "Jacobian of the image  (6, 24): the share 1/4, four times in every row"
    heat_map(jacobian, matrix, rows, title=title, zeros=False, scale=0.5)
    jacobian.set_xticks(range(0, 24, 6), ["0", "6", "12", "18"])
    jacobian.set_xlabel("the 24 numbers of x, row by row")


def _words(axes) -> None:
    words = ["we", "like", "tea", "(padding)"]
    x = np.array([[0.2, 0.9, -0.4], [0.8, -0.3, 0.5], [0.5, 0.6, 0.8], [9.9, 9.9, 9.9]])
    mask = np.array([True, True, True, False])
    grad = np.array([0.9, -0.6, 0.3])
    y = masked_mean(x[None], mask[None])[0]
    by_x = masked_mean_gradients(grad[None], x[None], mask[None])[0] + 0.0  # no -0
    colors = [[slope_color(s, 0.9) if m else LIGHT for s in row] for row, m in zip(by_x, mask)]
    left = 7.2
    settings = {"rows": words, "colors": colors}
    x_table = table(axes, x, (left, 7.05), CELL, title="x  (4, 3)", form="{:.1f}", **settings)
    y_table = table(axes, y, (left, 5.32), CELL, slopes=grad, scale=0.9, rows=["y  (3,)"])
    arrow(axes, x_table.bottom, y_table.top, "", BLUE)
    dx = table(axes, by_x, (left, 4.45), CELL, title="∂L/∂x  (4, 3)", **settings)
    g = table(axes, grad, (left, 2.72), CELL, slopes=grad, scale=0.9, rows=["g  (3,)"])
    arrow(axes, g.top, dx.bottom, "", RED)
    label(axes, (left + 2.1, 5.5), "mean of 3 rows,", fontsize=9)
    label(axes, (left + 2.1, 5.28), "not of 4", fontsize=9)
    label(axes, (left + 2.1, 2.87), "g / 3 to each", color=RED, fontsize=9)
    label(axes, (left + 2.1, 2.65), "real word", color=RED, fontsize=9)
