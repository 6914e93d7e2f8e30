"""Card of InfoNCE: cosines, shares, errors, and where a step moves the vectors."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from docs.cards.forms.info_nce import info_nce_gradients, softmax, unit
from docs.drawing import (
    BLUE,
    GRAY,
    RED,
    arrow,
    axes_at,
    canvas,
    figure_saved,
    heat_map,
    label,
    table,
)

PICTURES = ("info-nce.png",)
CELL = (0.62, 0.38)


def draw(folder: Path) -> None:
    """Write PICTURES to `folder`."""
    degrees = np.array([[100.0, 60.0], [20.0, -15.0], [215.0, 300.0]])
    a, b = (np.stack([np.cos(t), np.sin(t)], axis=1) for t in np.radians(degrees).T)
    temperature = 0.5
    by_a, by_b = info_nce_gradients(1.0, a, b, temperature)
    cosines = unit(a) @ unit(b).T
    p = softmax(cosines / temperature)
    error = (p - np.eye(3)) / (3 * temperature)
    rows, columns = [f"$a_{i}$" for i in range(3)], [f"$b_{j}$" for j in range(3)]
    with figure_saved(folder / PICTURES[0], 10, 7.9) as figure:
        axes = canvas(figure)
        lefts, top = (0.6, 3.4, 6.2), 7.05
        scale = 0.6
        shapes = (
            (cosines, error, "cosines  C (3, 3)", "{:.2f}"),
            (p, error, "P = softmax(C / τ) by row", "{:.2f}"),
        )
        tables = [
            table(
                axes,
                values,
                (left, top),
                CELL,
                slopes=slopes,
                scale=scale,
                title=title,
                rows=rows,
                columns=columns,
                form=form,
            )
            for left, (values, slopes, title, form) in zip(lefts, shapes, strict=False)
        ]
        arrow(axes, tables[0].right, (3.05, tables[1].left[1]), "", BLUE)
        e = table(
            axes,
            error,
            (6.8, top),
            CELL,
            slopes=error,
            scale=scale,
            rows=rows,
            columns=columns,
            title="∂L/∂C = (P − I) / (n τ)",
        )
        arrow(axes, tables[1].right, (6.45, e.left[1]), "", RED)
        text = (
            "diagonal: partners, slope below 0, they are to come closer;\n"
            "elsewhere: strangers, slope above 0, and a row sums to 0"
        )
        label(axes, (5.0, 5.4), text)
        circle = axes_at(figure, (0.3, 0.2), 4.8, 4.8)
        turn = np.linspace(0, 2 * np.pi, 200)
        circle.plot(np.cos(turn), np.sin(turn), color=GRAY, lw=0.8)
        circle.set(xlim=(-1.5, 1.5), ylim=(-1.5, 1.5), aspect="equal")
        circle.set_axis_off()
        for vectors, slopes, name, color in ((a, by_a, "a", BLUE), (b, by_b, "b", RED)):
            for i in range(3):
                circle.plot(*vectors[i], "o", color=color, ms=6)
                circle.annotate(
                    "",
                    vectors[i] - 1.5 * slopes[i],
                    vectors[i],
                    arrowprops={"arrowstyle": "-|>", "color": color, "lw": 1.6},
                )
                circle.text(
                    *(1.22 * vectors[i]),
                    f"${name}_{i}$",
                    ha="center",
                    va="center",
                    color=color,
                    fontsize=12,
                )
        for i in range(3):
            circle.plot(*np.stack([a[i], b[i]]).T, color=GRAY, lw=0.8, ls=":")
        label(axes, (2.7, 5.0), "1.5 times the slope, downhill: along the circle")
        low = axes_at(figure, (6.0, 2.75), 3.6, 1.5)
        names = [f"${n}_{i}$" for n in "ab" for i in range(3)]
        heat_map(
            low,
            np.concatenate([by_a, by_b]).T,
            ["x", "y"],
            names,
            title="∂L/∂a and ∂L/∂b  (3, 2) each, as columns",
        )
        text = (
            "Each slope is at right angles to its vector:\n"
            "$a$ · ∂L/∂$a$ = 0. The loss sees directions only,\n"
            "so a longer vector changes nothing.\n"
            "$a_0$ hardly moves: its strangers push it away\n"
            "from $b_0$ about as hard as $b_0$ pulls."
        )
        label(axes, (7.8, 1.45), text)
