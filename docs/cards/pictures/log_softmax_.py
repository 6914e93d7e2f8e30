"""Card of log-softmax: its Jacobian beside that of the softmax, and the way back."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from docs.cards.forms.log_softmax import log_softmax, log_softmax_gradients
from docs.drawing import BLUE, RED, arrow, axes_at, canvas, figure_saved, heat_map, label, table

PICTURES = ("log-softmax.png",)


def draw(folder: Path) -> None:
    """Write PICTURES to `folder`."""
    z = np.array([2.0, 1.0, 0.0, -1.0])
    grad = np.array([-0.6, 0.9, 0.2, 0.3])
    y = log_softmax(z)
    p = np.exp(y)
    by_z = log_softmax_gradients(grad, z)
    with figure_saved(folder / PICTURES[0], 10, 6.8) as figure:
        axes = canvas(figure)
        names = [f"z{i}" for i in "₁₂₃₄"]
        left = axes_at(figure, (1.0, 3.95), 3.6, 2.3)
        rows = [f"y{i}" for i in "₁₂₃₄"]
        title = r"log-softmax:  $[i = k] - p_i$  (4, 4)"
        heat_map(left, np.eye(4) - p, rows, names, title=title, form="{:.3f}")
        right = axes_at(figure, (5.9, 3.95), 3.6, 2.3)
        title = r"softmax:  $p_k ([i = k] - p_i)$  (4, 4)"
        rows = [f"p{i}" for i in "₁₂₃₄"]
        matrix = np.diag(p) - np.outer(p, p)
        heat_map(right, matrix, rows, names, title=title, form="{:.3f}", scale=float(1 - p.min()))
        _tables(axes, z, y, p, grad, by_z)


def _tables(axes, z, y, p, grad, by_z) -> None:
    cell, shade = (0.66, 0.36), {"scale": 1.2}
    total = grad.sum()
    label(axes, (0.3, 3.3), "forward", color=BLUE, ha="left", fontsize=12, weight="bold")
    label(axes, (0.3, 1.85), "backward", color=RED, ha="left", fontsize=12, weight="bold")
    z_table = table(axes, z, (0.3, 2.75), cell, slopes=by_z, title="z  (4,)", **shade)
    y_table = table(axes, y, (7.05, 2.75), cell, slopes=grad, title="y = log p  (4,)", **shade)
    arrow(axes, z_table.right, y_table.left, "z − log Σ exp z   (4,)", BLUE)
    dz = table(axes, by_z, (0.3, 1.25), cell, slopes=by_z, title="∂L/∂z = g − p Σ g", **shade)
    back = table(axes, p * total, (3.68, 1.25), cell, title="p Σ g  (4,)")
    g = table(axes, grad, (7.05, 1.25), cell, slopes=grad, title="∂L/∂y = g  (4,)", **shade)
    arrow(axes, g.left, back.right, "Σ g", RED)
    arrow(axes, back.left, dz.right, "(4,)", RED)
    label(
        axes,
        (0.3, 0.45),
        f"Σ g = {total:.2f} is given back in the shares p = {np.round(p, 2)}:".replace(
            "[", "("
        ).replace("]", ")")
        + " the sum of ∂L/∂z is 0.",
        ha="left",
    )
