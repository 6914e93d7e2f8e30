"""Card of the softmax: probabilities as bars, the Jacobian, and the way back without it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from docs.cards.forms.softmax import softmax, softmax_gradients
from docs.drawing import (
    BLUE,
    GRAY,
    LIGHT_BLUE,
    RED,
    arrow,
    axes_at,
    canvas,
    figure_saved,
    heat_map,
    label,
    table,
)

PICTURES = ("softmax.png",)
CLASSES = ["1", "2", "3", "4"]


def draw(folder: Path) -> None:
    """Write PICTURES to `folder`."""
    z = np.array([2.0, 1.0, 0.0, -1.0])
    grad = np.array([-0.5, 0.8, 0.3, 0.0])
    p = softmax(z)
    by_z = softmax_gradients(grad, z)
    with figure_saved(folder / PICTURES[0], 10, 6.6) as figure:
        axes = canvas(figure)
        bars = axes_at(figure, (0.65, 3.85), 3.3, 2.3)
        bars.bar(CLASSES, p, 0.6, color=LIGHT_BLUE, edgecolor=GRAY)
        for i, (height, slope) in enumerate(zip(p, by_z)):
            bars.text(i, height + 0.03, f"p = {height:.2f}", ha="center", fontsize=9)
            text = f"∂L/∂z {slope:+.2f}".replace("-", "−")
            bars.text(i, -0.2, text, ha="center", fontsize=9, color=RED if slope < 0 else BLUE)
        bars.set(title="p = softmax(z)", ylim=(0, 0.85), ylabel="probability")
        jacobian = axes_at(figure, (5.3, 3.85), 3.7, 2.3)
        heat_map(
            jacobian,
            np.diag(p) - np.outer(p, p),
            [f"p{i}" for i in "₁₂₃₄"],
            [f"z{i}" for i in "₁₂₃₄"],
            title=r"Jacobian  $p_k ([i = k] - p_i)$  (4, 4)",
            form="{:.3f}",
        )
        _tables(axes, z, p, grad, by_z)


def _tables(axes, z, p, grad, by_z) -> None:
    cell, shade = (0.66, 0.36), {"scale": 0.8}
    mean = float(p @ grad)
    label(axes, (0.3, 2.95), "forward", color=BLUE, ha="left", fontsize=12, weight="bold")
    label(axes, (0.3, 1.6), "backward", color=RED, ha="left", fontsize=12, weight="bold")
    z_table = table(axes, z, (0.3, 2.45), cell, slopes=by_z, scale=0.4, title="z  (4,)")
    p_table = table(axes, p, (7.05, 2.45), cell, slopes=grad, title="p  (4,), sum 1", **shade)
    arrow(axes, z_table.right, p_table.left, "exp, then divide by the sum   (4,)", BLUE)
    dz = table(
        axes, by_z, (0.3, 1.0), cell, slopes=by_z, scale=0.4, title="∂L/∂z = p (g − ḡ), sum 0"
    )
    centered = table(
        axes, grad - mean, (3.68, 1.0), cell, slopes=grad - mean, title="g − ḡ  (4,)", **shade
    )
    g = table(axes, grad, (7.05, 1.0), cell, slopes=grad, title="∂L/∂p = g  (4,)", **shade)
    arrow(axes, g.left, centered.right, "− ḡ", RED)
    arrow(axes, centered.left, dz.right, "times p", RED)
    text = f"ḡ = Σ p g = {mean:.2f}: the mean of the slopes, by the probabilities".replace("-", "−")
    label(axes, (3.68, 0.32), text, ha="left")
