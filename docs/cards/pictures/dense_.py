"""Card of the dense layer: tables of both passes, and the Jacobian of y by x."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from docs.cards.forms.dense import dense, dense_gradients
from docs.drawing import BLUE, RED, arrow, axes_at, canvas, figure_saved, heat_map, label, table

PICTURES = ("dense.png",)


def draw(folder: Path) -> None:
    """Write PICTURES to `folder`."""
    x = np.array([[1.0, -0.5, 0.3], [0.2, 0.8, -1.0]])
    weight = np.array([[0.5, -1.0], [0.8, 0.3], [-0.6, 0.4]])
    bias = np.array([0.1, -0.2])
    y = dense(x, weight, bias)
    grad = np.array([[0.6, -0.2], [-0.4, 0.5]])
    by_x, by_weight, by_bias = dense_gradients(grad, x, weight, bias)
    scale = float(max(np.abs(part).max() for part in (grad, by_x, by_weight, by_bias)))
    jacobian = np.kron(np.eye(len(x)), weight.T)  # the rows of a batch do not meet
    with figure_saved(folder / PICTURES[0], 10, 6.4) as figure:
        axes = canvas(figure)
        label(axes, (0.3, 6.15), "forward", color=BLUE, ha="left", fontsize=12, weight="bold")
        table(axes, x, (0.3, 5.4), title="x  (2, 3)", slopes=by_x, scale=scale)
        label(axes, (2.5, 5.04), "@", fontsize=14)
        table(axes, weight, (2.85, 5.58), title="W  (3, 2)", slopes=by_weight, scale=scale)
        label(axes, (4.45, 5.04), "+", fontsize=14)
        end = table(axes, bias, (4.8, 5.22), title="b  (2,)", slopes=by_bias, scale=scale)
        start = table(axes, y, (7.6, 5.4), title="y = x W + b", slopes=grad, scale=scale)
        arrow(axes, end.right, start.left, "(2, 2)", BLUE)
        label(axes, (0.3, 3.95), "backward", color=RED, ha="left", fontsize=12, weight="bold")
        table(axes, by_x, (0.3, 3.2), title="∂L/∂x = g Wᵀ", slopes=by_x, scale=scale)
        table(axes, by_weight, (2.85, 3.38), title="∂L/∂W = xᵀ g", slopes=by_weight, scale=scale)
        end = table(axes, by_bias, (4.8, 3.02), title="∂L/∂b = Σ g", slopes=by_bias, scale=scale)
        start = table(axes, grad, (7.6, 3.2), title="g = ∂L/∂y", slopes=grad, scale=scale)
        arrow(axes, start.left, end.right, "(2, 2)", RED)
        text = "A cell of the upper row has the color\nof its slope in the lower row:\n"
        text += "blue > 0, red < 0."
        label(axes, (0.3, 1.05), text, ha="left")
        below = axes_at(figure, (4.8, 0.3), 4.0, 1.45)
        heat_map(
            below,
            jacobian,
            [f"y{i}{j}" for i in (1, 2) for j in (1, 2)],
            [f"x{i}{j}" for i in (1, 2) for j in (1, 2, 3)],
            title="Jacobian ∂y/∂x: a block Wᵀ for each row of the batch",
        )
