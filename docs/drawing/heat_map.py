"""`heat_map`: a matrix, e.g. a Jacobian, with names of its rows and columns and its numbers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.image import AxesImage

from docs.drawing.colors import SLOPES, number_text, text_color

MOST_NUMBERS = 150  # cells; with more, only colors are shown


def heat_map(
    axes: Axes,
    matrix: np.ndarray,
    rows: Sequence[str] = (),
    columns: Sequence[str] = (),
    *,
    title: str = "",
    xlabel: str = "",
    ylabel: str = "",
    scale: float | None = None,
    low: float | None = None,
    colors: str = SLOPES,
    form: str | None = "{:.2f}",
    zeros: bool = True,
    fontsize: float = 9,
    aspect: str = "auto",
) -> AxesImage:
    """Draw a matrix (n, m) as a heat map: red below 0, white at 0, blue above; return the image.

    Args:
        rows: names of the rows, n of them; columns: names of the columns, m of them.
        scale: the number with the full color; the largest of the matrix if None.
        low: the number with the first color; -scale if None (0 for `SHARES`).
        colors: a color map of matplotlib.
        form: of the numbers in the cells; None for none. They are left out if there are over 150.
        zeros: whether exact zeros are written.
    """
    matrix = np.asarray(matrix, dtype=float)
    n, m = matrix.shape
    top = float(np.max(np.abs(matrix), initial=0.0)) or 1.0 if scale is None else scale
    bottom = -top if low is None else low
    stretch = 1.2  # the ends of the map are too dark for numbers
    image = axes.imshow(
        matrix, cmap=colors, vmin=stretch * bottom, vmax=stretch * top, aspect=aspect
    )
    for side in axes.spines.values():
        side.set_visible(True)
    axes.set_xticks(range(m) if len(columns) else [], columns if len(columns) else None)
    axes.set_yticks(range(n) if len(rows) else [], rows if len(rows) else None)
    axes.tick_params(length=0, labelsize=max(fontsize, 9))
    axes.set(title=title, xlabel=xlabel, ylabel=ylabel)
    if form is not None and n * m <= MOST_NUMBERS:
        shades = colormaps[colors](image.norm(matrix))
        for i, j in np.ndindex(n, m):
            if zeros or matrix[i, j] != 0:
                text = number_text(matrix[i, j], form)
                color = text_color(tuple(shades[i, j]))
                axes.text(j, i, text, ha="center", va="center", fontsize=fontsize, color=color)
    return image
