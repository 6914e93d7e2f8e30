"""Card of relu and its relatives: curves with slopes, and tables of relu in both passes."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from docs.cards.forms.relu import (
    elu,
    elu_gradients,
    leaky_relu,
    leaky_relu_gradients,
    relu,
    relu_gradients,
)
from docs.drawing import (
    BLUE,
    GRAY,
    LIGHT,
    RED,
    WHITE,
    arrow,
    axes_at,
    canvas,
    figure_saved,
    heat_map,
    label,
    table,
)

PICTURES = ("relu.png",)


def draw(folder: Path) -> None:
    """Write PICTURES to `folder`."""
    with figure_saved(folder / PICTURES[0], 10, 6.6) as figure:
        axes = canvas(figure)
        x = np.linspace(-3, 3, 601)
        one = np.ones_like(x)
        curves = [
            ("relu", relu(x), relu_gradients(one, x)),
            ("leaky relu, s = 0.2", leaky_relu(x, 0.2), leaky_relu_gradients(one, x, 0.2)),
            ("elu, α = 1", elu(x, 1.0), elu_gradients(one, x, 1.0)),
        ]
        for i, (name, y, slope) in enumerate(curves):
            plot = axes_at(figure, (0.6 + 3.25 * i, 4.0), 2.6, 2.2)
            slope[np.diff(slope, prepend=slope[0]) > 0.1] = np.nan  # a jump has no line
            plot.axhline(0, color=GRAY, lw=0.7)
            plot.plot(x, y, color=BLUE, lw=2)
            plot.plot(x, slope, color=RED, lw=2)
            plot.text(1.75, 2.2, "value", color=BLUE, ha="right")
            plot.text(2.9, 0.68, "slope", color=RED, ha="right")
            plot.set(title=name, xlabel="x", xlim=(-3, 3), ylim=(-1.3, 3))
        _tables(axes, figure)


def _tables(axes, figure) -> None:
    x = np.array([[1.5, -0.4, 0.7], [-2.0, 0.3, -1.1]])
    grad = np.array([[0.6, 0.9, -0.8], [-0.5, 0.4, 0.2]])
    by_x = relu_gradients(grad, x)
    shade = {"scale": 0.9}
    label(axes, (0.3, 3.1), "forward", color=BLUE, ha="left", fontsize=12, weight="bold")
    label(axes, (0.3, 1.4), "backward", color=RED, ha="left", fontsize=12, weight="bold")
    cell = (0.6, 0.36)
    x_table = table(axes, x, (0.3, 2.5), cell, slopes=by_x, title="x  (2, 3)", **shade)
    y_table = table(
        axes, relu(x), (4.9, 2.5), cell, slopes=grad, title="y = relu(x)  (2, 3)", **shade
    )
    arrow(axes, x_table.right, y_table.left, "where x ≤ 0: 0   (2, 3)", BLUE, fontsize=9)
    dx = table(axes, by_x, (0.3, 0.85), cell, slopes=by_x, title="∂L/∂x = g where x > 0", **shade)
    gates = np.where(x > 0, "1", "0")
    colors = [[LIGHT if gate == "0" else WHITE for gate in row] for row in gates]
    mask = table(axes, gates, (2.6, 0.85), cell, colors=colors, title="x > 0  (2, 3)")
    g = table(axes, grad, (4.9, 0.85), cell, slopes=grad, title="∂L/∂y = g  (2, 3)", **shade)
    arrow(axes, g.left, mask.right, "(2, 3)", RED)
    arrow(axes, mask.left, dx.right, "(2, 3)", RED)
    jacobian = axes_at(figure, (7.6, 0.55), 2.1, 2.1)
    names = [f"{i},{j}" for i in (1, 2) for j in (1, 2, 3)]
    heat_map(
        jacobian,
        np.diag((x.ravel() > 0).astype(float)),
        names,
        names,
        title="Jacobian: its diagonal is the mask",
        xlabel="input x",
        ylabel="output y",
        form="{:.0f}",
        scale=1.5,
    )
