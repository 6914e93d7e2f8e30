"""Bar charts: shares by name, and the scores of entity types."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence

import numpy as np

from pmt_core import ShapeError
from pmt_train.metrics.entities import EntityScores
from pmt_train.plots.figure import COLORS, QUIET, figure_saved_to, plot_label

_MAX_TYPES = 24
_SCORE_COLORS = {"precision": "#9db8dc", "recall": "#d9b382", "f1": "#2d5fa8"}


def bar_chart(
    path: str | os.PathLike[str],
    names: Sequence[str],
    shares: Sequence[float],
    notes: Sequence[str] = (),
    title: str = "",
    *,
    highlight_last: int = 0,
) -> None:
    """Plot a horizontal bar for each of n shares, 0 to 1, the first on top.

    A share of nan has no bar. `notes` are texts after the percentages, e.g. "12 of 40". The last
    `highlight_last` bars (e.g. totals) have another color. Raises ShapeError if the numbers of
    names, shares and notes differ.

    Examples:
        >>> from pathlib import Path
        >>> from pmt_train import bar_chart
        >>> notes = ["12 of 40", "4 of 5"]
        >>> bar_chart("bars.png", ["capitals", "plurals"], [0.3, 0.8], notes, "analogies")
        >>> Path("bars.png").exists()
        True
    """
    n = len(names)
    if len(shares) != n or (notes and len(notes) != n):
        raise ShapeError(f"{n} names need {n} shares and notes: {len(shares)}, {len(notes)}")
    with figure_saved_to(path, 7.6, 0.9 + 0.3 * max(n, 1)) as figure:
        axes = figure.subplots()
        values = [share if math.isfinite(share) else 0.0 for share in shares]
        colors = [COLORS[1] if i >= n - highlight_last else COLORS[0] for i in range(n)]
        axes.barh(range(n), values, color=colors, height=0.68)
        for i, share in enumerate(shares):
            text = f"{share:.1%}" if math.isfinite(share) else "none"
            note = f"   {notes[i]}" if notes else ""
            axes.annotate(
                text + note,
                xy=(values[i], i),
                xytext=(4, 0),
                textcoords="offset points",
                va="center",
                fontsize=8.5,
            )
        axes.set_yticks(range(n), [plot_label(name, 32) for name in names])
        axes.invert_yaxis()
        axes.set_xlim(0, 1.4)
        axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "25 %", "50 %", "75 %", "100 %"])
        axes.tick_params(axis="y", length=0)
        axes.spines["bottom"].set_color(QUIET)
        if title:
            axes.set_title(plot_label(title, 80), loc="left")


def entity_plot(
    path: str | os.PathLike[str], scores: EntityScores, title: str = "entities by type"
) -> None:
    """Plot precision, recall and F1 of all entities and of each type as three bars.

    Examples:
        >>> from pathlib import Path
        >>> from pmt_train import entity_plot, entity_scores
        >>> scores = entity_scores([["B-PER", "O", "B-LOC"]], [["B-PER", "O", "B-ORG"]])
        >>> entity_plot("entities.png", scores)
        >>> Path("entities.png").exists()
        True
    """
    rows = scores.rows()[: 1 + _MAX_TYPES]
    with figure_saved_to(path, 6.6, 1.2 + 0.62 * len(rows)) as figure:
        axes = figure.subplots()
        positions = np.arange(len(rows))
        for i, (metric, color) in enumerate(_SCORE_COLORS.items()):
            values = [getattr(type_scores, metric) for _, type_scores in rows]
            axes.barh(positions + (i - 1) * 0.26, values, 0.24, color=color, label=metric)
        for y, (_, type_scores) in zip(positions, rows, strict=True):
            f1 = type_scores.f1
            axes.text(f1 + 0.008, y + 0.26, f"{f1:.3f}", va="center", fontsize=8.5)
        axes.set_yticks(positions, [plot_label(name) for name, _ in rows])
        axes.invert_yaxis()
        axes.set_xlim(0, 1.08)
        axes.set_xticks(np.linspace(0, 1, 6))
        axes.axhline(0.5, color=QUIET, linewidth=0.6)
        axes.grid(axis="x")
        axes.set_axisbelow(True)
        axes.set_title(plot_label(title, 80), loc="left")
        figure.legend(loc="outside lower left", ncols=3)
