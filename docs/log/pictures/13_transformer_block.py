"""Chapter 13: a block with its shapes, gradients against depth, and where the norm stands."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np

from docs.drawing import (
    BLUE,
    GRAY,
    LIGHT_BLUE,
    LIGHT_GREEN,
    LIGHT_PURPLE,
    LIGHT_YELLOW,
    RED,
    arrow,
    box,
    canvas,
    figure_saved,
    label,
)

PICTURES = ("13_block.png", "13_depth.png", "13_norms.png")
MEASURED = Path(__file__).resolve().parents[1] / "measured"


def draw_block(path: Path) -> None:
    """Draw a pre-norm block from bottom to top, and the insides of its two steps."""
    with figure_saved(path, 9, 7.6) as figure:
        axes = canvas(figure)
        x = 2.6
        start = box(axes, (x, 0.4), "words X", 1.8, 0.44, color=LIGHT_BLUE)
        norm1 = box(axes, (x, 1.45), "layer norm", 1.8, 0.44, color=LIGHT_PURPLE)
        talk = box(axes, (x, 2.45), "attention", 1.8, 0.5, color=LIGHT_GREEN)
        add1 = box(axes, (x, 3.4), "+", 0.44, 0.44, fontsize=14)
        norm2 = box(axes, (x, 4.4), "layer norm", 1.8, 0.44, color=LIGHT_PURPLE)
        think = box(axes, (x, 5.4), "feed-forward", 1.8, 0.5, color=LIGHT_YELLOW)
        add2 = box(axes, (x, 6.35), "+", 0.44, 0.44, fontsize=14)
        end = box(axes, (x, 7.25), "words X, changed", 1.8, 0.44, color=LIGHT_BLUE)
        parts = (start, norm1, talk, add1, norm2, think, add2, end)
        for one, other in pairwise(parts):
            arrow(axes, one.top, other.bottom, "(b, t, d)", fontsize=9)
        for high, y in ((add1, 0.85), (add2, 3.85)):
            axes.plot([x, 0.9, 0.9], [y, y, high.left[1]], color=BLUE, linewidth=1.8)
            arrow(axes, (0.86, high.left[1]), high.left, color=BLUE)
            middle = (y + high.left[1]) / 2
            label(axes, (0.72, middle), "residual (b, t, d)", color=BLUE, rotation=90, fontsize=9)
        # inside of attention
        u = 6.3
        names = (
            ("dense $W_Q$, $W_K$, $W_V$", LIGHT_YELLOW, "(b, t, 3d)"),
            ("$h$ heads: softmax(Q $K^T$ / $\\sqrt{d/h}$)", LIGHT_GREEN, "shares (b, h, t, t)"),
            ("mixture of V, heads side by side", LIGHT_GREEN, "(b, t, d)"),
            ("dense $W_O$", LIGHT_YELLOW, "(b, t, d)"),
        )
        frames = [
            box(axes, (u, 0.75 + 0.82 * i), name, 3.3, 0.42, color=color)
            for i, (name, color, _) in enumerate(names)
        ]
        arrow(axes, (u, 0.15), frames[0].bottom, "(b, t, d)", fontsize=9)
        for (one, other), (_, _, shape) in zip(pairwise(frames), names, strict=False):
            arrow(axes, one.top, other.bottom, shape, fontsize=9)
        arrow(axes, frames[-1].top, (u, 3.85), "(b, t, d)", fontsize=9)
        for y in (0.12, 3.85):
            axes.plot([talk.right[0], 4.4], [talk.right[1], y], ":", color=GRAY)
        # inside of the feed-forward network
        names = (
            ("dense $W_1$", LIGHT_YELLOW, "(b, t, f)"),
            ("gelu, number by number", LIGHT_GREEN, "(b, t, f)"),
            ("dense $W_2$", LIGHT_YELLOW, "(b, t, d)"),
        )
        frames = [
            box(axes, (u, 4.95 + 0.82 * i), name, 3.3, 0.42, color=color)
            for i, (name, color, _) in enumerate(names)
        ]
        arrow(axes, (u, 4.35), frames[0].bottom, "(b, t, d)", fontsize=9)
        for (one, other), (_, _, shape) in zip(pairwise(frames), names, strict=False):
            arrow(axes, one.top, other.bottom, shape, fontsize=9)
        arrow(axes, frames[-1].top, (u, 7.25), "(b, t, d)", fontsize=9)
        for y in (4.35, 7.25):
            axes.plot([think.right[0], 4.4], [think.right[1], y], ":", color=GRAY)


def sizes_of_gradients(depth: int, residual: bool, scale: float, d: int = 64) -> np.ndarray:
    """Return the length of the gradient after 0, 1, ... `depth` layers on its way back."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=(1, d))
    weights, slopes = [], []
    for _ in range(depth):
        weights.append(rng.normal(size=(d, d)) * scale / np.sqrt(d))
        f = np.tanh(x @ weights[-1])
        slopes.append(1 - f * f)
        x = x + f if residual else f
    grad = rng.normal(size=(1, d))
    grad /= np.linalg.norm(grad)
    sizes = [1.0]
    for weight, slope in zip(reversed(weights), reversed(slopes), strict=True):
        grad = (grad * slope) @ weight.T + (grad if residual else 0)
        sizes.append(float(np.linalg.norm(grad)))
    return np.array(sizes)


def draw_depth(path: Path) -> None:
    """Draw lengths of gradients on their way back through 24 layers."""
    with figure_saved(path, 10, 4) as figure:
        panels = figure.subplots(1, 2, sharey=True)
        for axes, residual in zip(panels, (False, True), strict=True):
            for scale, style in ((0.5, "-"), (1.0, "--"), (2.0, ":")):
                sizes = sizes_of_gradients(24, residual, scale)
                color = BLUE if residual else RED
                axes.semilogy(
                    sizes, style, color=color, label=f"deviation of a weight {scale} / √d"
                )
            axes.axhline(1, color=GRAY, linewidth=0.8)
            axes.set_xlabel("layers passed on the way back")
            axes.set_title("x + f(x): with residual connections" if residual else "f(x): plain")
            axes.legend(loc="lower left")
        panels[0].set_ylabel("length of the gradient")


def draw_norms(path: Path) -> None:
    """Draw the losses of measured/norms.csv."""
    lines = (MEASURED / "norms.csv").read_text(encoding="utf-8").splitlines()
    steps = [int(step) - 25 for step in lines[1].split(",")[1:]]
    with figure_saved(path, 8, 4) as figure:
        axes = figure.subplots()
        for line in lines[2:]:
            name, *losses = line.split(",")
            color = BLUE if name.startswith("in front") else RED
            style = "o-" if "warm-up" in name else "s--"
            axes.plot(steps, [float(loss) for loss in losses], style, color=color, label=name)
        axes.set(xlabel="step", ylabel="loss of a character, mean of 50 steps", ylim=(0, None))
        axes.legend(title="norm")


def draw(folder: Path) -> None:
    """Write PICTURES to `folder`."""
    for name, drawing in zip(PICTURES, (draw_block, draw_depth, draw_norms), strict=True):
        drawing(folder / name)
