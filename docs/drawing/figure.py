"""`figure_saved`: a figure in the look of the documents, saved if no texts overlap."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from docs.drawing.colors import GRAY, INK, SERIES
from docs.drawing.text_boxes import text_problems

LOOK = {
    "axes.edgecolor": GRAY,
    "axes.labelcolor": INK,
    "axes.prop_cycle": matplotlib.cycler(color=SERIES),
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 11,
    "axes.titlecolor": INK,
    "figure.dpi": 100,
    "font.family": "DejaVu Sans",  # ships with matplotlib: the same letters everywhere
    "font.size": 10,
    "legend.fontsize": 10,
    "legend.frameon": False,
    "savefig.dpi": 100,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
}


@contextmanager
def figure_saved(path: str | os.PathLike[str], width: float, height: float) -> Iterator[Figure]:
    """Yield a matplotlib figure and save it as a PNG if its texts are legible.

    Width and height are in inches at 100 dots each. The layout is matplotlib's "constrained",
    unless axes are placed by `canvas` or `axes_at`.

    Raises:
        ValueError: two texts overlap, a text leaves the picture, or one is below 9 points.
    """
    with matplotlib.rc_context(LOOK):
        figure = Figure(figsize=(width, height), layout="constrained")
        yield figure
        content = io.BytesIO()
        figure.savefig(content, format="png")
        problems = text_problems(figure)  # a draw before would move axes of a fixed aspect
    if problems:
        raise ValueError(f"{os.fspath(path)}: " + "; ".join(problems))
    Path(path).write_bytes(content.getvalue())


def canvas(figure: Figure) -> Axes:
    """Return axes without frame that fill the figure; one unit is an inch, (0, 0) is lower left.

    Axes that are to lie on the canvas, e.g. of a heat map, are placed by `axes_at`.
    """
    width, height = figure.get_size_inches()
    axes = axes_at(figure, (0, 0), width, height)
    axes.set(xlim=(0, width), ylim=(0, height))
    axes.set_axis_off()
    return axes


def axes_at(figure: Figure, corner: tuple[float, float], width: float, height: float) -> Axes:
    """Return axes at a place on the canvas: lower left corner, width and height in inches."""
    figure.set_layout_engine("none")
    total_width, total_height = figure.get_size_inches()
    left, bottom = corner[0] / total_width, corner[1] / total_height
    return figure.add_axes((left, bottom, width / total_width, height / total_height))
