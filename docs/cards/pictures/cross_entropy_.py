"""Card of the cross-entropy: tables of a batch, and the slope for three kinds of targets."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from docs.cards.forms.cross_entropy import cross_entropy, cross_entropy_gradients, log_softmax
from docs.drawing import (
    BLUE,
    GRAY,
    INK,
    LIGHT_BLUE,
    RED,
    arrow,
    axes_at,
    canvas,
    figure_saved,
    label,
    slope_color,
    table,
)

PICTURES = ("cross-entropy.png",)
NAMES = ["1", "2", "3", "4"]


def draw(folder: Path) -> None:
    """Write PICTURES to `folder`."""
    with figure_saved(folder / PICTURES[0], 10, 7.6) as figure:
        _tables(canvas(figure))
        z = np.array([1.0, 2.0, 0.5, -1.0])
        p, one_hot = np.exp(log_softmax(z)), np.eye(4)[0]
        smooth = 0.9 * one_hot + 0.1 / 4
        weights = np.array([1.5, 1.0, 0.5, 1.0])
        for i, (title, q) in enumerate(
            [
                ("plain: q = [k = 1]", one_hot),
                ("smoothed, s = 0.1", smooth),
                ("weighted: q₁ = w₁ = 1.5", weights * one_hot),
            ]
        ):
            _bars(figure, 0.65 + 3.2 * i, title, p, q)


def _bars(figure, left: float, title: str, p, q) -> None:
    said = p * q.sum()
    places = np.arange(4)
    top = axes_at(figure, (left, 1.85), 2.6, 1.55)
    name = "p" if np.isclose(q.sum(), 1) else "p Σq"
    top.bar(places - 0.19, said, 0.38, color=LIGHT_BLUE, edgecolor=GRAY, label=name)
    top.bar(places + 0.19, q, 0.38, color=INK, label="q")
    top.legend(loc="upper right")
    top.set(title=title, xlim=(-0.6, 3.6), ylim=(0, 1.6))
    top.set_xticks([])
    below = axes_at(figure, (left, 0.55), 2.6, 1.1)
    slope = said - q
    colors = [slope_color(value, 0.9) for value in slope]
    below.bar(places, slope, 0.7, color=colors, edgecolor=GRAY)
    below.axhline(0, color=GRAY, lw=0.7)
    for place, value in zip(places, slope):
        up = value > 0
        text = f"{value:+.3f}".replace("-", "−")
        below.text(
            place,
            value + (0.06 if up else -0.09),
            text,
            ha="center",
            va="bottom" if up else "top",
            fontsize=9,
        )
    below.set(xlim=(-0.6, 3.6), ylim=(-1.9, 1.4), xlabel="class", ylabel=f"{name} − q")
    below.set_xticks(places, NAMES)


def _tables(axes) -> None:
    z = np.array([[1.0, 2.0, 0.5, -1.0], [0.0, 0.5, 3.0, 0.0]])
    labels = np.array([0, 2])
    p = np.exp(log_softmax(z))
    by_z = cross_entropy_gradients(1.0, z, labels)
    cell, shade = (0.6, 0.36), {"scale": 0.45}
    label(axes, (0.3, 7.3), "forward", color=BLUE, ha="left", fontsize=12, weight="bold")
    label(axes, (0.3, 5.55), "backward", color=RED, ha="left", fontsize=12, weight="bold")
    z_table = table(axes, z, (0.3, 6.7), cell, slopes=by_z, title="z  (2, 4)", **shade)
    p_table = table(axes, p, (3.85, 6.7), cell, title="p = softmax(z)  (2, 4)")
    arrow(axes, z_table.right, p_table.left, "(2, 4)", BLUE)
    losses = -np.log(p[[0, 1], labels])[:, None]
    loss = table(axes, losses, (7.35, 6.7), cell, title=r"$-\log p_y$  (2,)")
    arrow(axes, p_table.right, loss.left, "at label y", BLUE, fontsize=9)
    value = table(axes, [cross_entropy(z, labels)], (9.0, 6.52), cell, title="L")
    arrow(axes, loss.right, value.left, "mean", BLUE, fontsize=9)
    dz = table(axes, by_z, (0.3, 4.95), cell, slopes=by_z, title="∂L/∂z = (p − q) / 2", **shade)
    shares = np.array(
        [[f"{p[r, k]:.2f}{' − 1' if k == labels[r] else ''}" for k in range(4)] for r in (0, 1)]
    )
    wide = table(
        axes, shares, (3.85, 4.95), (0.86, 0.36), title="p − q: 1 less at the label  (2, 4)"
    )
    arrow(axes, wide.left, dz.right, "/ 2   (2, 4)", RED, fontsize=9)
    label(axes, (7.55, 4.59), "labels y = (1, 3)", ha="left")
    label(
        axes,
        (0.3, 3.85),
        "First row with three kinds of targets: said p (times the sum of q), "
        "should q, and the slope between them",
        ha="left",
        fontsize=11,
    )
