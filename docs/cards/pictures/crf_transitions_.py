"""Card of a CRF's transitions: chances of each step, their sum, and the actual steps."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from docs.cards.forms.crf_scores import forward_backward
from docs.cards.forms.crf_transitions import crf_transitions_gradients
from docs.cards.pictures.crf_scores_ import ACTUAL, EMISSIONS, END, START, TAGS, TRANSITIONS, WORDS
from docs.drawing import GREEN, canvas, figure_saved, label, table

PICTURES = ("crf-transitions.png",)
CELL = (0.62, 0.36)


def draw(folder: Path) -> None:
    """Write PICTURES to `folder`."""
    chain = EMISSIONS, TRANSITIONS, START, END
    alpha, beta, z = forward_backward(*chain)
    following = np.exp(EMISSIONS[1:]) * beta[1:]
    steps = alpha[:-1, :, None] * np.exp(TRANSITIONS) * following[:, None] / z  # (3, 3, 3)
    slope, by_start, by_end = crf_transitions_gradients(1.0, *chain, ACTUAL)
    actual = np.zeros((3, 3))
    np.add.at(actual, (ACTUAL[:-1], ACTUAL[1:]), 1)
    with figure_saved(folder / PICTURES[0], 10, 8.0) as figure:
        axes = canvas(figure)
        names = {"rows": TAGS, "columns": TAGS, "cell": CELL, "fontsize": 9.5}
        label(
            axes,
            (5.0, 7.75),
            "probability of each step at each place: α(y) · exp(A[y, y']) · exp(e(y')) · β(y') / Z",
            fontsize=11,
        )
        lefts = (0.7, 3.55, 6.4)
        for i, left in enumerate(lefts):
            title = f"{WORDS[i]} → {WORDS[i + 1]}"
            part = table(
                axes, steps[i], (left, 6.75), slopes=steps[i], scale=1.2, title=title, **names
            )
            y, x = ACTUAL[i], ACTUAL[i + 1]
            frame = np.array([part.x + x * CELL[0], part.y + part.height - (y + 1) * CELL[1]])
            corners = frame + np.array([[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]) * CELL
            axes.plot(*corners.T, color=GREEN, lw=2.5)
            if i:
                label(axes, (left - 0.62, part.center[1]), "+", fontsize=14)
        label(
            axes,
            (9.2, 6.2),
            "each sums to 1;\ngreen: the step\nof the actual tags",
            fontsize=9.5,
            color=GREEN,
        )
        low = 4.2
        expected = table(
            axes,
            steps.sum(axis=0),
            (lefts[0], low),
            slopes=steps.sum(axis=0),
            scale=1.2,
            title="expected uses: the sum",
            **names,
        )
        texts = [[f"{value:.0f}" for value in row] for row in actual]
        uses = table(
            axes, texts, (lefts[1], low), slopes=actual, scale=1.2, title="actual uses", **names
        )
        last = table(
            axes,
            slope,
            (lefts[2], low),
            slopes=slope,
            scale=0.8,
            title="∂L/∂A = expected − actual",
            **names,
        )
        for one, two, sign in ((expected, uses, "−"), (uses, last, "=")):
            label(axes, ((one.right[0] + two.left[0]) / 2 - 0.1, one.center[1]), sign, fontsize=14)
        p, row = alpha * beta / z, 1.6
        for left, index, by, title in (
            (1.0, 0, by_start, f"p({WORDS[0]}) − actual = ∂L/∂start"),
            (5.9, -1, by_end, f"p({WORDS[-1]}) − actual = ∂L/∂end"),
        ):
            one_hot = np.eye(3)[ACTUAL[index]]
            three = np.stack([p[index], one_hot, by])
            table(
                axes,
                three,
                (left + 0.3, row),
                CELL,
                slopes=three,
                scale=1.2,
                title=title,
                columns=TAGS,
                rows=("p", "actual", "slope"),
                fontsize=9.5,
            )
