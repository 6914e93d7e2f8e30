"""Heat maps: confusion matrices and CRF transition scores."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pmt_core import ShapeError
from pmt_train.plots.figure import INK, QUIET, figure_saved_to, plot_label

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MAX_CLASSES, _MAX_TAGS = 20, 24  # larger matrices get no numbers in their cells


def confusion_plot(
    path: str | os.PathLike[str],
    matrix: NDArray[Any],
    classes: Sequence[str],
    title: str = "confusion matrix",
) -> None:
    """Plot the counts of a `confusion_matrix` (classes, classes), with shares of rows as colors.

    Raises ShapeError if the names of the classes do not fit.
    """
    counts = np.asarray(matrix)
    n = len(classes)
    if counts.shape != (n, n):
        raise ShapeError(f"{n} classes need a matrix of shape ({n}, {n}), got {counts.shape}")
    totals = counts.sum(axis=1, keepdims=True)
    shares = counts / np.maximum(totals, 1)
    size = min(max(2.6, 0.55 * n + 1.6), 14)
    fontsize = 9 if n <= 8 else 8 if n <= 12 else 6
    with figure_saved_to(path, size + 1.2, size + 0.4) as figure:
        axes = figure.subplots()
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        fits = n <= 6 or max(map(len, classes)) <= 3  # labels side by side
        _label(axes, classes, title, rotation=0 if fits else 90)
        axes.set(xlabel="predicted", ylabel="true")
        for i, j in np.ndindex(n, n) if n <= _MAX_CLASSES else ():
            text = f"{counts[i, j]:,}\n{shares[i, j]:.0%}" if n <= 8 else f"{counts[i, j]}"
            _write(axes, (i, j), text, "white" if shares[i, j] > 0.55 else INK, fontsize)


def transition_plot(
    path: str | os.PathLike[str],
    transitions: NDArray[Any],
    tags: Sequence[str],
    forbidden: NDArray[np.bool_] | None = None,
    title: str = "scores of transitions",
) -> None:
    """Plot the transition scores of a CRF: blue for high scores, red for low ones.

    `transitions` (n, n) lead from the tag of the row to the tag of the column. `forbidden`
    (n, n) is True for impossible ones, which are gray and do not affect the color scale. Raises
    ShapeError if names and matrices do not fit.
    """
    scores = np.asarray(transitions, np.float64)
    n = len(tags)
    excluded = np.zeros((n, n), np.bool_) if forbidden is None else forbidden
    if scores.shape != (n, n) or excluded.shape != (n, n):
        raise ShapeError(
            f"{n} tags need matrices ({n}, {n}), got {scores.shape} and {excluded.shape}"
        )
    limit = float(np.abs(scores[~excluded]).max(initial=0)) or 1.0
    size = min(max(3.2, 0.42 * n + 1.6), 14)
    with figure_saved_to(path, size + 1.2, size + 0.4) as figure:
        axes = figure.subplots()
        axes.set_facecolor("#e9e8e4")
        masked = np.ma.masked_array(scores, excluded)
        image = axes.imshow(masked, cmap="RdBu", vmin=-limit, vmax=limit)
        _label(axes, tags, title, rotation=90)
        axes.set(xlabel="followed by", ylabel="this tag")
        for i, j in np.ndindex(n, n) if n <= _MAX_TAGS else ():
            if excluded[i, j]:
                _write(axes, (i, j), "·", QUIET, 9.5)
                continue
            is_dark = abs(scores[i, j]) > 0.6 * limit
            # z: no -0.0
            _write(axes, (i, j), f"{float(scores[i, j]):z.1f}", "white" if is_dark else INK, 6.5)
        bar = figure.colorbar(image, ax=axes, fraction=0.04, pad=0.02, aspect=30)
        bar.outline.set_visible(False)


def _label(axes: Axes, names: Sequence[str], title: str, rotation: int) -> None:
    """Write the names of rows and columns, and the title."""
    labels = [plot_label(name) for name in names]
    axes.set_xticks(range(len(labels)), labels, rotation=rotation)
    axes.set_yticks(range(len(labels)), labels)
    axes.set_title(plot_label(title, 80), loc="left")
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)


def _write(axes: Axes, cell: tuple[int, int], text: str, color: str, fontsize: float) -> None:
    row, column = cell
    axes.text(column, row, text, ha="center", va="center", color=color, fontsize=fontsize)
