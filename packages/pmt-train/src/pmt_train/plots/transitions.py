"""Picture: how well tags follow one another."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pmt_core import ShapeError
from pmt_train.plots.figure import INK, QUIET, figure_saved_to, plot_label

_MOST_WITH_TEXT = 24  # tags; numbers in more cells than that cannot be read


def transition_plot(
    path: str | os.PathLike[str],
    transitions: NDArray[Any],
    tags: Sequence[str],
    forbidden: NDArray[np.bool_] | None = None,
    title: str = "scores of transitions",
) -> None:
    """The matrix of a chain: blue where a tag follows well, red where it does badly.

    transitions: (n, n), from the tag of the row to that of the column; one scale of colors for
    both signs. forbidden: (n, n), True = cannot be; these cells are gray and do not count.
    Raises ShapeError where names and matrices do not fit.
    """
    scores = np.asarray(transitions, np.float64)
    n = len(tags)
    barred = np.zeros((n, n), np.bool_) if forbidden is None else forbidden
    if scores.shape != (n, n) or barred.shape != (n, n):
        raise ShapeError(
            f"{n} tags need matrices ({n}, {n}), got {scores.shape} and {barred.shape}"
        )
    most = float(np.abs(scores[~barred]).max(initial=0)) or 1.0
    size = min(max(3.2, 0.42 * n + 1.6), 14)
    with figure_saved_to(path, size + 1.2, size + 0.4) as figure:
        axes = figure.subplots()
        axes.set_facecolor("#e9e8e4")
        shown = axes.imshow(np.ma.masked_array(scores, barred), cmap="RdBu", vmin=-most, vmax=most)
        names = [plot_label(name) for name in tags]
        axes.set_xticks(range(n), names, rotation=90)
        axes.set_yticks(range(n), names)
        axes.set_ylabel("this tag")
        axes.set_xlabel("followed by")
        axes.set_title(plot_label(title, 80), loc="left")
        axes.spines[:].set_visible(False)
        axes.tick_params(length=0)
        for i, j in np.ndindex(n, n) if n <= _MOST_WITH_TEXT else ():
            if barred[i, j]:
                axes.text(j, i, "·", ha="center", va="center", color=QUIET)
                continue
            dark = abs(scores[i, j]) > 0.6 * most
            axes.text(
                j,
                i,
                f"{float(scores[i, j]):z.1f}",  # z: no -0.0
                ha="center",
                va="center",
                color="white" if dark else INK,
                fontsize=6.5,
            )
        bar = figure.colorbar(shown, ax=axes, fraction=0.04, pad=0.02, aspect=30)
        bar.outline.set_visible(False)
