"""Reliability (calibration) diagram."""

from __future__ import annotations

import os

import numpy as np
from numpy.typing import ArrayLike

from pmt_train.metrics.calibration import calibration_bins
from pmt_train.plots.figure import COLORS, QUIET, figure_saved_to, plot_label


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
