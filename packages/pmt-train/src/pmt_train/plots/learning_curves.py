"""Curves of a training run by epoch, and of the loss by learning rate."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pmt_train.plots.figure import COLORS, QUIET, figure_saved_to, plot_label
from pmt_train.trainer.history import History
from pmt_train.trainer.lr_finder import LearningRateSearch

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_DEV = "dev_"


def learning_curves(path: str | os.PathLike[str], history: History) -> None:
    """Plot train and dev loss, the dev metrics, and the learning rate by epoch.

    A dashed line shows the best epoch. Values that are not finite leave a gap.
    """
    losses = {"train": history.column("train_loss"), "dev": history.column("dev_loss")}
    scores = {
        name.removeprefix(_DEV): history.column(name)
        for name in history.columns
        if name.startswith(_DEV) and name != "dev_loss"
    }
    panels = [
        ("loss", losses),
        ("dev scores", scores),
        ("learning rate", {"lr": history.column("lr")}),
    ]
    finite = [(title, _finite(lines)) for title, lines in panels]
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
    for i, (name, values) in enumerate(lines.items()):
        axes.plot(
            epochs,
            values,
            color=COLORS[i % len(COLORS)],
            marker="o" if len(epochs) <= 30 else None,
            markersize=4,
            label=plot_label(name),
        )
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
    """Plot the loss of a `search_learning_rate` by learning rate (log), and the suggestion."""
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
            axes.axvline(
                search.suggestion,
                color=COLORS[1],
                linestyle=(0, (2, 2)),
                label=f"steepest at {search.suggestion:.1e}",
            )
        low, high = min(search.smoothed), max(search.smoothed[0], min(search.smoothed))
        margin = 0.5 * (high - low) or 0.1
        axes.set_ylim(low - margin, high + margin)
        axes.legend(loc="best")
