"""Card of CBOW's mean: neighbors into one mean, its slope in equal shares back."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from docs.cards.forms.cbow_mean import cbow_mean, cbow_mean_gradients
from docs.drawing import (
    BLUE,
    GRAY,
    RED,
    arrow,
    axes_at,
    canvas,
    figure_saved,
    heat_map,
    label,
    table,
)

PICTURES = ("cbow-mean.png",)
WORDS = ("the", "cat", "sat", "on", "mat")
CELL = (0.62, 0.36)


def draw(folder: Path) -> None:
    """Write PICTURES to `folder`."""
    rng = np.random.default_rng(2)
    values, neighbors = rng.normal(size=(5, 3)), np.array([[0, 1, 3, 0]])
    mask, grad = np.ones((1, 4), np.bool_), np.array([[0.8, -1.2, 0.4]])
    (by_table,) = cbow_mean_gradients(grad, values, neighbors, mask)
    shares = np.repeat(grad / 4, 4, axis=0)
    scale = 0.7
    with figure_saved(folder / PICTURES[0], 10.0, 7.0) as figure:
        axes = canvas(figure)
        rows, ids = [f"{i} {word}" for i, word in enumerate(WORDS)], neighbors[0]
        tops = 6.45, 3.55
        looked = [f"{WORDS[i]}" for i in ids]
        one = table(
            axes,
            values,
            (1.0, tops[0]),
            CELL,
            slopes=by_table,
            scale=scale,
            title="table W  (5, 3)",
            rows=rows,
        )
        two = table(
            axes,
            values[ids],
            (4.1, tops[0] - 0.18),
            CELL,
            slopes=shares,
            scale=scale,
            title="c = 4 neighbors  (4, 3)",
        )
        three = table(
            axes,
            cbow_mean(values, neighbors, mask),
            (7.9, tops[0] - 0.72),
            CELL,
            slopes=grad,
            scale=scale,
            title="mean m  (3,)",
        )
        four = table(
            axes,
            by_table,
            (1.0, tops[1]),
            CELL,
            slopes=by_table,
            scale=scale,
            title="∂L/∂W  (5, 3)",
            rows=rows,
        )
        five = table(
            axes,
            shares,
            (4.1, tops[1] - 0.18),
            CELL,
            slopes=shares,
            scale=scale,
            title="g / 4 for each  (4, 3)",
        )
        six = table(
            axes,
            grad,
            (7.9, tops[1] - 0.72),
            CELL,
            slopes=grad,
            scale=scale,
            title="g = ∂L/∂m  (3,)",
        )
        for j, i in enumerate(ids):
            for source, target, color in ((one, two, BLUE), (four, five, RED)):
                ends = [
                    (source.x + source.width, source.y + source.height - (i + 0.5) * CELL[1]),
                    (target.x, target.y + target.height - (j + 0.5) * CELL[1]),
                ]
                arrow(axes, *(ends if color == BLUE else ends[::-1]), color=color)
            for source, target, color in ((two, three, BLUE), (five, six, RED)):
                y = source.y + source.height - (j + 0.5) * CELL[1]
                label(axes, (source.x + source.width + 0.1, y), looked[j], ha="left", fontsize=9)
                ends = [(source.x + source.width + 0.55, y), target.left]
                arrow(axes, *(ends if color == BLUE else ends[::-1]), color=color)
        label(axes, (8.83, 6.45), "forward: 1/4 of each", color=BLUE)
        label(axes, (8.83, 3.5), "backward: 1/4 to each", color=RED)
        label(axes, (8.83, 2.1), "“the” is two of the four\nneighbors: 2/4 of g", color=RED)
        small = axes_at(figure, (1.0, 0.35), 7.6, 0.75)
        names = [f"{word[:3]} {k}" for word in looked for k in range(3)]
        heat_map(
            small,
            np.tile(np.eye(3) / 4, 4),
            [f"m {k}" for k in range(3)],
            names,
            scale=0.5,
            form=None,
        )
        small.set_title("slopes of the mean by the neighbors (3, 12): 1/4 on the diagonals, else 0")
        for edge in (2.5, 5.5, 8.5):
            small.axvline(edge, color=GRAY, lw=1)
