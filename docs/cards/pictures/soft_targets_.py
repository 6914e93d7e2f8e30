"""Card of soft targets: a distribution beside a label, and both gradients."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from docs.cards.forms.soft_targets import (
    log_softmax,
    soft_cross_entropy,
    soft_cross_entropy_gradients,
)
from docs.drawing import (
    BLUE,
    GRAY,
    INK,
    LIGHT_BLUE,
    RED,
    arrow,
    axes_at,
    canvas,
    figure_saved,
    label,
    slope_color,
    table,
)

PICTURES = ("soft-targets.png",)


def draw(folder: Path) -> None:
    """Write PICTURES to `folder`."""
    z = np.array([[1.0, 2.0, 0.5, -1.0]])
    q = np.array([[0.55, 0.30, 0.15, 0.0]])
    with figure_saved(folder / PICTURES[0], 10, 7.2) as figure:
        axes = canvas(figure)
        p = np.exp(log_softmax(z))[0]
        for i, (title, target) in enumerate(
            [("a label: all or nothing", np.eye(4)[0]), ("soft: what a teacher said", q[0])]
        ):
            _bars(figure, 0.75 + 4.9 * i, title, p, target)
        _tables(axes, z, q)


def _bars(figure, left: float, title: str, p, q) -> None:
    plot = axes_at(figure, (left, 3.95), 4.0, 2.75)
    places = np.arange(4)
    plot.bar(places - 0.19, p, 0.36, color=LIGHT_BLUE, edgecolor=GRAY, label="p, said")
    plot.bar(places + 0.19, q, 0.36, color=INK, label="q, should")
    for place, said, should in zip(places, p, q):
        start = (place, said)
        if abs(said - should) > 0.03:
            color = slope_color(said - should, 0.4)
            settings = {"arrowstyle": "-|>", "color": color, "lw": 3, "shrinkA": 0, "shrinkB": 0}
            plot.annotate("", (place, should), start, arrowprops=settings)
        text = f"{said - should:+.2f}".replace("-", "−")
        plot.text(place, max(said, should) + 0.03, text, ha="center", fontsize=9)
    plot.legend(loc="upper right")
    plot.set(title=title, ylim=(0, 1.15), xlabel="class; above it p − q = slope by the logit")
    plot.set_xticks(places, ["1", "2", "3", "4"])


def _tables(axes, z, q) -> None:
    by_z, by_q = soft_cross_entropy_gradients(1.0, z, q)
    log_p = log_softmax(z)
    cell = (0.62, 0.36)
    label(axes, (0.3, 3.05), "forward", color=BLUE, ha="left", fontsize=12, weight="bold")
    label(axes, (0.3, 1.45), "backward", color=RED, ha="left", fontsize=12, weight="bold")
    z_table = table(axes, z, (0.3, 2.5), cell, slopes=by_z, scale=0.4, title="z  (1, 4)")
    y_table = table(axes, log_p, (3.6, 2.5), cell, title="log p  (1, 4)")
    arrow(axes, z_table.right, y_table.left, "(1, 4)", BLUE)
    q_table = table(axes, q, (6.35, 2.5), cell, slopes=by_q, scale=4, title="q  (1, 4)")
    value = table(axes, [soft_cross_entropy(z, q)], (9.05, 2.5), cell, title="L")
    label(axes, (6.21, 2.32), "·", fontsize=16)
    arrow(axes, q_table.right, value.left, "", BLUE)
    label(axes, (7.6, 1.87), "L = −Σ q log p", ha="center", fontsize=9)
    table(axes, by_z, (0.3, 0.9), cell, slopes=by_z, scale=0.4, title="∂L/∂z = p Σq − q  (1, 4)")
    table(axes, np.exp(log_p), (3.6, 0.9), cell, title="p  (1, 4)")
    table(axes, by_q, (6.35, 0.9), cell, slopes=by_q, scale=4, title="∂L/∂q = −log p  (1, 4)")
