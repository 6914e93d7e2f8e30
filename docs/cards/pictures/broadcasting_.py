"""Card of broadcasting: repeated numbers, and their slopes summed."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from docs.cards.forms.broadcasting import broadcasting, broadcasting_gradients
from docs.drawing import BLUE, RED, arrow, axes_at, canvas, figure_saved, heat_map, label, table

PICTURES = ("broadcasting.png",)
CELL = (0.6, 0.34)


def draw(folder: Path) -> None:
    """Write PICTURES to `folder`."""
    rng = np.random.default_rng(5)
    x, column, row = (
        rng.normal(size=(4, 3)).round(1),
        np.array([[1.0], [2.0], [-1.0], [0.5]]),
        np.array([0.3, -0.2, 0.1]),
    )
    grad = rng.normal(size=(4, 3)).round(1)
    by_x, by_column, by_row = broadcasting_gradients(grad, x, column, row)
    scale = 3.0
    with figure_saved(folder / PICTURES[0], 10.0, 8.4) as figure:
        axes = canvas(figure)
        settings = {"scale": scale, "form": "{:.1f}"}
        at = 7.7
        table(axes, x, (0.4, at), CELL, slopes=by_x, title="x  (4, 3)", **settings)
        label(axes, (2.4, at - 0.68), "·", fontsize=18)
        table(axes, column, (2.65, at), CELL, slopes=by_column, title="c  (4, 1)", **settings)
        table(
            axes,
            np.repeat(column, 2, axis=1),
            (3.25, at),
            CELL,
            colors=[["#ffffff"] * 2] * 4,
            form="{:.1f}",
        )
        label(axes, (4.7, at - 0.68), "+", fontsize=14)
        table(axes, row, (4.95, at), CELL, slopes=by_row, title="r  (3,)", **settings)
        table(
            axes,
            np.repeat(row[None], 3, axis=0),
            (4.95, at - CELL[1]),
            CELL,
            colors=[["#ffffff"] * 3] * 3,
            form="{:.1f}",
        )
        label(axes, (7.0, at - 0.68), "=", fontsize=14)
        table(
            axes,
            broadcasting(x, column, row),
            (7.3, at),
            CELL,
            slopes=grad,
            title="y  (4, 3)",
            **settings,
        )
        label(
            axes,
            (4.9, at - 1.6),
            "forward: white cells are copies that NumPy never writes down",
            color=BLUE,
        )
        low = 5.4
        products = table(
            axes, grad * x, (0.4, low), CELL, slopes=grad * x, title="g x  (4, 3)", **settings
        )
        out = table(
            axes, by_column, (3.2, low), CELL, slopes=by_column, title="∂L/∂c  (4, 1)", **settings
        )
        for i in range(4):
            y0 = low - (i + 0.5) * CELL[1]
            arrow(axes, (products.x + products.width, y0), (out.x, y0), color=RED)
        given = table(
            axes, grad, (7.3, low), CELL, slopes=grad, title="g = ∂L/∂y  (4, 3)", **settings
        )
        summed = table(
            axes, by_row, (7.3, low - 4 * CELL[1] - 0.45), CELL, slopes=by_row, **settings
        )
        for j in range(3):
            x0 = given.x + (j + 0.5) * CELL[0]
            arrow(axes, (x0, given.y), (x0, summed.y + summed.height), color=RED)
        label(axes, (7.2, summed.y + 0.17), r"∂L/∂r  (3,)", ha="right", fontsize=11)
        label(
            axes,
            (5.55, low - 0.5),
            "backward: what was\ncopied is summed,\nover the axis\nof the copies",
            color=RED,
        )
        tall = 2.5
        for left, size, title, matrix, names in (
            (
                1.2,
                3.4,
                "slopes of y by c  (12, 4)",
                np.kron(np.eye(4), np.ones((3, 1))) * x.ravel()[:, None],
                [f"$c_{i}$" for i in range(4)],
            ),
            (
                6.0,
                3.0,
                "slopes of y by r  (12, 3)",
                np.tile(np.eye(3), (4, 1)),
                [f"$r_{j}$" for j in range(3)],
            ),
        ):
            small = axes_at(figure, (left, 0.4), size, tall)
            labels = [f"$y_{{{i}{j}}}$" for i in range(4) for j in range(3)]
            heat_map(small, matrix, labels, names, title=title, zeros=False, form="{:.1f}")
