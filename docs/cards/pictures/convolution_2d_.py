"""Card of the convolution in 2-D: four windows with stride 2, forward and backward."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.patches import Rectangle

from docs.cards.forms.convolution_2d import convolution_2d, convolution_2d_gradients
from docs.drawing import (
    BLUE,
    GREEN,
    PURPLE,
    RED,
    YELLOW,
    arrow,
    axes_at,
    canvas,
    figure_saved,
    heat_map,
    label,
    table,
)

PICTURES = ("convolution-2d.png",)
CELL = (0.55, 0.34)
COLORS = {(0, 0): BLUE, (0, 1): GREEN, (1, 0): YELLOW, (1, 1): PURPLE}  # of the windows


def draw(folder: Path) -> None:
    """Write PICTURES to `folder`."""
    x = np.array(
        [
            [0, 0, 1, 1, 0, 0],
            [0, 1, 2, 1, 0, 1],
            [1, 2, 1, 0, 1, 1],
            [1, 1, 0, 0, 2, 1],
            [0, 0, 0, 1, 2, 0],
            [1, 0, 1, 1, 0, 0],
        ],
        float,
    )
    kernel = np.array([[0.2, 0.5, 0.2], [0.0, 1.0, 0.0], [-0.2, -0.5, -0.2]])
    grad = np.array([[0.8, -0.6], [-0.4, 1.0]])
    layer = {"x": x[None], "kernel": kernel[None, None], "bias": np.zeros(1)}
    y = convolution_2d(**layer, stride=2, padding=0)[0]
    by_x, by_kernel, by_bias = convolution_2d_gradients(grad[None], **layer, stride=2, padding=0)
    by_x, by_kernel = by_x[0], by_kernel[0, 0]
    with figure_saved(folder / PICTURES[0], 10, 7.8) as figure:
        axes = canvas(figure)
        label(
            axes, (0.3, 7.5), "forward, stride 2", color=BLUE, ha="left", fontsize=12, weight="bold"
        )
        label(axes, (0.3, 3.65), "backward", color=RED, ha="left", fontsize=12, weight="bold")
        one, tenths = {"form": "{:.0f}", "scale": 1.2}, {"form": "{:.1f}", "scale": 1.2}
        x_table = table(axes, x, (0.15, 6.85), CELL, slopes=by_x, title="x  (6, 6)", **one)
        wide = (0.52, 0.34)
        settings = {"slopes": by_kernel, "form": "{:.1f}", "scale": 3, "title": "K  (3, 3)"}
        k_table = table(axes, kernel, (3.75, 6.35), wide, **settings)
        y_table = table(axes, y, (5.95, 6.18), wide, slopes=grad, title="y  (2, 2)", **tenths)
        label(axes, (3.6, k_table.center[1]), "∗", fontsize=15)
        arrow(axes, k_table.right, y_table.left, "(2, 2)", BLUE)
        dx = table(
            axes,
            by_x,
            (0.15, 3.05),
            CELL,
            slopes=by_x,
            title="∂L/∂x  (6, 6)",
            fontsize=9,
            scale=1.2,
        )
        settings |= {"title": "∂L/∂K  (3, 3)"}
        dk = table(axes, by_kernel, (3.75, 2.55), wide, **settings)
        g = table(axes, grad, (5.95, 2.38), wide, slopes=grad, title="∂L/∂y = g", **tenths)
        arrow(axes, g.left, dk.right, "(3, 3)", RED)
        for window, color in COLORS.items():
            for frame in (x_table, dx):
                _mark(axes, frame, CELL, (2 * window[0], 2 * window[1]), 3, color)
            for frame in (y_table, g):
                _mark(axes, frame, wide, window, 1, color)
        text = f"∂L/∂b = Σ g = {by_bias[0]:.1f}   (1,)"
        label(axes, (3.75, 1.25), text, ha="left")
        label(
            axes, (0.3, 0.55), "The last row and column of x are in no window: slope 0.", ha="left"
        )
        label(
            axes,
            (0.3, 0.28),
            "Where frames overlap, the slopes of the windows are added.",
            ha="left",
        )
        label(axes, (3.75, 4.85), "A window of x times K is an output,", ha="left", fontsize=9)
        label(axes, (3.75, 4.63), "in the color of its frame.", ha="left", fontsize=9)
        _jacobian(figure, kernel)
        _copies(figure, axes, kernel, grad)


def _mark(axes, frame, cell, first, count: int, color: str) -> None:
    """Draw a frame around count x count cells of a table; those of neighbors lie side by side."""
    shrink = 0.02 + 0.015 * list(COLORS.values()).index(color) * (count > 1)
    top = frame.y + frame.height - first[0] * cell[1]
    corner = frame.x + first[1] * cell[0] + shrink, top - count * cell[1] + shrink
    size = count * cell[0] - 2 * shrink, count * cell[1] - 2 * shrink
    axes.add_patch(Rectangle(corner, *size, fc="none", ec=color, lw=2.2, zorder=3))


def _jacobian(figure, kernel) -> None:
    matrix = np.zeros((4, 6, 6))
    for i, (p, q) in enumerate(COLORS):
        matrix[i, 2 * p : 2 * p + 3, 2 * q : 2 * q + 3] = kernel
    plot = axes_at(figure, (7.4, 4.75), 2.3, 2.0)
    rows = ["y₀₀", "y₀₁", "y₁₀", "y₁₁"]
    title = "Jacobian by x  (4, 36)"
    heat_map(plot, matrix.reshape(4, 36), rows, title=title, scale=1.2, form=None)
    plot.set_xlabel("the 36 numbers of x, row by row")
    plot.set_xticks([0, 6, 12, 18, 24, 30], ["0", "6", "12", "18", "24", "30"])


def _copies(figure, axes, kernel, grad) -> None:
    label(axes, (8.5, 3.65), "∂L/∂x is the sum of four copies g K:", fontsize=10)
    for (p, q), color in COLORS.items():
        copy = np.zeros((6, 6))
        copy[2 * p : 2 * p + 3, 2 * q : 2 * q + 3] = grad[p, q] * kernel
        plot = axes_at(figure, (7.35 + 1.25 * q, 1.95 - 1.5 * p), 1.05, 1.2)
        title = f"{grad[p, q]:.1f} K".replace("-", "−")
        heat_map(plot, copy, title=title, form=None, scale=1.0)
        for side in plot.spines.values():
            side.set(color=color, linewidth=2)
