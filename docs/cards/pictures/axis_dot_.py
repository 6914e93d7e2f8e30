"""Card of AxisDot: two vectors, and each gets the other one back."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from docs.cards.forms.axis_dot import axis_dot, axis_dot_gradients
from docs.drawing import (
    BLUE,
    INK,
    RED,
    arrow,
    axes_at,
    canvas,
    figure_saved,
    heat_map,
    label,
    table,
)

PICTURES = ("axis-dot.png",)
CELL = (0.62, 0.38)


def draw(folder: Path) -> None:
    """Write PICTURES to `folder`."""
    x = np.array(
        [
            [[1.0, -2.0, 0.5, 3.0], [2.0, 1.0, -1.0, 0.5]],
            [[0.5, 1.0, 1.5, -1.0], [-1.0, 2.0, 0.0, 2.0]],
        ]
    )
    grad = np.array([0.5, -1.0])
    (by_x,) = axis_dot_gradients(grad, x)
    y, scale = axis_dot(x), 2.0
    with figure_saved(folder / PICTURES[0], 10.0, 6.6) as figure:
        axes = canvas(figure)
        for row, at in enumerate((6.0, 4.2)):
            name = f"x[{row}]  (2, 4)"
            pair = table(
                axes,
                x[row],
                (0.8, at),
                CELL,
                slopes=by_x[row],
                scale=scale,
                title=name,
                rows=["a", "b"],
            )
            out = table(
                axes,
                y[row : row + 1],
                (4.35, at - 0.19),
                CELL,
                slopes=grad[row : row + 1],
                scale=scale,
                title=f"y[{row}]",
            )
            arrow(axes, pair.right, out.left, "a · b", BLUE)
            back = table(
                axes,
                by_x[row],
                (6.9, at),
                CELL,
                slopes=by_x[row],
                scale=scale,
                title=f"∂L/∂x[{row}]  (2, 4)",
            )
            label(axes, (back.x + back.width + 0.1, at - 0.19), "g b", ha="left")
            label(axes, (back.x + back.width + 0.1, at - 0.57), "g a", ha="left")
            arrow(axes, out.right, back.left, f"g = {grad[row]:.1f}".replace("-", "−"), RED)
        label(
            axes,
            (5.0, 2.92),
            "a's slopes are b's numbers times g, b's slopes are a's: the rows change places",
            fontsize=11,
        )
        small = axes_at(figure, (1.6, 0.45), 7.6, 1.35)
        jacobian = np.zeros((2, 16))
        for row in range(2):
            jacobian[row, 8 * row : 8 * row + 8] = x[row, ::-1].ravel()
        columns = [f"$a_{k}$" for k in range(4)] + [f"$b_{k}$" for k in range(4)]
        heat_map(small, jacobian, ["y[0]", "y[1]"], columns * 2, form="{:.1f}")
        small.axvline(7.5, color=INK, lw=1)
        small.set_title(
            "all slopes of y by x (2, 16): x[0] to the left of the line, x[1] to the right"
        )
