"""Picture: what share of the answers given with a probability is so."""

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
    """A reliability diagram, and below it how many examples each of its points stands for.

    On the diagonal a probability means what it says; the bars are two standard errors of the
    share. event: what the probability is of. Arguments and errors as for `calibration_bins`.
    """
    found = calibration_bins(probabilities, labels, bins)
    full = found.counts > 0
    n, x, y = found.counts[full], found.predicted[full], found.observed[full]
    # (k + 1) / (n + 2) does not call a share of 0 or 1 certain.
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
        above.set_title(plot_label(f"{title}: error {found.error:.3f}", 60), loc="left")
        above.grid(True)
        width = 1 / bins
        below.bar((np.arange(bins) + 0.5) * width, found.counts, 0.9 * width, color=COLORS[0])
        below.set(xlabel=f"probability of {plot_label(event)}", ylabel="examples")
