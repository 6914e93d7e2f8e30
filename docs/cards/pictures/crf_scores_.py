"""Card of a CRF's scores: forward and backward messages, chances of tags, and the slope."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from docs.cards.forms.crf_scores import crf_scores_gradients, forward_backward, score_of
from docs.drawing import BLUE, RED, arrow, canvas, figure_saved, label, table

PICTURES = ("crf-scores.png",)
WORDS, TAGS = ("Angela", "Merkel", "visited", "Rome"), ("B", "I", "O")
CELL = (0.78, 0.36)
EMISSIONS = np.array([[1.5, 0.3, 0.4], [1.0, 0.9, 0.2], [-0.5, -0.4, 1.6], [1.2, 0.1, 0.5]])
TRANSITIONS = np.array([[-0.5, 1.2, 0.6], [-0.4, 0.5, 0.7], [0.8, -3.0, 0.6]])
START, END = np.array([0.4, -3.0, 0.5]), np.array([0.1, 0.2, 0.3])
ACTUAL = np.array([0, 1, 2, 0])


def draw(folder: Path) -> None:
    """Write PICTURES to `folder`."""
    chain = EMISSIONS, TRANSITIONS, START, END
    alpha, beta, z = forward_backward(*chain)
    (slope,) = crf_scores_gradients(1.0, *chain, ACTUAL)
    p, one_hot = alpha * beta / z, np.eye(3)[ACTUAL]
    probability = np.exp(score_of(*chain, ACTUAL)) / z
    plain = [["#ffffff"] * 4] * 3
    with figure_saved(folder / PICTURES[0], 10, 8.2) as figure:
        axes = canvas(figure)
        settings = {"cell": CELL, "rows": TAGS, "columns": WORDS, "fontsize": 9.5}
        table(
            axes,
            EMISSIONS.T,
            (0.7, 7.4),
            slopes=slope.T,
            scale=0.6,
            title="scores e  (4 words, 3 tags), transposed",
            **settings,
        )
        table(
            axes,
            TRANSITIONS,
            (5.5, 7.4),
            colors=[["#ffffff"] * 3] * 3,
            title="A[y, y']  (3, 3)",
            cell=CELL,
            rows=TAGS,
            columns=TAGS,
            fontsize=9.5,
        )
        ends = np.stack([START, END])
        table(
            axes,
            ends.T,
            (8.3, 7.4),
            colors=[["#ffffff"] * 2] * 3,
            cell=CELL,
            columns=("start", "end"),
            fontsize=9.5,
        )
        short = [
            [
                [f"{value:.0f}" if value >= 100 else f"{value:.2f}" for value in row]
                for row in sums.T
            ]
            for sums in (alpha, beta)
        ]
        one = table(
            axes, short[0], (0.7, 5.3), colors=plain, title="α: sum over all beginnings", **settings
        )
        two = table(
            axes, short[1], (5.5, 5.3), colors=plain, title="β: sum over all ends", **settings
        )
        arrow(
            axes,
            (one.x, 4.02),
            (one.x + one.width, 4.02),
            "α₁ = exp(start + e₁), then left to right",
            BLUE,
            offset=(0, -0.17),
        )
        arrow(
            axes,
            (two.x + two.width, 4.02),
            (two.x, 4.02),
            "β₄ = exp(end), then right to left",
            RED,
            offset=(0, -0.17),
        )
        label(axes, (9.3, 4.75), f"Z = Σ α₄ exp(end)\n= {z:.0f}", fontsize=9.5, ha="center")
        left = table(
            axes,
            p.T,
            (0.7, 2.65),
            slopes=p.T,
            scale=1.4,
            title="p = α β / Z: probability of a tag",
            **settings,
        )
        texts = [[f"{value:.0f}" for value in row] for row in one_hot.T]
        middle = table(
            axes,
            texts,
            (4.35, 2.65),
            (0.42, 0.36),
            slopes=one_hot.T,
            scale=1.4,
            title="actual tags",
        )
        last = table(
            axes,
            slope.T,
            (6.55, 2.65),
            slopes=slope.T,
            scale=0.6,
            title="∂L/∂e = p − actual",
            columns=WORDS,
            cell=CELL,
            fontsize=9.5,
        )
        label(axes, ((left.right[0] + middle.left[0]) / 2, left.center[1]), "−", fontsize=14)
        label(axes, ((middle.right[0] + last.left[0]) / 2, left.center[1]), "=", fontsize=14)
        text = (
            f"p(B I O B) = {probability:.2f}, loss {-np.log(probability):.2f}.  Every column "
            "of p sums to 1, every column of the slope to 0:\n"
            "the score of the actual tag is to grow (red, slope below 0), the others' to "
            "fall in proportion to their p."
        )
        label(axes, (5.0, 0.75), text)
