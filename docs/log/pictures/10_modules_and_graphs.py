"""Chapter 10: combinators forwards and backwards, a bridge, a module and its memory."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from docs.drawing import (
    BLUE,
    GRAY,
    LIGHT,
    LIGHT_BLUE,
    LIGHT_GREEN,
    LIGHT_PURPLE,
    LIGHT_YELLOW,
    RED,
    Frame,
    arrow,
    box,
    canvas,
    figure_saved,
    label,
)
from pmt_nn import Linear, Module

PICTURES = ("10_combinators.png", "10_bridge.png", "10_module.png")


def _both(axes: Axes, start: tuple, stop: tuple, text: str = "", slope: str = "") -> None:
    """An arrow of values and, beside it, one of slopes; both with a text."""
    (x1, y1), (x2, y2) = start, stop
    length = np.hypot(x2 - x1, y2 - y1)
    dx, dy = -(y2 - y1) / length * 0.07, (x2 - x1) / length * 0.07
    arrow(axes, (x1 + dx, y1 + dy), (x2 + dx, y2 + dy), color=BLUE)
    arrow(axes, (x2 - dx, y2 - dy), (x1 - dx, y1 - dy), color=RED)
    middle = ((x1 + x2) / 2, (y1 + y2) / 2)
    if text:
        label(axes, (middle[0], middle[1] + 0.24), text, color=BLUE, fontsize=9)
    if slope:
        label(axes, (middle[0], middle[1] - 0.24), slope, color=RED, fontsize=9)


def draw_combinators(path: Path) -> None:
    """Serial, parallel, concatenation, skip."""
    with figure_saved(path, 10, 6.6) as figure:
        axes = canvas(figure)
        # serial
        label(axes, (2.4, 6.3), "serial", fontsize=12)
        first = box(axes, (1.65, 5.1), "f", 0.7, 0.6, LIGHT_BLUE)
        second = box(axes, (3.35, 5.1), "h", 0.7, 0.6, LIGHT_BLUE)
        _both(axes, (0.2, 5.1), first.left, "x (4)", "\u2202L/\u2202x (4)")
        _both(axes, first.right, second.left, "(8)", "(8)")
        _both(axes, second.right, (4.7, 5.1), "y (3)", "g (3)")
        # parallel
        label(axes, (7.5, 6.3), "parallel", fontsize=12)
        up = box(axes, (7.8, 5.65), "f", 0.7, 0.6, LIGHT_BLUE)
        down = box(axes, (7.8, 4.4), "h", 0.7, 0.6, LIGHT_BLUE)
        split = (6.35, 5.02)
        _both(axes, (5.3, 5.02), split, "x (8)", "sum (8)")
        _both(axes, (6.45, 5.2), up.left)
        _both(axes, (6.45, 4.85), down.left)
        _both(axes, up.right, (9.6, 5.65), "(3)", "(3)")
        _both(axes, down.right, (9.6, 4.4), "(2)", "(2)")
        # concatenation
        label(axes, (2.4, 3.3), "concatenation", fontsize=12)
        seam = box(axes, (2.6, 1.75), "side\nby side", 0.95, 1.5, LIGHT)
        _both(axes, (0.6, 2.25), (seam.x, 2.25), "(3)", "g[:3]")
        _both(axes, (0.6, 1.25), (seam.x, 1.25), "(2)", "g[3:]")
        _both(axes, seam.right, (4.7, 1.75), "(5)", "g (5)")
        # skip
        label(axes, (7.5, 3.3), "skip", fontsize=12)
        inner = box(axes, (7.5, 1.25), "f", 0.7, 0.6, LIGHT_BLUE)
        plus = box(axes, (8.75, 2.25), "+", 0.45, 0.45, LIGHT_YELLOW, fontsize=13)
        fork = (6.3, 2.25)
        _both(axes, (5.2, 2.25), fork, "x (8)", "g + J\u1d40g")
        _both(axes, fork, plus.left, "x (8)", "g (8)")
        _both(axes, (6.45, 2.0), inner.left)
        _both(axes, inner.right, (8.7, 2.0))
        _both(axes, plus.right, (9.85, 2.25), "y (8)", "g (8)")
        text = "blue: values, forwards. Red: slopes, backwards. Numbers in parentheses are sizes."
        label(axes, (5, 0.3), text, color=GRAY)


def draw_bridge(path: Path) -> None:
    """A network of parts in series and in parallel, and the bridge."""
    with figure_saved(path, 10, 4.0) as figure:
        axes = canvas(figure)

        def network(left: float, bridge: bool) -> None:
            start = box(axes, (left + 0.45, 2.0), "x", 0.6, 0.5, LIGHT_BLUE)
            up = box(axes, (left + 2.2, 2.9), "left", 0.9, 0.5)
            down = box(axes, (left + 2.2, 1.1), "right", 0.9, 0.5)
            end = box(axes, (left + 3.95, 2.0), "end", 0.8, 0.5, LIGHT_YELLOW)
            arrow(axes, start.right, up.left)
            arrow(axes, start.right, down.left)
            arrow(axes, up.right, end.left)
            arrow(axes, down.right, end.left)
            if bridge:
                arrow(axes, up.bottom, down.top, color=RED)
                label(axes, (left + 2.1, 2.0), "bridge", color=RED, ha="right")

        label(axes, (2.35, 3.65), "parallel, then concatenation", fontsize=12)
        for left in (1.55, 6.6):
            axes.add_patch(Rectangle((left, 0.7), 1.6, 2.6, fill=False, ec=GRAY, ls="--"))
        network(0.15, False)
        label(axes, (2.35, 0.3), "in the box: two parts in parallel", color=GRAY)
        label(axes, (7.4, 3.65), "a bridge", fontsize=12)
        network(5.2, True)
        label(axes, (7.4, 0.3), "in the box: neither in parallel nor in series", color=GRAY)


class _Bridge(Module):
    """The network of the chapter."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.left, self.right = Linear(4, 8, rng), Linear(12, 8, rng)
        self.end = Linear(16, 1, rng)


def draw_module(path: Path) -> None:
    """The tree of modules, the named parameters, the flat memory to scale."""
    model = _Bridge(np.random.default_rng(0))
    names = [
        (name, parameter.shape, parameter.size) for name, parameter in model.named_parameters()
    ]
    colors = {"left": LIGHT_BLUE, "right": LIGHT_GREEN, "end": LIGHT_PURPLE}
    total = sum(size for *_, size in names)
    with figure_saved(path, 10, 5.0) as figure:
        axes = canvas(figure)
        root = box(axes, (5, 4.6), "Bridge", 1.4, 0.45, LIGHT)
        middle: dict[str, Frame] = {}
        for i, part in enumerate(("left", "right", "end")):
            middle[part] = box(
                axes, (1.75 + 3.25 * i, 3.65), f"{part}: Linear", 1.5, 0.45, colors[part]
            )
            arrow(axes, root.bottom, middle[part].top, color=GRAY)
        width, start = 9.4, 0.3
        for i, (name, shape, size) in enumerate(names):
            part = name.split(".")[0]
            center = (0.98 + 1.61 * i, 2.5)
            text = f"{name}\n{' x '.join(map(str, shape))}"
            leaf = box(axes, center, text, 1.45, 0.6, colors[part], fontsize=10)
            arrow(axes, middle[part].bottom, leaf.top, color=GRAY)
            share = width * size / total
            axes.add_patch(Rectangle((start, 0.9), share, 0.5, fc=colors[part], ec=GRAY))
            arrow(axes, leaf.bottom, (start + share / 2, 1.4), color=GRAY)
            if share > 0.4:
                label(axes, (start + share / 2, 1.15), str(size))
            start += share
        label(axes, (5, 0.55), f"one array of {total} numbers; each parameter is a view of it")


def draw(folder: Path) -> None:
    """Write PICTURES to `folder`."""
    for name, function in zip(PICTURES, (draw_combinators, draw_bridge, draw_module), strict=True):
        function(folder / name)
