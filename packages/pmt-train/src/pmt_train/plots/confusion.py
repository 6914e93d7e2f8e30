"""Picture: a confusion matrix."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pmt_core import ShapeError
from pmt_train.plots.figure import INK, figure_saved_to, plot_label

_MOST_WITH_TEXT = 20  # classes; more cells than that are too small to write into


def confusion_plot(
    path: str | os.PathLike[str],
    matrix: NDArray[Any],
    classes: Sequence[str],
    title: str = "confusion matrix",
) -> None:
    """Counts and shares of each true class (row) by predicted class (column).

    matrix: (classes, classes) counts, as `confusion_matrix` gives them. Colors are shares of
    the row. Raises ShapeError where the names do not fit.
    """
    counts = np.asarray(matrix)
    n = len(classes)
    if counts.shape != (n, n):
        raise ShapeError(f"{n} classes need a matrix of shape ({n}, {n}), got {counts.shape}")
    totals = counts.sum(axis=1, keepdims=True)
    shares = counts / np.maximum(totals, 1)
    size = min(max(2.6, 0.55 * n + 1.6), 14)
    with figure_saved_to(path, size + 1.2, size + 0.4) as figure:
        axes = figure.subplots()
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        axes.set_title(plot_label(title, 60), loc="left")
        names = [plot_label(name) for name in classes]
        axes.set_xticks(range(n), names, rotation=0 if _fit_side_by_side(names) else 90)
        axes.set_yticks(range(n), names)
        axes.set_xlabel("predicted")
        axes.set_ylabel("true")
        axes.spines[:].set_visible(False)
        axes.tick_params(length=0)
        for i, j in np.ndindex(n, n) if n <= _MOST_WITH_TEXT else ():
            axes.text(
                j,
                i,
                f"{counts[i, j]:,}\n{shares[i, j]:.0%}" if n <= 8 else f"{counts[i, j]}",
                ha="center",
                va="center",
                color="white" if shares[i, j] > 0.55 else INK,
                fontsize=9 if n <= 8 else 8 if n <= 12 else 6,
            )


def _fit_side_by_side(names: Sequence[str]) -> bool:
    """Whether the names of the columns can be written from left to right."""
    return len(names) <= 6 or max(map(len, names)) <= 3
