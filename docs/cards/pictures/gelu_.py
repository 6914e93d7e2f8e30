"""Card of GELU: the curve, the two summands of its slope, the error of the tanh form."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from docs.cards.forms.gelu import (
    gelu,
    gelu_gradients,
    gelu_tanh,
    gelu_tanh_gradients,
    normal_share,
)
from docs.drawing import (
    BLUE,
    GRAY,
    GREEN,
    RED,
    YELLOW,
    axes_at,
    canvas,
    figure_saved,
    label,
    table,
)

PICTURES = ("gelu.png",)


def draw(folder: Path) -> None:
    """Write PICTURES to `folder`."""
    with figure_saved(folder / PICTURES[0], 10, 6.6) as figure:
        axes = canvas(figure)
        x = np.linspace(-4, 4, 401)
        one = np.ones_like(x)
        share = normal_share(x)
        value = axes_at(figure, (0.6, 3.85), 2.5, 2.3)
        value.axhline(0, color=GRAY, lw=0.7)
        value.plot(x, np.maximum(x, 0), "--", color=GRAY, label="relu")
        value.plot(x, gelu(x), color=BLUE, lw=2, label="y = x Φ(x)")
        value.legend(loc="upper left")
        value.set(title="Value", xlabel="x", xlim=(-4, 4), ylim=(-0.5, 4))
        slope = axes_at(figure, (3.85, 3.85), 2.5, 2.3)
        slope.axhline(0, color=GRAY, lw=0.7)
        slope.plot(x, share, color=GREEN, label="Φ(x)")
        slope.plot(x, gelu_gradients(one, x) - share, color=YELLOW, label="x φ(x)")
        slope.plot(x, gelu_gradients(one, x), color=RED, lw=2, label="sum: slope")
        slope.legend(loc="upper left")
        slope.set(title="Slope, and its two summands", xlabel="x", xlim=(-4, 4), ylim=(-0.35, 1.9))
        error = axes_at(figure, (7.2, 3.85), 2.5, 2.3)
        error.axhline(0, color=GRAY, lw=0.7)
        error.plot(x, 1e4 * (gelu_tanh(x) - gelu(x)), color=BLUE, label="value")
        wrong = gelu_tanh_gradients(one, x) - gelu_gradients(one, x)
        error.plot(x, 1e4 * wrong, color=RED, label="slope")
        error.legend(loc="upper right")
        error.set(title="tanh form minus exact form", xlabel="x", ylabel="10⁻⁴", ylim=(-12, 18))
        _tables(axes)


def _tables(axes) -> None:
    x = np.array([-3.0, -1.0, -0.5, 0.0, 0.5, 1.0, 3.0])
    grad = np.array([0.5, 0.5, 0.5, 0.5, -0.5, -0.5, -0.5])
    share = normal_share(x)
    whole = gelu_gradients(np.ones_like(x), x)
    by_x = gelu_gradients(grad, x)
    cell = (0.78, 0.36)
    label(axes, (0.3, 3.1), "forward", color=BLUE, ha="left", fontsize=12, weight="bold")
    label(axes, (0.3, 1.78), "backward", color=RED, ha="left", fontsize=12, weight="bold")
    left = 3.5
    at = iter([2.95, 2.59, 1.95, 1.59, 1.23, 0.87, 0.51])
    for name, values, slopes in [
        ("x  (7,)", x, by_x),
        ("y = x Φ(x)  (7,)", gelu(x), grad),
        ("∂L/∂y = g  (7,)", grad, grad),
        ("Φ(x)", share, None),
        ("+  x φ(x)", whole - share, None),
        ("=  slope", whole, None),
        ("∂L/∂x = g · slope  (7,)", by_x, by_x),
    ]:
        settings = {} if slopes is None else {"slopes": slopes, "scale": 0.6}
        table(axes, values, (left, next(at)), cell, rows=[name], form="{:.3f}", **settings)
