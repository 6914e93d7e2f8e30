"""Picture: how a training run went, epoch by epoch."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pmt_train.plots.figure import COLORS, QUIET, figure_saved_to, plot_label
from pmt_train.trainer.history import History

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_DEV = "dev_"


def learning_curves(path: str | os.PathLike[str], history: History) -> None:
    """Loss of train and dev, the dev scores, and the learning rate, over the epochs.

    The best epoch is marked. Values that are not finite leave a gap.
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
    shown = [(title, _finite(lines)) for title, lines in panels]
    shown = [(title, lines) for title, lines in shown if lines] or [("loss", {})]
    with figure_saved_to(path, 3.9 * len(shown), 3.2) as figure:
        for axes, (title, lines) in zip(
            figure.subplots(1, len(shown), squeeze=False)[0], shown, strict=True
        ):
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
        axes.text(0.5, 0.5, "no numbers", transform=axes.transAxes, ha="center", color=QUIET)
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


def _finite(lines: Mapping[str, Sequence[float]]) -> dict[str, list[float]]:
    """The lines that have something to draw; what is not finite as nan, which leaves a gap."""
    return {
        name: [value if math.isfinite(value) else math.nan for value in values]
        for name, values in lines.items()
        if any(math.isfinite(value) for value in values)
    }
