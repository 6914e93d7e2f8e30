"""Plot of named vectors in the plane, with arrows between them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pmt_core import ShapeError
from pmt_train.plots.figure import COLORS, INK, QUIET, figure_saved_to, plot_label

_LETTER, _LINE = 0.014, 0.032  # size of a letter relative to the extent of the points


def vector_plot(
    path: str | os.PathLike[str],
    points: NDArray[Any],
    names: Sequence[str],
    arrows: Sequence[tuple[int, int]] = (),
    title: str = "",
    *,
    equal: bool = False,
) -> None:
    """Plot points (n, 2) with their names, e.g. words by their two principal components.

    `arrows` are (start, end) indices of points, e.g. from each capital to its country; starts and
    ends have different colors. If `equal`, both axes have one scale. Raises ShapeError if points
    and names do not fit.

    Examples:
        >>> from pathlib import Path
        >>> import numpy as np
        >>> from pmt_train import vector_plot
        >>> points = np.array([[0.0, 0.0], [1.0, 0.2], [0.1, 1.0], [1.1, 1.2]])
        >>> names = ["Oslo", "Norway", "Rome", "Italy"]
        >>> vector_plot("vectors.png", points, names, arrows=[(0, 1), (2, 3)])
        >>> Path("vectors.png").exists()
        True
    """
    if points.shape != (len(names), 2):
        raise ShapeError(f"{len(names)} names need points ({len(names)}, 2), got {points.shape}")
    reached = {end for _, end in arrows}
    colors = [COLORS[1] if i in reached else COLORS[0] for i in range(len(names))]
    with figure_saved_to(path, 8.0, 6.4) as figure:
        axes = figure.subplots()
        axes.axhline(0, color=QUIET, linewidth=0.4, zorder=0)
        axes.axvline(0, color=QUIET, linewidth=0.4, zorder=0)
        look = {"arrowstyle": "->", "color": QUIET, "shrinkA": 4, "shrinkB": 4}
        for start, end in arrows:
            axes.annotate("", tuple(points[end]), tuple(points[start]), arrowprops=look)
        axes.scatter(points[:, 0], points[:, 1], s=22, c=colors, zorder=2)
        right_of = _to_the_right(points, arrows)
        heights = _heights(points, names, right_of)
        for (x, _), y, name, right in zip(points, heights, names, right_of, strict=True):
            axes.annotate(
                plot_label(name),
                xy=(x, y),
                xytext=(5 if right else -5, 2),
                textcoords="offset points",
                ha="left" if right else "right",
                color=INK,
                fontsize=9,
            )
        axes.margins(0.12)
        if equal:
            axes.set_aspect("equal", adjustable="datalim")
        if title:
            axes.set_title(plot_label(title, 90), loc="left")


def _to_the_right(points: NDArray[Any], arrows: Sequence[tuple[int, int]]) -> list[bool]:
    """Return whether the name of each point is on its right: away from its arrow."""
    right = np.ones(len(points), np.bool_)
    for start, end in arrows:
        right[start] = points[start, 0] > points[end, 0]
        right[end] = not right[start]
    return [bool(value) for value in right]


def _heights(points: NDArray[Any], names: Sequence[str], right_of: Sequence[bool]) -> list[float]:
    """Return the heights of the names (n,): those of their points, moved if names overlap."""
    width, line = np.maximum(np.ptp(points, axis=0), 1e-9) * (_LETTER, _LINE)
    lengths = np.array([width * (len(plot_label(name)) + 2) for name in names])
    left = points[:, 0] - np.where(right_of, 0.0, lengths)
    heights = [float(y) for y in points[:, 1]]
    order = np.argsort(points[:, 1], kind="stable").tolist()
    for number, i in enumerate(order):
        for j in sorted(order[:number], key=heights.__getitem__):
            apart = left[i] + lengths[i] <= left[j] or left[j] + lengths[j] <= left[i]
            if not apart and abs(heights[i] - heights[j]) < line:
                heights[i] = heights[j] + float(line)
    return heights
