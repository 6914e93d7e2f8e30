"""Plots of attention weights."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pmt_core import ShapeError
from pmt_train.plots.figure import QUIET, figure_saved_to, plot_label

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_CELL = 0.18  # inches per token
_SIZE = (2.2, 7.0)  # inches: smallest and largest extent of the longer axis


@dataclass(frozen=True, slots=True, eq=False)
class AttentionMap:
    """Attention weights of one head, or their mean over several heads.

    Attributes:
        title: e.g. "layer 2, head 3".
        queries: tokens of the queries, one per row.
        keys: tokens of the keys, one per column.
        weights: (queries, keys), each row a distribution.
    """

    title: str
    queries: Sequence[str]
    keys: Sequence[str]
    weights: NDArray[Any]


def attention_plot(
    path: str | os.PathLike[str], maps: Sequence[AttentionMap], *, title: str = "", columns: int = 2
) -> None:
    """Plot attention maps in a grid of `columns` columns; larger weights are darker.

    A nan stays empty. Raises ShapeError if weights and tokens do not fit, or there are no maps.
    """
    _check(maps)
    columns = max(min(columns, len(maps)), 1)
    rows = -(-len(maps) // columns)
    sizes = [_sizes(attention) for attention in maps]
    width = columns * (max(w for w, _ in sizes) + 1.1)
    height = rows * (max(h for _, h in sizes) + 1.1) + (0.4 if title else 0)
    with figure_saved_to(path, width, height) as figure:
        if title:
            figure.suptitle(plot_label(title, 90), x=0.01, ha="left", fontweight="bold")
        grid = figure.subplots(rows, columns, squeeze=False).ravel()
        for axes, attention in zip(grid, maps, strict=False):
            _draw(axes, attention)
        for axes in grid[len(maps) :]:
            axes.set_visible(False)


def _draw(axes: Axes, attention: AttentionMap) -> None:
    weights = np.ma.masked_invalid(np.asarray(attention.weights, np.float64))
    largest = float(weights.max()) if weights.count() else 1.0
    axes.imshow(weights, cmap="Blues", vmin=0, vmax=largest or 1.0, interpolation="nearest")
    axes.set_title(plot_label(attention.title, 60), loc="left")
    size = 8 if max(len(attention.queries), len(attention.keys)) <= 40 else 5
    axes.set_xticks(
        range(len(attention.keys)),
        [plot_label(t) for t in attention.keys],
        rotation=90,
        fontsize=size,
    )
    axes.set_yticks(
        range(len(attention.queries)), [plot_label(t) for t in attention.queries], fontsize=size
    )
    axes.tick_params(length=0)
    axes.spines[:].set_visible(True)
    axes.spines[:].set_color(QUIET)
    axes.spines[:].set_linewidth(0.5)


def _sizes(attention: AttentionMap) -> tuple[float, float]:
    """Return width and height of a map in inches; its cells are squares."""
    longer = max(len(attention.keys), len(attention.queries))
    cell = min(max(longer * _CELL, _SIZE[0]), _SIZE[1]) / longer
    return len(attention.keys) * cell, len(attention.queries) * cell


def _check(maps: Sequence[AttentionMap]) -> None:
    if not maps:
        raise ShapeError("expected at least one attention map, got none")
    for attention in maps:
        expected = (len(attention.queries), len(attention.keys))
        if np.shape(attention.weights) != expected or 0 in expected:
            raise ShapeError(
                f"{attention.title}: {expected[0]} queries and {expected[1]} keys need weights "
                f"of shape {expected}, at least (1, 1); got {np.shape(attention.weights)}"
            )
