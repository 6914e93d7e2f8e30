"""Card of layer normalization: values and slopes, the Jacobian, gain and bias."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from docs.cards.forms.layer_norm import layer_norm, layer_norm_gradients
from docs.cards.pictures.batch_norm_ import jacobian
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

PICTURES = ("layer-norm.png",)
CELL = (0.6, 0.34)


def draw(folder: Path) -> None:
    """Write PICTURES to `folder`."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(3, 4)) * [[1], [3], [0.5]] + [[0], [2], [-1]]
    gain, bias = np.array([1.5, 1.0, 0.5, -1.0]), np.array([0.0, 0.5, 0.0, 0.2])
    n, grad = layer_norm(x, np.ones(4), np.zeros(4)), rng.normal(size=(3, 4)).round(1)
    y = layer_norm(x, gain, bias)
    by_x, by_gain, by_bias = layer_norm_gradients(grad, x, gain, bias)
    h = grad * gain
    with figure_saved(folder / PICTURES[0], 10.0, 8.4) as figure:
        axes = canvas(figure)
        lefts, rows = (0.8, 3.9, 7.2), ["token 0", "token 1", "token 2"]
        forward = [
            table(
                axes,
                values,
                (left, 7.6),
                CELL,
                slopes=slopes,
                title=title,
                rows=rows if left < 1 else (),
            )
            for left, values, slopes, title in zip(
                lefts,
                (x, n, y),
                (by_x, h, grad),
                ("x  (3, 4)", "n  (3, 4)", "y  (3, 4)"),
                strict=True,
            )
        ]
        arrow(axes, forward[0].right, forward[1].left, "by row", BLUE)
        arrow(axes, forward[1].right, forward[2].left, "· gain\n+ bias", BLUE, offset=(0, 0.25))
        titles = ("∂L/∂x  (3, 4)", "h = ∂L/∂n  (3, 4)", "g = ∂L/∂y  (3, 4)")
        back = [
            table(
                axes,
                values,
                (left, 6.0),
                CELL,
                slopes=values,
                title=title,
                rows=rows if left < 1 else (),
            )
            for left, values, title in zip(lefts, (by_x, h, grad), titles, strict=True)
        ]
        arrow(axes, back[2].left, back[1].right, "· gain", RED)
        arrow(axes, back[1].left, back[0].right, "J", RED)
        table(
            axes,
            by_gain,
            (3.9, 4.5),
            CELL,
            slopes=by_gain,
            title="∂L/∂gain  (4,): columns of g n summed",
        )
        table(
            axes, by_bias, (7.2, 4.5), CELL, slopes=by_bias, title="∂L/∂bias  (4,): columns summed"
        )
        label(
            axes,
            (1.95, 4.45),
            "slopes of a row sum to 0:\na token that is shifted or\nstretched stays the same",
            fontsize=9.5,
        )
        whole = axes_at(figure, (0.9, 0.4), 3.2, 3.2)
        heat_map(whole, jacobian(lambda z: layer_norm(z, np.ones(4), np.zeros(4)), x), form=None)
        ticks = np.arange(0, 12, 4) - 0.5
        whole.set_xticks(ticks + 2, [f"x {i}" for i in range(3)])
        whole.set_yticks(ticks + 2, [f"n {i}" for i in range(3)])
        for tick in ticks[1:]:
            whole.axhline(tick, color=INK, lw=0.5)
            whole.axvline(tick, color=INK, lw=0.5)
        whole.set_title("all slopes of n by x (12, 12):\ntokens do not touch each other")
        block = axes_at(figure, (5.6, 0.4), 3.6, 3.2)
        names = [f"$x_{{0{i}}}$" for i in range(4)], [f"$n_{{0{i}}}$" for i in range(4)]
        heat_map(
            block,
            jacobian(lambda z: layer_norm(z, np.ones(4), np.zeros(4)), x[:1]),
            names[1],
            names[0],
        )
        block.set_title("the block of token 0: J = (I − 1/d − n nᵀ/d) / s")
