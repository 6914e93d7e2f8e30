"""Picture: which token looks at which."""

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
_SIDE = (2.2, 7.0)  # inches: smallest and largest longer side of a map


@dataclass(frozen=True, slots=True, eq=False)
class AttentionMap:
    """Attention weights of one head, or a mean of several.

    Attributes:
        title: e.g. "layer 2, head 3".
        queries: tokens that look, one per row. keys: tokens looked at, one per column.
        weights: (queries, keys), each row a distribution.
    """

    title: str
    queries: Sequence[str]
    keys: Sequence[str]
    weights: NDArray[Any]


def attention_plot(
    path: str | os.PathLike[str],
    maps: Sequence[AttentionMap],
    *,
    title: str = "",
    columns: int = 2,
) -> None:
    """Attention maps beside each other. Dark: looked at; nan stays empty.

    columns: maps in a row, e.g. the number of heads that are shown of one pair.
    Raises ShapeError where weights and tokens do not fit, or there are no maps.
    """
    _check(maps)
    columns = max(min(columns, len(maps)), 1)
    rows = -(-len(maps) // columns)
    sides = [_sides(one) for one in maps]
    width = columns * (max(w for w, _ in sides) + 1.1)
    height = rows * (max(h for _, h in sides) + 1.1) + (0.4 if title else 0)
    with figure_saved_to(path, width, height) as figure:
        if title:
            figure.suptitle(plot_label(title, 90), x=0.01, ha="left", fontweight="bold")
        grid = figure.subplots(rows, columns, squeeze=False).ravel()
        for axes, one in zip(grid, maps, strict=False):
            _draw(axes, one)
        for axes in grid[len(maps) :]:
            axes.set_visible(False)


def _draw(axes: Axes, one: AttentionMap) -> None:
    weights = np.ma.masked_invalid(np.asarray(one.weights, np.float64))
    highest = float(weights.max()) if weights.count() else 1.0
    axes.imshow(weights, cmap="Blues", vmin=0, vmax=highest or 1.0, interpolation="nearest")
    axes.set_title(plot_label(one.title, 60), loc="left")
    size = 8 if max(len(one.queries), len(one.keys)) <= 40 else 5
    axes.set_xticks(
        range(len(one.keys)), [plot_label(t) for t in one.keys], rotation=90, fontsize=size
    )
    axes.set_yticks(range(len(one.queries)), [plot_label(t) for t in one.queries], fontsize=size)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(True)
    axes.spines[:].set_color(QUIET)
    axes.spines[:].set_linewidth(0.5)


def _sides(one: AttentionMap) -> tuple[float, float]:
    """Width and height of a map in inches; its cells are squares."""
    longer = max(len(one.keys), len(one.queries))
    cell = min(max(longer * _CELL, _SIDE[0]), _SIDE[1]) / longer
    return len(one.keys) * cell, len(one.queries) * cell


def _check(maps: Sequence[AttentionMap]) -> None:
    if not maps:
        raise ShapeError("an attention picture needs at least one map")
    for one in maps:
        expected = (len(one.queries), len(one.keys))
        if np.shape(one.weights) != expected or 0 in expected:
            raise ShapeError(
                f"{one.title}: {expected[0]} queries and {expected[1]} keys need weights of shape "
                f"{expected}, at least (1, 1); got {np.shape(one.weights)}"
            )
