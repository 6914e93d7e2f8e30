"""Card of the residual connection: two ways back, and what a chain of thirty does to a slope."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from docs.cards.forms.residual import residual, residual_gradients
from docs.drawing import (
    BLUE,
    RED,
    arrow,
    axes_at,
    box,
    canvas,
    figure_saved,
    heat_map,
    label,
    table,
)

PICTURES = ("residual.png",)
CELL = (0.66, 0.38)
DEPTH = 30


def norms(width: int, skip: bool, rng: np.random.Generator) -> list[float]:
    """Return the length of the slope in front of each of DEPTH layers, last one first."""
    x, layers = rng.normal(size=(1, width)), []
    for _ in range(DEPTH):
        weight = rng.normal(size=(width, width)) * 0.7 / np.sqrt(width)
        layers.append((x, weight))
        x = residual(x, weight) if skip else np.tanh(x @ weight)
    grad, lengths = np.ones((1, width)) / np.sqrt(width), []
    for x, weight in reversed(layers):
        by_x, _ = residual_gradients(grad, x, weight)
        grad = by_x if skip else by_x - grad
        lengths.append(float(np.linalg.norm(grad)))
    return lengths


def draw(folder: Path) -> None:
    """Write PICTURES to `folder`."""
    rng = np.random.default_rng(4)
    x, weight = rng.normal(size=(1, 3)), rng.normal(size=(3, 3)) * 0.6
    y, grad = residual(x, weight), np.array([[0.8, -0.6, 0.3]])
    by_x, _ = residual_gradients(grad, x, weight)
    branch = by_x - grad
    scale = 1.0
    with figure_saved(folder / PICTURES[0], 10, 8.0) as figure:
        axes = canvas(figure)
        for at, color, word in ((7.0, BLUE, "forward"), (4.85, RED, "backward")):
            label(axes, (0.3, at + 0.75), word, color=color, ha="left", fontsize=12, weight="bold")
            values, end, titles = (
                (x, y, ("x  (1, 3)", "y  (1, 3)"))
                if color == BLUE
                else (by_x, grad, ("∂L/∂x = g + part of f", "g = ∂L/∂y"))
            )
            left = table(axes, values, (0.4, at), CELL, slopes=by_x, scale=scale, title=titles[0])
            right = table(axes, end, (7.6, at), CELL, slopes=grad, scale=scale, title=titles[1])
            middle = table(
                axes,
                y - x if color == BLUE else branch,
                (4.0, at - 0.75),
                CELL,
                slopes=grad if color == BLUE else branch,
                scale=scale,
            )
            plus = box(axes, (6.75 if color == BLUE else 3.0, left.center[1]), "+", 0.36, 0.36)
            if color == BLUE:
                arrow(axes, left.right, plus.left, "the path around: x itself", color)
                arrow(axes, plus.right, right.left, "", color)
                arrow(
                    axes,
                    left.bottom,
                    middle.left,
                    "f = tanh(x W)",
                    color,
                    bend=0.2,
                    offset=(-0.1, -0.35),
                )
                arrow(axes, middle.right, plus.bottom, "", color, bend=0.2)
            else:
                arrow(
                    axes,
                    right.left,
                    plus.right,
                    "the path around: g itself, slope 1",
                    color,
                    offset=(0.3, 0.15),
                )
                arrow(axes, plus.left, left.right, "", color)
                arrow(
                    axes,
                    right.bottom,
                    middle.right,
                    "(g ⊙ (1 − tanh²)) Wᵀ",
                    color,
                    bend=-0.2,
                    offset=(0.1, -0.35),
                )
                arrow(axes, middle.left, plus.bottom, "", color, bend=-0.2)
        jacobian = ((1 - np.tanh(x @ weight) ** 2) * weight).T
        for i, (matrix, title) in enumerate(
            [
                (np.eye(3), "around: I"),
                (jacobian, "through f: J"),
                (np.eye(3) + jacobian, "y by x: I + J"),
            ]
        ):
            small = axes_at(figure, (0.4 + 1.85 * i, 0.75), 1.55, 1.55)
            heat_map(small, matrix, scale=1.4, title=title)
        for at, sign in ((2.1, "+"), (3.95, "=")):
            label(axes, (at, 1.52), sign, fontsize=13)
        plot = axes_at(figure, (7.15, 0.75), 2.6, 2.0)
        for skip, name in ((True, "y = x + f(x)"), (False, "y = f(x)")):
            lengths = norms(64, skip, np.random.default_rng(0))
            plot.semilogy(range(1, DEPTH + 1), lengths, label=name)
        plot.set(
            xlabel="layers gone back through",
            ylabel="length of the slope",
            title="a chain of 30 layers",
        )
        plot.legend()
