"""Card of dropout: one draw forward and backward, the Jacobian, and the mean of many draws."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from docs.cards.forms.dropout import dropout, dropout_gradients
from docs.drawing import (
    BLUE,
    GRAY,
    LIGHT,
    RED,
    SERIES,
    WHITE,
    arrow,
    axes_at,
    canvas,
    figure_saved,
    heat_map,
    label,
    table,
)

PICTURES = ("dropout.png",)
RATE = 0.25


def draw(folder: Path) -> None:
    """Write PICTURES to `folder`."""
    x = np.array([[1.2, -0.6, 0.9, 0.3], [0.6, 1.5, -0.9, 0.6]])
    keep = np.array([[True, False, True, True], [True, True, True, False]])
    grad = np.array([[0.3, 0.6, -0.6, -0.3], [-0.3, 0.45, 0.15, 0.6]])
    by_x = dropout_gradients(grad, x, keep, RATE)
    shade, cell = {"scale": 0.8}, (0.62, 0.36)
    with figure_saved(folder / PICTURES[0], 10, 6.6) as figure:
        axes = canvas(figure)
        label(axes, (0.3, 6.3), "forward", color=BLUE, ha="left", fontsize=12, weight="bold")
        label(axes, (0.3, 4.75), "backward", color=RED, ha="left", fontsize=12, weight="bold")
        factors = [["4/3" if kept else "0" for kept in row] for row in keep]
        colors = [[WHITE if kept else LIGHT for kept in row] for row in keep]
        x_table = table(axes, x, (0.3, 5.75), cell, slopes=by_x, title="x  (2, 4)", **shade)
        mask = table(
            axes, factors, (3.75, 5.75), cell, colors=colors, title="keep / (1 − r)  (2, 4)"
        )
        y = dropout(x, keep, RATE)
        y_table = table(axes, y, (7.2, 5.75), cell, slopes=grad, title="y  (2, 4)", **shade)
        arrow(axes, x_table.right, mask.left, "· (2, 4)", BLUE)
        arrow(axes, mask.right, y_table.left, "(2, 4)", BLUE)
        dx = table(axes, by_x, (0.3, 4.15), cell, slopes=by_x, title="∂L/∂x  (2, 4)", **shade)
        again = table(
            axes, factors, (3.75, 4.15), cell, colors=colors, title="the same draw  (2, 4)"
        )
        g = table(axes, grad, (7.2, 4.15), cell, slopes=grad, title="∂L/∂y = g  (2, 4)", **shade)
        arrow(axes, g.left, again.right, "· (2, 4)", RED)
        arrow(axes, again.left, dx.right, "(2, 4)", RED)
        jacobian = axes_at(figure, (0.9, 0.6), 3.4, 2.2)
        names = [f"{i},{j}" for i in (1, 2) for j in (1, 2, 3, 4)]
        matrix = np.diag(np.where(keep, 1 / (1 - RATE), 0).ravel())
        title = "Jacobian of this draw"
        heat_map(jacobian, matrix, names, names, title=title, zeros=False, xlabel="x", ylabel="y")
        _means(axes_at(figure, (5.4, 0.6), 4.2, 2.2), x[0])


def _means(plot, x) -> None:
    """Plot the mean of y over 1 ... 1000 draws, which approaches x."""
    rng = np.random.default_rng(0)
    draws = 1000
    outputs = dropout(x, rng.random((draws, len(x))) >= RATE, RATE)
    counts = np.arange(1, draws + 1)
    for i, color in zip(range(len(x)), SERIES):
        plot.axhline(x[i], color=GRAY, lw=0.7, ls="--")
        plot.plot(counts, np.cumsum(outputs[:, i]) / counts, color=color, lw=1.5)
        plot.text(
            1150,
            x[i],
            f"x = {x[i]:.1f}".replace("-", "−"),
            color=color,
            va="center",
            fontsize=9,
            bbox={"fc": WHITE, "ec": "none", "pad": 1},
        )
    plot.set(
        xscale="log",
        title="Mean of y over many draws: it approaches x",
        xlabel="draws",
        xlim=(1, 3000),
        ylim=(-1, 1.75),
    )
    plot.set_xticks([1, 10, 100, 1000], ["1", "10", "100", "1000"])
    plot.minorticks_off()
