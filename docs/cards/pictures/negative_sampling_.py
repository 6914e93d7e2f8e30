"""Card of negative sampling: three scores, their errors, and what the errors do to the vectors."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from docs.cards.forms.negative_sampling import negative_sampling_gradients, scores_of
from docs.drawing import BLUE, RED, arrow, axes_at, canvas, figure_saved, heat_map, label, table

PICTURES = ("negative-sampling.png",)
CELL = (0.66, 0.4)


def draw(folder: Path) -> None:
    """Write PICTURES to `folder`."""
    h = np.array([[1.0, -0.5, 0.8]])
    u = np.array([[0.6, 0.4, -0.2], [1.0, -1.0, 0.5], [-0.7, 0.3, -0.9]])
    target, noise = np.array([0]), np.array([[1, 2]])
    scores = scores_of(h, u, np.array([[0, 1, 2]])).T
    by_h, by_u = negative_sampling_gradients(1.0, h, u, target, noise)
    p, labels = 1 / (1 + np.exp(-scores)), np.array([[1.0], [0.0], [0.0]])
    error, scale = p - labels, 0.85
    names = ["observed", "noise 1", "noise 2"]
    with figure_saved(folder / PICTURES[0], 10, 8.2) as figure:
        axes = canvas(figure)
        top = 7.4
        label(axes, (0.3, 7.95), "forward", color=BLUE, ha="left", fontsize=12, weight="bold")
        middle = top - 1.5 * CELL[1]
        table(axes, h, (0.4, middle + 0.2), CELL, slopes=by_h, scale=scale, title="h  (3,)")
        label(axes, (2.6, middle), "·", fontsize=18)
        words = table(
            axes, u, (3.8, top), CELL, slopes=by_u, scale=scale, title="u  (3, 3)", rows=names
        )
        s = table(axes, scores, (6.5, top), CELL, slopes=error, scale=scale, title="score s")
        arrow(axes, words.right, s.left, "h · u", BLUE)
        says = table(axes, p, (8.0, top), CELL, colors=[["#ffffff"]] * 3, title="σ(s)")
        arrow(axes, s.right, says.left, "σ", BLUE)
        table(
            axes, labels, (9.0, top), CELL, colors=[["#ffffff"]] * 3, title="label", form="{:.0f}"
        )
        label(axes, (0.3, 5.45), "backward", color=RED, ha="left", fontsize=12, weight="bold")
        low = 4.75
        middle = low - 1.5 * CELL[1]
        given = table(
            axes, error, (8.5, low), CELL, slopes=error, scale=scale, title="e = σ(s) − label"
        )
        outer = table(
            axes,
            by_u,
            (3.8, low),
            CELL,
            slopes=by_u,
            scale=scale,
            title="∂L/∂u = e h  (3, 3)",
            rows=names,
        )
        arrow(axes, given.left, outer.right, "each row: its error times h", RED)
        table(
            axes,
            by_h,
            (0.4, middle + 0.2),
            CELL,
            slopes=by_h,
            scale=scale,
            title="∂L/∂h = Σ e u  (3,)",
        )
        text = (
            "A step against the slope: the observed word has e < 0\n"
            "and moves towards h, noise moves away from it."
        )
        label(axes, (6.2, 3.1), text, fontsize=10)
        below = axes_at(figure, (0.9, 0.65), 3.6, 1.75)
        s = np.linspace(-5, 5, 101)
        below.plot(s, np.log1p(np.exp(-s)), label="observed: −log σ(s)")
        below.plot(s, np.log1p(np.exp(s)), label="noise: −log σ(−s)")
        below.set(xlabel="score s", ylabel="loss", ylim=(0, 5.2))
        below.legend(
            loc="upper center", bbox_to_anchor=(0.5, 1.32), ncols=2, fontsize=9, columnspacing=1
        )
        parts = axes_at(figure, (6.3, 0.65), 3.3, 1.75)
        rows = ["e u observed", "e u noise 1", "e u noise 2", "sum: ∂L/∂h"]
        heat_map(
            parts,
            np.concatenate([error * u, by_h]),
            rows,
            [f"$h_{k}$" for k in range(3)],
            scale=1.0,
        )
        parts.axhline(2.5, color="#33363d", lw=1.5)
        parts.set_title("three words pull at h")
