"""Curves: metrics by epoch, loss by learning rate, and the reliability diagram."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from pmt_train.metrics.calibration import calibration_bins
from pmt_train.plots.figure import COLORS, QUIET, figure_saved_to, plot_label
from pmt_train.trainer.history import History
from pmt_train.trainer.lr_finder import LearningRateSearch

if TYPE_CHECKING:
    from matplotlib.axes import Axes


_DEV = "dev_"


def learning_curves(path: str | os.PathLike[str], history: History) -> None:
    """Plot train and dev loss, the dev metrics, and the learning rate by epoch.

    A dashed line shows the best epoch. Values that are not finite leave a gap.

    Examples:
        >>> from pathlib import Path
        >>> from pmt_train import History, learning_curves
        >>> row = {"epoch": 1, "train_loss": 0.7, "dev_f1": 0.5, "lr": 0.1}
        >>> rows = [row, row | {"epoch": 2, "train_loss": 0.5, "dev_f1": 0.7}]
        >>> learning_curves("curves.png", History(rows, best_epoch=2))
        >>> Path("curves.png").exists()
        True
    """
    names = [n for n in history.columns if n.startswith(_DEV) and n != "dev_loss"]
    panels = {
        "loss": {"train": history.column("train_loss"), "dev": history.column("dev_loss")},
        "dev scores": {name.removeprefix(_DEV): history.column(name) for name in names},
        "learning rate": {"lr": history.column("lr")},
    }
    finite = [(title, _finite(lines)) for title, lines in panels.items()]
    not_empty = [(title, lines) for title, lines in finite if lines] or [("loss", {})]
    with figure_saved_to(path, 3.9 * len(not_empty), 3.2) as figure:
        grid = figure.subplots(1, len(not_empty), squeeze=False)[0]
        for axes, (title, lines) in zip(grid, not_empty, strict=True):
            _panel(axes, title, history.column("epoch"), lines, history.best_epoch)


def _panel(
    axes: Axes,
    title: str,
    epochs: Sequence[float],
    lines: Mapping[str, Sequence[float]],
    best_epoch: int | None,
) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.set_title(title, loc="left")
    axes.set_xlabel("epoch")
    axes.grid(axis="y")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    if not lines:
        _say_empty(axes)
        return
    if best_epoch is not None:
        axes.axvline(best_epoch, color=QUIET, linewidth=1, linestyle=(0, (2, 2)), zorder=0)
    marker = "o" if len(epochs) <= 30 else None
    for i, (name, values) in enumerate(lines.items()):
        color, label = COLORS[i % len(COLORS)], plot_label(name)
        axes.plot(epochs, values, color=color, marker=marker, markersize=4, label=label)
    axes.set_xlim(min(epochs) - 0.5, max(epochs) + 0.5)
    axes.margins(y=0.12)
    if len(lines) > 1 or title == "dev scores":
        axes.legend(loc="best")


def _say_empty(axes: Axes) -> None:
    axes.text(0.5, 0.5, "no numbers", transform=axes.transAxes, ha="center", color=QUIET)


def _finite(lines: Mapping[str, Sequence[float]]) -> dict[str, list[float]]:
    """Return the lines with a finite value; other values are nan, which leaves a gap."""
    return {
        name: [value if math.isfinite(value) else math.nan for value in values]
        for name, values in lines.items()
        if any(math.isfinite(value) for value in values)
    }


def learning_rate_plot(path: str | os.PathLike[str], search: LearningRateSearch) -> None:
    """Plot the loss of a `search_learning_rate` by learning rate (log), and the suggestion.

    Examples:
        >>> from pathlib import Path
        >>> from pmt_train import LearningRateSearch, learning_rate_plot
        >>> rates, losses = [0.001, 0.01, 0.1, 1.0], [2.0, 1.8, 1.0, 9.0]
        >>> search = LearningRateSearch(rates, losses, smoothed=losses, suggestion=0.1)
        >>> learning_rate_plot("rates.png", search)
        >>> Path("rates.png").exists()
        True
    """
    with figure_saved_to(path, 5.2, 3.4) as figure:
        axes = figure.subplots()
        axes.set_title("loss by learning rate", loc="left")
        axes.set_xlabel("learning rate")
        axes.grid(axis="y")
        if not search.rates:
            _say_empty(axes)
            return
        axes.set_xscale("log")
        axes.plot(search.rates, search.losses, color=QUIET, linewidth=1, alpha=0.6, label="loss")
        axes.plot(search.rates, search.smoothed, color=COLORS[0], label="smoothed")
        if search.suggestion is not None:
            label = f"steepest at {search.suggestion:.1e}"
            axes.axvline(search.suggestion, color=COLORS[1], linestyle=(0, (2, 2)), label=label)
        low, high = min(search.smoothed), max(search.smoothed[0], min(search.smoothed))
        margin = 0.5 * (high - low) or 0.1
        axes.set_ylim(low - margin, high + margin)
        axes.legend(loc="best")


def reliability_plot(
    path: str | os.PathLike[str],
    probabilities: ArrayLike,
    labels: ArrayLike,
    *,
    bins: int = 10,
    title: str = "calibration",
    event: str = "label 1",
) -> None:
    """Plot a reliability diagram, and below it the number of examples of each bin.

    Points on the diagonal are calibrated; error bars are two standard errors of the share. For
    `probabilities`, `labels`, `bins` and errors see `calibration_bins`; `event` names label 1.

    Examples:
        >>> from pathlib import Path
        >>> from pmt_train import reliability_plot
        >>> reliability_plot("calibration.png", [0.1, 0.3, 0.8, 0.9], [0, 0, 1, 1], bins=5)
        >>> Path("calibration.png").exists()
        True
    """
    calibration = calibration_bins(probabilities, labels, bins)
    full = calibration.counts > 0
    n, x, y = calibration.counts[full], calibration.predicted[full], calibration.observed[full]
    # (k + 1) / (n + 2): a standard error above 0 for shares of 0 and 1.
    share = (y * n + 1) / (n + 2)
    spread = 2 * np.sqrt(share * (1 - share) / n)
    with figure_saved_to(path, 4.6, 5.0) as figure:
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=[4, 1])
        above.plot([0, 1], [0, 1], color=QUIET, linewidth=1, linestyle=":")
        above.errorbar(
            x, y, [np.minimum(spread, y), np.minimum(spread, 1 - y)],
            color=COLORS[0], marker="o", markersize=4, elinewidth=1,
        )  # fmt: skip
        above.set(xlim=(0, 1), ylim=(0, 1), ylabel=f"share of {plot_label(event)}")
        above.set_title(plot_label(f"{title}: error {calibration.error:.3f}", 60), loc="left")
        above.grid(True)
        width = 1 / bins
        below.bar((np.arange(bins) + 0.5) * width, calibration.counts, 0.9 * width, color=COLORS[0])
        below.set(xlabel=f"probability of {plot_label(event)}", ylabel="examples")
