"""Card of rotary positions: the turn of a pair, the turn back, and the Jacobian."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from docs.cards.forms.rotary import angles_of, rotary, rotary_gradients
from docs.drawing import (
    BLUE,
    GRAY,
    INK,
    RED,
    arrow,
    axes_at,
    canvas,
    figure_saved,
    heat_map,
    table,
)

PICTURES = ("rotary.png",)
CELL = (0.66, 0.36)


def plane(figure, corner, size, title):
    """Return axes with a unit circle."""
    axes = axes_at(figure, corner, size, size)
    circle = np.linspace(0, 2 * np.pi, 200)
    axes.plot(np.cos(circle), np.sin(circle), color=GRAY, lw=0.8)
    axes.set(xlim=(-1.5, 1.5), ylim=(-1.5, 1.5), xticks=[], yticks=[], aspect="equal", title=title)
    axes.set_axis_off()
    return axes


def arm(axes, vector, text, color, where=1.3):
    """Draw an arrow from the middle and name its end."""
    axes.annotate(
        "",
        vector,
        (0, 0),
        arrowprops={"arrowstyle": "-|>", "color": color, "lw": 1.6, "shrinkA": 0, "shrinkB": 0},
    )
    axes.text(
        *(where * np.asarray(vector)), text, ha="center", va="center", color=color, fontsize=10
    )


def draw(folder: Path) -> None:
    """Write PICTURES to `folder`."""
    x = np.tile([[1.0, 0.0, 1.0, 0.0]], (4, 1))
    grad = np.tile([[0.0, 1.0, 0.5, 0.0]], (4, 1))
    (by_x,), y = rotary_gradients(grad, x), rotary(x)
    with figure_saved(folder / PICTURES[0], 10, 8.2) as figure:
        axes = canvas(figure)
        rows = [f"position {p}" for p in range(4)]
        names = ["$x_0$", "$x_1$", "$x_2$", "$x_3$"]
        one = table(
            axes,
            x,
            (1.2, 7.4),
            CELL,
            slopes=by_x,
            scale=1.0,
            columns=names,
            rows=rows,
            title="x  (4, 4)",
        )
        two = table(axes, y, (6.2, 7.4), CELL, slopes=grad, scale=1.0, title="y  (4, 4)")
        arrow(
            axes,
            one.right,
            two.left,
            "pair (0, 1) by p · 1 radian,\npair (2, 3) by p · 0.01",
            BLUE,
            offset=(0, 0.27),
        )
        back = table(
            axes, by_x, (1.2, 5.35), CELL, slopes=by_x, scale=1.0, rows=rows, title="∂L/∂x  (4, 4)"
        )
        given = table(
            axes, grad, (6.2, 5.35), CELL, slopes=grad, scale=1.0, title="g = ∂L/∂y  (4, 4)"
        )
        arrow(
            axes, given.left, back.right, "the same angles,\nthe other way", RED, offset=(0, 0.27)
        )
        left = plane(figure, (0.2, 0.35), 2.9, "x turned, pair (0, 1)")
        for p in range(4):
            arm(left, y[p, :2], f"p = {p}", BLUE)
        right = plane(figure, (3.3, 0.35), 2.9, "g turned back")
        arm(right, by_x[0, :2], "p = 0", RED)
        for p in range(1, 4):
            arm(right, by_x[p, :2], f"p = {p}", RED)
        small = axes_at(figure, (6.9, 0.6), 2.7, 2.6)
        angles, jacobian = angles_of(x[:3]), np.zeros((12, 12))
        for p in range(3):
            for i in range(2):
                at = 4 * p + 2 * i
                cosine, sine = np.cos(angles[p, i]), np.sin(angles[p, i])
                jacobian[at : at + 2, at : at + 2] = [[cosine, -sine], [sine, cosine]]
        heat_map(small, jacobian, form=None)
        small.set_xticks([1.5, 5.5, 9.5], ["x at 0", "x at 1", "x at 2"])
        small.set_yticks([1.5, 5.5, 9.5], ["y at 0", "y at 1", "y at 2"])
        for edge in (3.5, 7.5):
            small.axhline(edge, color=INK, lw=0.5)
            small.axvline(edge, color=INK, lw=0.5)
        small.set_title("slopes of y by x: a block\n(cos −sin; sin cos) for each pair")
