"""Card of the binary cross-entropy: losses and slopes by the logit, and the tables."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from docs.cards.forms.binary_cross_entropy import (
    binary_cross_entropy,
    binary_cross_entropy_gradients,
    sigmoid,
    weighted_binary_cross_entropy_gradients,
)
from docs.drawing import (
    BLUE,
    GRAY,
    GREEN,
    RED,
    arrow,
    axes_at,
    canvas,
    figure_saved,
    label,
    table,
)

PICTURES = ("binary-cross-entropy.png",)


def draw(folder: Path) -> None:
    """Write PICTURES to `folder`."""
    z = np.linspace(-5, 5, 400)
    p = sigmoid(z)
    with figure_saved(folder / PICTURES[0], 10, 7) as figure:
        axes = canvas(figure)
        value = axes_at(figure, (0.6, 4.15), 2.5, 2.4)
        value.plot(z, np.logaddexp(0, -z), color=BLUE, label="t = 1")
        value.plot(z, np.logaddexp(0, z), color=RED, label="t = 0")
        value.legend(loc="upper center")
        value.set(title="Loss", xlabel="logit z", ylim=(0, 6.5))
        slope = axes_at(figure, (3.9, 4.15), 2.5, 2.4)
        slope.axhline(0, color=GRAY, lw=0.7)
        slope.plot(z, p - 1, color=BLUE, label="t = 1:  σ(z) − 1")
        slope.plot(z, p, color=RED, label="t = 0:  σ(z)")
        slope.legend(loc="upper left")
        slope.set(title="Its slope", xlabel="logit z", ylim=(-1.1, 1.9))
        other = axes_at(figure, (7.2, 4.15), 2.5, 2.4)
        other.axhline(0, color=GRAY, lw=0.7)
        other.plot(z, p - 1, color=BLUE, label="cross-entropy")
        other.plot(z, 2 * (p - 1) * p * (1 - p), color=GREEN, label="squared error")
        other.legend(loc="upper left")
        other.set(title="t = 1: slopes of two losses", xlabel="logit z", ylim=(-1.1, 0.9))
        _tables(axes)


def _tables(axes) -> None:
    z = np.array([[2.0, -1.0, -3.0], [0.0, 0.5, 3.0]])
    targets = np.array([[1.0, 0.0, 1.0], [0.0, 1.0, 0.0]])
    by_z = binary_cross_entropy_gradients(1.0, z, targets)
    weighted = weighted_binary_cross_entropy_gradients(1.0, z, targets, 2.0)
    losses = np.logaddexp(0, z) - targets * z
    cell, shade = (0.62, 0.36), {"scale": 0.33}
    label(axes, (0.3, 3.35), "forward", color=BLUE, ha="left", fontsize=12, weight="bold")
    label(axes, (0.3, 1.65), "backward", color=RED, ha="left", fontsize=12, weight="bold")
    z_table = table(axes, z, (0.3, 2.75), cell, slopes=by_z, title="z  (2, 3)", **shade)
    p_table = table(axes, sigmoid(z), (3.1, 2.75), cell, title="p = σ(z)  (2, 3)")
    arrow(axes, z_table.right, p_table.left, "(2, 3)", BLUE)
    loss = table(axes, losses, (5.9, 2.75), cell, title="losses, t as below")
    arrow(axes, p_table.right, loss.left, "(2, 3)", BLUE)
    value = table(axes, [binary_cross_entropy(z, targets)], (8.8, 2.57), cell, title="L")
    arrow(axes, loss.right, value.left, "mean of 6", BLUE, fontsize=9)
    dz = table(axes, by_z, (0.3, 1.05), cell, slopes=by_z, title="∂L/∂z = (p − t) / 6", **shade)
    gap = table(axes, sigmoid(z) - targets, (3.1, 1.05), cell, title="p − t  (2, 3)")
    arrow(axes, gap.left, dz.right, "/ 6  (2, 3)", RED, fontsize=9)
    table(axes, targets, (5.9, 1.05), cell, title="t  (2, 3)", form="{:.0f}")
    title = "∂L/∂z, w = 2"
    table(axes, weighted, (8.0, 1.05), cell, slopes=weighted, title=title, **shade)
