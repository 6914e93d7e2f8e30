"""Picture: a share per thing, e.g. the accuracy in every section of a test."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence

from pmt_core import ShapeError
from pmt_train.plots.figure import COLORS, QUIET, figure_saved_to, plot_label


def bar_chart(
    path: str | os.PathLike[str],
    names: Sequence[str],
    shares: Sequence[float],
    notes: Sequence[str] = (),
    title: str = "",
    *,
    last_stands_out: int = 0,
) -> None:
    """A horizontal bar for each of n shares, 0 to 1, the first on top.

    names: of the things. notes: text behind each percentage, e.g. "12 of 40". A share that is nan
    has no bar and says so. last_stands_out: the last so many bars (sums) have another color.
    """
    n = len(names)
    if len(shares) != n or (notes and len(notes) != n):
        raise ShapeError(f"{n} names need {n} shares and notes: {len(shares)}, {len(notes)}")
    with figure_saved_to(path, 7.6, 0.9 + 0.3 * max(n, 1)) as figure:
        axes = figure.subplots()
        values = [share if math.isfinite(share) else 0.0 for share in shares]
        colors = [COLORS[1] if i >= n - last_stands_out else COLORS[0] for i in range(n)]
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
