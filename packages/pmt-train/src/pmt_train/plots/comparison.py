"""Plots that compare runs: curves in one picture, scores with their confidence intervals."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence

from pmt_train.metrics.bootstrap import Interval
from pmt_train.plots.figure import COLORS, QUIET, figure_saved_to, plot_label

_STYLES = ("-", "--", ":", "-.")
_IN_LEGEND, _AT_AXIS = 60, 40  # characters of a name
_ROW = 0.24  # inches of a row of the legend

Curve = tuple[Sequence[float], Sequence[float]]
"""x and y of the points of a curve; those that are not finite are left out."""


def curves_plot(
    path: str | os.PathLike[str],
    curves: Mapping[str, Curve],
    title: str = "",
    *,
    x_label: str = "epoch",
) -> None:
    """Plot curves over each other, e.g. the dev accuracy of several runs by epoch.

    The legend is below the axes, in the order of the curves. Colors repeat after eight curves, in
    another style of line.

    Examples:
        >>> from pathlib import Path
        >>> from pmt_train import curves_plot
        >>> epochs = [1, 2, 3]
        >>> curves = {"small": (epochs, [0.6, 0.7, 0.7]), "large": (epochs, [0.5, 0.7, 0.8])}
        >>> curves_plot("runs.png", curves)
        >>> Path("runs.png").exists()
        True
    """
    from matplotlib.ticker import MaxNLocator

    points = {name: _finite_points(*curve) for name, curve in curves.items()}
    with figure_saved_to(path, 8.0, 4.4 + _ROW * len(points)) as figure:
        axes = figure.subplots()
        axes.set_title(plot_label(title, 80), loc="left")
        axes.set_xlabel(x_label)
        axes.grid(axis="y")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        for i, (name, (x, y)) in enumerate(points.items()):
            axes.plot(
                x,
                y,
                color=COLORS[i % len(COLORS)],
                linestyle=_STYLES[i // len(COLORS) % len(_STYLES)],
                marker="o" if len(x) <= 40 else None,
                markersize=4,
                label=plot_label(name, _IN_LEGEND),
            )
        if not any(x for x, _ in points.values()):
            axes.text(0.5, 0.5, "no numbers", transform=axes.transAxes, ha="center", color=QUIET)
        if points:
            figure.legend(loc="outside lower left", ncols=1)


def interval_plot(
    path: str | os.PathLike[str],
    scores: Mapping[str, Interval | float],
    title: str = "",
) -> None:
    """Plot a score for each name as a point, with its confidence interval, the first on top.

    The numbers are to the right. Those that are not finite have no point.

    Examples:
        >>> from pathlib import Path
        >>> from pmt_train import Interval, interval_plot
        >>> interval_plot("scores.png", {"model": Interval(0.81, 0.78, 0.84), "baseline": 0.7})
        >>> Path("scores.png").exists()
        True
    """
    with figure_saved_to(path, 8.0, 1.1 + 0.36 * max(len(scores), 1)) as figure:
        axes = figure.subplots()
        axes.set_title(plot_label(title, 80), loc="left")
        axes.grid(axis="x")
        axes.set_axisbelow(True)
        for i, score in enumerate(scores.values()):
            color = COLORS[i % len(COLORS)]
            value, low, high = score if isinstance(score, Interval) else (score, score, score)
            if not all(map(math.isfinite, (value, low, high))):
                continue
            axes.plot([low, high], [i, i], color=color, solid_capstyle="butt")
            axes.plot([value], [i], color=color, marker="o", markersize=6)
            axes.text(
                1.02, i, f"{value:.4g}", transform=axes.get_yaxis_transform(), va="center"
            )  # right of the axes
        axes.set_yticks(range(len(scores)), [plot_label(name, _AT_AXIS) for name in scores])
        axes.set_ylim(len(scores) - 0.5, -0.5)
        axes.tick_params(axis="y", length=0)


def _finite_points(x: Sequence[float], y: Sequence[float]) -> tuple[list[float], list[float]]:
    points = [(a, b) for a, b in zip(x, y, strict=True) if math.isfinite(a) and math.isfinite(b)]
    return [a for a, _ in points], [b for _, b in points]
