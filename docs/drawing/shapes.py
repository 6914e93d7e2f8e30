"""Parts of a drawing on a canvas: rectangles, boxes, tables of numbers, arrows with shapes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Rectangle

from docs.drawing.colors import GRAY, INK, LIGHT, WHITE, number_text, slope_color, text_color

Point = tuple[float, float]


@dataclass(frozen=True)
class Frame:
    """A rectangle on a canvas; its sides and corners are where arrows begin and end."""

    x: float
    y: float
    width: float
    height: float

    @property
    def center(self) -> Point:
        return self.x + self.width / 2, self.y + self.height / 2

    @property
    def left(self) -> Point:
        return self.x, self.y + self.height / 2

    @property
    def right(self) -> Point:
        return self.x + self.width, self.y + self.height / 2

    @property
    def top(self) -> Point:
        return self.x + self.width / 2, self.y + self.height

    @property
    def bottom(self) -> Point:
        return self.x + self.width / 2, self.y


def label(axes: Axes, at: Point, text: str, **settings: object) -> None:
    """Write a text, centered at a point unless ha= and va= say otherwise."""
    axes.text(*at, text, **{"ha": "center", "va": "center", "color": INK, **settings})


def box(
    axes: Axes,
    center: Point,
    text: str,
    width: float = 1.6,
    height: float = 0.5,
    color: str = LIGHT,
    **settings: object,
) -> Frame:
    """Draw a rounded box with a text, e.g. a layer of an architecture; return its frame."""
    frame = Frame(center[0] - width / 2, center[1] - height / 2, width, height)
    rounded = FancyBboxPatch(
        (frame.x, frame.y), width, height, "round,pad=0,rounding_size=0.08", fc=color, ec=GRAY
    )
    axes.add_patch(rounded)
    label(axes, center, text, **{"color": text_color(color), **settings})
    return frame


def table(
    axes: Axes,
    values: np.ndarray | Sequence[object],
    at: Point,
    cell: Point = (0.62, 0.36),
    *,
    slopes: np.ndarray | None = None,
    scale: float | None = None,
    colors: Sequence[Sequence[str]] | None = None,
    title: str = "",
    rows: Sequence[str] = (),
    columns: Sequence[str] = (),
    form: str = "{:.2f}",
    fontsize: float = 10,
) -> Frame:
    """Draw a table of numbers or strings and return its frame (cells only).

    Args:
        values: (n, m), or (m,) for one row. Numbers are written by `form`, strings as they are.
        at: upper left corner of the cells.
        cell: width and height of a cell.
        slopes: of the shape of `values`; colors the cells: red below 0, blue above. Pass the
        gradient
            for the table of the forward pass too, so that both have the same colors.
        scale: the slope with the full color; the largest of `slopes` if None. Give both tables one.
        colors: a color for each cell, instead of `slopes`.
        title: above the cells (above the names of columns, if there are any), e.g. "x  (2, 3)".
        rows: names of the rows, to the left.
        columns: names of the columns, above.
    """
    grid = np.atleast_2d(np.asarray(values, dtype=object))
    n, m = grid.shape
    width, height = cell
    shade = None if slopes is None else np.atleast_2d(np.asarray(slopes, dtype=float))
    if shade is not None and scale is None:
        scale = float(np.max(np.abs(shade), initial=0.0)) or 1.0
    for i, j in np.ndindex(n, m):
        x, y = at[0] + j * width, at[1] - (i + 1) * height
        color = WHITE if shade is None else slope_color(shade[i, j], scale or 1.0)
        color = color if colors is None else colors[i][j]
        axes.add_patch(Rectangle((x, y), width, height, fc=color, ec=GRAY, lw=0.8))
        value = grid[i, j]
        text = value if isinstance(value, str) else number_text(value, form)
        if text:
            where = x + width / 2, y + height / 2
            label(axes, where, text, color=text_color(color), fontsize=fontsize)
    for i, name in enumerate(rows):
        where = at[0] - 0.1, at[1] - (i + 0.5) * height
        label(axes, where, name, ha="right", fontsize=fontsize)
    for j, name in enumerate(columns):
        label(axes, (at[0] + (j + 0.5) * width, at[1] + 0.15), name, fontsize=fontsize)
    if title:
        above = at[1] + (0.42 if columns else 0.19)
        label(axes, (at[0] + m * width / 2, above), title, fontsize=11)
    return Frame(at[0], at[1] - n * height, m * width, n * height)


def arrow(
    axes: Axes,
    start: Point,
    end: Point,
    text: str = "",
    color: str = INK,
    *,
    bend: float = 0.0,
    offset: Point | None = None,
    style: str = "-|>",
    dashed: bool = False,
    gap: float = 0.04,
    **settings: object,
) -> None:
    """Draw an arrow from point to point; `text`, e.g. a shape, is written beside its middle.

    Args:
        bend: curvature, 0 is straight; positive bends to the right of the direction.
        offset: of the text from the middle; above a level arrow and right of a steep one if None.
        gap: space left free at both ends, in inches.
        settings: of the text, e.g. fontsize=9.
    """
    line = FancyArrowPatch(
        start,
        end,
        arrowstyle=style,
        mutation_scale=13,
        color=color,
        lw=1.4,
        linestyle="--" if dashed else "-",
        connectionstyle=f"arc3,rad={bend}",
        shrinkA=72 * gap,
        shrinkB=72 * gap,
    )
    axes.add_patch(line)
    if not text:
        return
    across, up = end[0] - start[0], end[1] - start[1]
    middle = (
        (start[0] + end[0]) / 2 + bend * up / 2,
        (start[1] + end[1]) / 2 - bend * across / 2,
    )
    level = abs(across) >= abs(up)
    if offset is None:
        offset = (0.0, 0.15) if level else (0.1, 0.0)
    side = "center" if level or offset[0] == 0 else ("left" if offset[0] > 0 else "right")
    where = middle[0] + offset[0], middle[1] + offset[1]
    label(axes, where, text, **{"color": color, "ha": side, **settings})
