"""Card of batch normalization: values and slopes, the Jacobian, and its three parts."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from docs.cards.forms.batch_norm import EPS, batch_norm, batch_norm_gradients
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

PICTURES = ("batch-norm.png",)
CELL = (0.62, 0.34)


def jacobian(function, x, step=1e-6):
    """Return the slopes of all outputs by all inputs, (outputs, inputs), by differences."""
    columns = []
    for i in range(x.size):
        shift = step * np.eye(x.size)[i].reshape(x.shape)
        columns.append(((function(x + shift) - function(x - shift)) / (2 * step)).ravel())
    return np.stack(columns, axis=1)


def draw(folder: Path) -> None:
    """Write PICTURES to `folder`."""
    rng = np.random.default_rng(3)
    x, gain, bias = rng.normal(size=(4, 3)) * [1, 2, 1.5] + [0, 3, 1], np.ones(3), np.zeros(3)
    y, grad = batch_norm(x, gain, bias), rng.normal(size=(4, 3)).round(1)
    by_x, _, _ = batch_norm_gradients(grad, x, gain, bias)
    with figure_saved(folder / PICTURES[0], 10.0, 8.6) as figure:
        axes = canvas(figure)
        top = 7.75
        names = ["ch. 0", "ch. 1", "ch. 2"]
        rows = [f"example {i}" for i in range(4)]
        one = table(
            axes, x, (1.1, top), CELL, slopes=by_x, title="x  (4, 3)", columns=names, rows=rows
        )
        two = table(axes, y, (4.9, top), CELL, slopes=grad, title="y  (4, 3)", columns=names)
        arrow(
            axes,
            one.right,
            two.left,
            "over each column:\nminus mean, divided by s",
            BLUE,
            offset=(0, 0.3),
        )
        label(
            axes,
            (8.4, 7.1),
            "forward: each column (channel)\n"
            "gets mean 0 and deviation 1.\n"
            "Here gain is 1 and bias 0: y = n.\n"
            "Color of a cell: its slope below.",
            fontsize=9.5,
        )
        low = 5.65
        back = table(axes, by_x, (1.1, low), CELL, slopes=by_x, title="∂L/∂x  (4, 3)", rows=rows)
        given = table(axes, grad, (4.9, low), CELL, slopes=grad, title="g = ∂L/∂y  (4, 3)")
        arrow(
            axes, given.left, back.right, "(h − mean h\n − n mean(h n)) / s", RED, offset=(0, 0.3)
        )
        label(
            axes,
            (8.4, 5.0),
            "backward: each column of slopes\n"
            "sums to 0, and so do its products\n"
            "with n: to shift or to stretch\n"
            "a channel changes nothing.",
            fontsize=9.5,
        )
        whole = axes_at(figure, (0.7, 0.5), 3.1, 3.1)
        heat_map(
            whole,
            jacobian(lambda z: batch_norm(z, gain, bias), x),
            form=None,
            title="all slopes of y by x  (12, 12)",
        )
        ticks = np.arange(0, 12, 3) - 0.5
        whole.set_xticks(ticks + 1.5, [f"ex. {i}" for i in range(4)])
        whole.set_yticks(ticks + 1.5, [f"ex. {i}" for i in range(4)])
        for tick in ticks[1:]:
            whole.axhline(tick, color=INK, lw=0.5)
            whole.axvline(tick, color=INK, lw=0.5)
        n = y[:, 0]
        s = np.sqrt(x[:, 0].var() + EPS)
        parts = [
            (np.eye(4), "itself: 1"),
            (-np.ones((4, 4)) / 4, "through the mean: −1/N"),
            (-np.outer(n, n) / 4, "through s: −n nᵀ/N"),
            ((np.eye(4) - 1 / 4 - np.outer(n, n) / 4) / s, f"sum / s, s = {s:.2f}"),
        ]
        for i, (part, title) in enumerate(parts):
            left, bottom = 4.6 + 2.75 * (i % 2), 2.2 - 2.0 * (i // 2)
            small = axes_at(figure, (left, bottom), 2.3, 1.4)
            heat_map(small, part, scale=1.0, title=title, fontsize=9)
        label(
            axes,
            (7.1, 4.05),
            "channel 0: three ways in which x moves n",
            fontsize=10,
        )
        for i, sign in enumerate("++="):
            label(axes, [(7.12, 2.9), (4.42, 0.9), (7.12, 0.9)][i], sign, fontsize=13)
