"""Picture: precision, recall and F1 of each type of entity."""

from __future__ import annotations

import os

import numpy as np

from pmt_train.metrics.entities import EntityScores
from pmt_train.plots.figure import QUIET, figure_saved_to, plot_label

_MOST = 24  # types; the most frequent come first
_COLORS = {"precision": "#9db8dc", "recall": "#d9b382", "f1": "#2d5fa8"}


def entity_plot(
    path: str | os.PathLike[str], scores: EntityScores, title: str = "entities by type"
) -> None:
    """Three bars for every type and for all together, the value of F1 written beside it."""
    rows = [("all", scores.overall), *list(scores.by_type.items())[:_MOST]]
    with figure_saved_to(path, 6.6, 1.2 + 0.62 * len(rows)) as figure:
        axes = figure.subplots()
        places = np.arange(len(rows))
        for i, (name, color) in enumerate(_COLORS.items()):
            values = [getattr(found, name) for _, found in rows]
            axes.barh(places + (i - 1) * 0.26, values, 0.24, color=color, label=name)
        for place, (_, found) in zip(places, rows, strict=True):
            axes.text(found.f1 + 0.008, place + 0.26, f"{found.f1:.3f}", va="center", fontsize=8.5)
        axes.set_yticks(places, [plot_label(name) for name, _ in rows])
        axes.invert_yaxis()
        axes.set_xlim(0, 1.08)
        axes.set_xticks(np.linspace(0, 1, 6))
        axes.axhline(0.5, color=QUIET, linewidth=0.6)
        axes.grid(axis="x")
        axes.set_axisbelow(True)
        axes.set_title(plot_label(title, 80), loc="left")
        figure.legend(loc="outside lower left", ncols=3)
