"""Card of the embedding: rows that are read, and where their slopes are added."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from docs.cards.forms.embedding import embedding, embedding_gradients
from docs.drawing import BLUE, RED, arrow, canvas, figure_saved, label, table

PICTURES = ("embedding.png",)
WORDS = ("the", "cat", "dog", "sat", "on", "mat")
CELL = (0.62, 0.36)


def draw(folder: Path) -> None:
    """Write PICTURES to `folder`."""
    rng = np.random.default_rng(1)
    values, ids = rng.normal(size=(6, 3)), np.array([2, 5, 2, 0])
    grad = rng.normal(size=(4, 3)).round(1)
    (by_table,) = embedding_gradients(grad, values, ids)
    scale = float(np.abs(by_table).max())
    text = [WORDS[i] for i in ids]
    with figure_saved(folder / PICTURES[0], 10, 6.6) as figure:
        axes = canvas(figure)
        rows = [f"{i} {word}" for i, word in enumerate(WORDS)]
        places = [f"{word} {i}" for word, i in zip(text, ids, strict=True)]
        forward = table(
            axes,
            values,
            (1.2, 6.1),
            CELL,
            slopes=by_table,
            scale=scale,
            title="table W  (6, 3)",
            rows=rows,
        )
        out = table(
            axes,
            embedding(values, ids),
            (5.6, 5.75),
            CELL,
            slopes=grad,
            scale=scale,
            title="y = W[ids]  (4, 3)",
        )
        back = table(
            axes,
            by_table,
            (1.2, 2.8),
            CELL,
            slopes=by_table,
            scale=scale,
            title="∂L/∂W  (6, 3)",
            rows=rows,
        )
        given = table(
            axes, grad, (5.6, 2.45), CELL, slopes=grad, scale=scale, title="g = ∂L/∂y  (4, 3)"
        )
        for j, i in enumerate(ids):
            for source, target, color, flip in (
                (forward, out, BLUE, False),
                (back, given, RED, True),
            ):
                ends = [
                    (source.x + source.width, source.y + source.height - (i + 0.5) * CELL[1]),
                    (target.x, target.y + target.height - (j + 0.5) * CELL[1]),
                ]
                arrow(axes, *(ends[::-1] if flip else ends), color=color)
            for target in (out, given):
                where = (
                    target.x + target.width + 0.12,
                    target.y + target.height - (j + 0.5) * CELL[1],
                )
                label(axes, where, places[j], ha="left")
        label(axes, (8.9, 4.95), "forward\nrows are copied:\n“dog” twice", color=BLUE)
        label(
            axes,
            (8.9, 1.65),
            "backward\nslopes are added:\nrow 2 gets two,\nrows 1, 3, 4 get 0",
            color=RED,
        )
