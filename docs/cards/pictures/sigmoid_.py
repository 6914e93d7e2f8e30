"""Card of sigmoid and tanh: curves with tangents, and tables of sigmoid in both passes."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from docs.cards.forms.sigmoid import sigmoid, sigmoid_gradients, tanh, tanh_gradients
from docs.drawing import (
    BLUE,
    GRAY,
    INK,
    RED,
    arrow,
    axes_at,
    canvas,
    figure_saved,
    label,
    slope_color,
    table,
)

PICTURES = ("sigmoid.png",)


def draw(folder: Path) -> None:
    """Write PICTURES to `folder`."""
    with figure_saved(folder / PICTURES[0], 10, 6.8) as figure:
        axes = canvas(figure)
        x = np.linspace(-4, 4, 400)
        for i, (name, curve, gradients) in enumerate(
            [("sigmoid σ", sigmoid, sigmoid_gradients), ("tanh", tanh, tanh_gradients)]
        ):
            plot = axes_at(figure, (0.6 + 4.95 * i, 3.85), 4.2, 2.5)
            plot.axhline(0, color=GRAY, lw=0.7)
            plot.plot(x, curve(x), color=BLUE, lw=2, label="value y")
            slope = "slope y (1 − y)" if i == 0 else "slope 1 − y²"
            plot.plot(x, gradients(np.ones_like(x), x), color=RED, lw=2, label=slope)
            for at in (-2.0, 0.0, 1.0):
                y, rise = curve(at), gradients(1.0, np.array(at))
                near = np.array([-0.55, 0.55])
                color = slope_color(rise, 0.35 if i == 0 else 1.2)
                plot.plot(at + near, y + rise * near, color=color, lw=6, alpha=0.7, zorder=0)
                plot.plot([at], [y], "o", color=INK, ms=5)
                text = f"{rise:.2f}"
                along, up = (0.2, -0.14) if i == 1 and at == 1 else (-0.12, 0.1 if i == 0 else 0.16)
                side = "left" if along > 0 else "right"
                plot.text(at + along, y + up, text, ha=side, fontsize=9)
            plot.legend(loc="upper left")
            low = -0.1 if i == 0 else -1.1
            plot.set(
                title=f"{name}: slopes at three points",
                xlabel="x",
                ylim=(low, 1.3 if i == 0 else 1.7),
            )
        _tables(axes)


def _tables(axes) -> None:
    x = np.array([[0.0, 1.0, -2.0], [4.0, -0.5, -6.0]])
    grad = np.array([[0.8, 0.8, 0.8], [0.8, -0.8, -0.8]])
    y = sigmoid(x)
    by_x = sigmoid_gradients(grad, x)
    cell = (0.68, 0.36)
    exact = {"form": "{:.3f}"}
    shade = {"scale": 0.2}
    label(axes, (0.3, 3.1), "forward", color=BLUE, ha="left", fontsize=12, weight="bold")
    label(axes, (0.3, 1.4), "backward", color=RED, ha="left", fontsize=12, weight="bold")
    x_table = table(axes, x, (0.3, 2.5), cell, slopes=by_x, title="x  (2, 3)", **shade)
    y_table = table(
        axes, y, (7.6, 2.5), cell, slopes=grad, scale=1.2, title="y = σ(x)  (2, 3)", **exact
    )
    arrow(axes, x_table.right, y_table.left, "σ, each number alone   (2, 3)", BLUE)
    dx = table(
        axes,
        by_x,
        (0.3, 0.85),
        cell,
        slopes=by_x,
        scale=0.2,
        title="∂L/∂x = g · y (1 − y)",
        **exact,
    )
    slope = table(axes, y * (1 - y), (3.95, 0.85), cell, title="slope y (1 − y)  (2, 3)", **exact)
    g = table(axes, grad, (7.6, 0.85), cell, slopes=grad, scale=1.2, title="∂L/∂y = g  (2, 3)")
    arrow(axes, g.left, slope.right, "times   (2, 3)", RED)
    arrow(axes, slope.left, dx.right, "(2, 3)", RED)
