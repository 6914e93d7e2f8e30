"""A picture of the search for a learning rate."""

from __future__ import annotations

import os

from pmt_train.plots.figure import COLORS, QUIET, figure_saved_to
from pmt_train.trainer.lr_finder import LearningRateSearch


def learning_rate_plot(path: str | os.PathLike[str], search: LearningRateSearch) -> None:
    """Loss over the learning rate (logarithmic), smoothed and not, and the suggestion."""
    with figure_saved_to(path, 5.2, 3.4) as figure:
        axes = figure.subplots()
        axes.set_title("loss by learning rate", loc="left")
        axes.set_xlabel("learning rate")
        axes.grid(axis="y")
        if not search.rates:
            axes.text(0.5, 0.5, "no numbers", transform=axes.transAxes, ha="center", color=QUIET)
            return
        axes.set_xscale("log")
        axes.plot(search.rates, search.losses, color=QUIET, linewidth=1, alpha=0.6, label="loss")
        axes.plot(search.rates, search.smoothed, color=COLORS[0], label="smoothed")
        if search.suggestion is not None:
            axes.axvline(
                search.suggestion,
                color=COLORS[1],
                linestyle=(0, (2, 2)),
                label=f"falls fastest at {search.suggestion:.1e}",
            )
        low, high = min(search.smoothed), max(search.smoothed[0], min(search.smoothed))
        room = 0.5 * (high - low) or 0.1
        axes.set_ylim(low - room, high + room)
        axes.legend(loc="best")
