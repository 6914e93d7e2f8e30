"""Card of the convolution in 1-D: windows forward and backward, Jacobians for strides 1 and 2."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.patches import Rectangle

from docs.cards.forms.convolution_1d import convolution_1d, convolution_1d_gradients
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

PICTURES = ("convolution-1d.png",)
CELL = (0.58, 0.36)
LEFT = 2.1  # of x_0; outputs and gradients are aligned with the inputs that they meet


def draw(folder: Path) -> None:
    """Write PICTURES to `folder`."""
    x = np.array([0.0, 1.0, 2.0, 1.0, -1.0, 0.0, 1.0, 2.0])
    kernel = np.array([0.5, 1.0, -0.4])
    grad = np.array([0.6, -0.3, 0.0, 0.8, 0.2, -0.5])
    by_x, by_kernel = convolution_1d_gradients(grad, x, kernel)
    with figure_saved(folder / PICTURES[0], 10, 8.2) as figure:
        axes = canvas(figure)
        _forward(axes, x, kernel, grad, by_x, by_kernel)
        _backward(axes, x, kernel, grad, by_x, by_kernel)
        _jacobians(figure, kernel)


def _forward(axes, x, kernel, grad, by_x, by_kernel) -> None:
    label(axes, (0.3, 7.9), "forward", color=BLUE, ha="left", fontsize=12, weight="bold")
    names = [f"{i}" for i in range(8)]
    settings = {"slopes": by_x, "scale": 0.9, "rows": ["x  (8,)"], "columns": names}
    x_table = table(axes, x, (LEFT, 7.5), CELL, form="{:.1f}", **settings)
    table(axes, kernel, (7.8, 7.5), CELL, slopes=by_kernel, scale=2, title="K  (3,)", form="{:.1f}")
    top = (LEFT + CELL[0], 6.55)
    y = convolution_1d(x, kernel)
    y_table = table(axes, y, top, CELL, slopes=grad, scale=0.9, rows=["y  (6,)"], form="{:.1f}")
    _frame(axes, x_table, 3, 3, BLUE)
    _frame(axes, y_table, 3, 1, BLUE)
    for i in range(3):
        start = x_table.x + (3.5 + i) * CELL[0], x_table.y
        arrow(axes, start, (y_table.x + 3.5 * CELL[0], top[1]), color=BLUE)
        where = y_table.x + (3.5 + 1.0 * (i - 1)) * CELL[0] + (0.13 if i == 1 else 0), 7.0
        label(axes, (where[0] + 0.1 * (i - 1), where[1]), f"K{'₀₁₂'[i]}", color=BLUE)
    text = "y₃ = K₀ x₃ + K₁ x₄ + K₂ x₅"
    label(axes, (7.2, 6.37), text, ha="left", color=BLUE)


def _backward(axes, x, kernel, grad, by_x, by_kernel) -> None:
    label(axes, (0.3, 5.85), "backward", color=RED, ha="left", fontsize=12, weight="bold")
    padded = np.pad(grad, 2)
    left = LEFT - CELL[0]
    colors = [[LIGHT] * 2 + [slope_color(g, 0.9) for g in grad] + [LIGHT] * 2]
    settings = {"rows": ["g, zeros"], "form": "{:.1f}", "colors": colors}
    g_table = table(axes, padded, (left, 5.4), CELL, **settings)
    settings = {"slopes": by_x, "scale": 0.9, "rows": ["∂L/∂x  (8,)"]}
    dx = table(axes, by_x, (LEFT, 4.45), CELL, **settings)
    settings = {"slopes": by_kernel, "scale": 2, "title": "∂L/∂K = Σ g x  (3,)"}
    table(axes, by_kernel, (7.8, 4.6), CELL, **settings)
    _frame(axes, g_table, 4, 3, RED)
    _frame(axes, dx, 4, 1, RED)
    for i in range(3):
        start = g_table.x + (4.5 + i) * CELL[0], g_table.y
        arrow(axes, start, (dx.x + 4.5 * CELL[0], 4.45), color=RED)
        where = dx.x + (4.5 + 1.0 * (i - 1)) * CELL[0] + (0.13 if i == 1 else 0), 4.9
        label(axes, (where[0] + 0.1 * (i - 1), where[1]), f"K{'₂₁₀'[i]}", color=RED)
    text = "∂L/∂x₄ = K₂ g₂ + K₁ g₃ + K₀ g₄"
    label(axes, (7.55, 5.8), text, ha="left", color=RED)
    label(axes, (7.55, 5.55), "the kernel turned around", ha="left", color=RED, fontsize=9)


def _frame(axes, inside, first: int, count: int, color: str) -> None:
    """Draw a thick frame around cells of a table of one row."""
    corner = inside.x + first * CELL[0], inside.y
    axes.add_patch(
        Rectangle(corner, count * CELL[0], CELL[1], fc="none", ec=color, lw=2.5, zorder=3)
    )


def _jacobians(figure, kernel) -> None:
    full = np.zeros((6, 8))
    for q in range(6):
        full[q, q : q + 3] = kernel
    columns = [f"x{i}" for i in "₀₁₂₃₄₅₆₇"]
    settings = {"form": "{:.1f}", "zeros": False, "scale": 1.2}
    first = axes_at(figure, (0.8, 0.5), 4.1, 2.7)
    rows = [f"y{i}" for i in "₀₁₂₃₄₅"]
    title = "Jacobian, stride 1  (6, 8): a band"
    heat_map(first, full, rows, columns, title=title, **settings)
    second = axes_at(figure, (5.7, 0.5), 4.1, 1.35)
    rows = [f"y{i}" for i in "₀₁₂"]
    title = "stride 2  (3, 8): every second row of it"
    heat_map(second, full[::2], rows, columns, title=title, **settings)
    text = [
        "With stride 2, x₁, x₃, x₅ meet K₁ only; x₂, x₄",
        "meet K₂ and K₀; x₇ meets nothing.",
    ]
    for i, line in enumerate(text):
        figure.axes[0].text(5.7, 3.15 - 0.22 * i, line, color=INK, fontsize=10, va="center")
    spread = ["g₀", "0", "g₁", "0", "g₂", "0"]
    colors = [[LIGHT if entry == "0" else "#ffffff" for entry in spread]]
    table(figure.axes[0], spread, (5.7, 2.75), (0.42, 0.36), colors=colors)
    label(figure.axes[0], (8.35, 2.57), "times the full band", ha="left", fontsize=9)
