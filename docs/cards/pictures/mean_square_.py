"""Card of the mean square: the parabola with its slopes, and the tables forward and backward."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from docs.cards.forms.mean_square import mean_square, mean_square_gradients
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

PICTURES = ("mean-square.png",)


def draw(folder: Path) -> None:
    """Write PICTURES to `folder`."""
    y = np.array([[0.5, 2.0], [1.0, -1.0]])
    target = np.array([[0.0, 1.0], [1.5, 1.0]])
    error = y - target
    by_y, by_target = mean_square_gradients(1.0, y, target)
    scale = float(np.abs(by_y).max())
    with figure_saved(folder / PICTURES[0], 10, 5.2) as figure:
        axes = canvas(figure)
        label(axes, (0.3, 4.9), "forward", color=BLUE, ha="left", fontsize=12, weight="bold")
        label(axes, (0.3, 2.15), "backward", color=RED, ha="left", fontsize=12, weight="bold")
        table(axes, y, (0.3, 4.2), slopes=by_y, scale=scale, title="y  (2, 2)")
        label(axes, (1.8, 3.84), "−", fontsize=14)
        t_table = table(axes, target, (2.05, 4.2), slopes=by_target, scale=scale, title="t  (2, 2)")
        squares = table(axes, error**2, (4.35, 4.2), title="(y − t)²  (2, 2)")
        arrow(axes, t_table.right, squares.left, "square (2, 2)", BLUE, fontsize=9)
        value = [f"{mean_square(y, target):.3f}"]
        label(axes, (4.97, 2.96), "mean of the 4 numbers:", fontsize=9)
        loss = table(axes, value, (4.5, 2.78), cell=(0.94, 0.36))
        label(axes, (loss.x - 0.15, loss.center[1]), "L =", ha="right")
        settings = {"scale": scale}
        table(axes, by_y, (0.3, 1.35), slopes=by_y, title="∂L/∂y  (2, 2)", **settings)
        dt = table(
            axes, by_target, (2.05, 1.35), slopes=by_target, title="∂L/∂t = −∂L/∂y", **settings
        )
        halves = table(axes, error, (4.35, 1.35), title="y − t  (2, 2)")
        arrow(axes, halves.left, dt.right, "y: times 2/4", RED, fontsize=9)
        label(axes, (3.82, 0.85), "t: times −2/4", color=RED, fontsize=9)
        label(axes, (0.3, 0.33), "n = 4: every square has the share 1/4 of the mean.", ha="left")
        plot = axes_at(figure, (6.45, 0.75), 3.3, 3.9)
        curve = np.linspace(-2.3, 1.9, 200)
        plot.plot(curve, curve**2 / 4, color=GRAY, zorder=1)
        for gap, slope in sorted(zip(error.ravel(), by_y.ravel())):
            x = np.array([gap - 0.45, gap + 0.45])
            color = slope_color(slope, 0.8 * scale)
            plot.plot(x, gap**2 / 4 + slope * (x - gap), color=color, lw=5, alpha=0.8, zorder=2)
            plot.plot([gap], [gap**2 / 4], "o", color=INK, zorder=3)
            text = f"slope {slope:+.2f}".replace("-", "−")
            along, up, side = {
                -2.0: (0.18, 0.02, "left"),
                -0.5: (0.15, -0.2, "right"),
                0.5: (-0.15, -0.2, "left"),
                1.0: (0.2, -0.06, "left"),
            }[gap]
            plot.text(gap + along, gap**2 / 4 + up, text, fontsize=9, color=INK, ha=side)
        plot.axhline(0, color=GRAY, lw=0.7)
        plot.set(
            title="The share of one error in the loss",
            xlabel="error  y − t",
            ylabel="(y − t)² / 4",
            xlim=(-2.6, 2.3),
            ylim=(-0.25, 1.35),
        )
