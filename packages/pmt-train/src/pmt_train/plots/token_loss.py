"""Plot of the loss of each token of a text."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pmt_core import ShapeError
from pmt_train.plots.figure import INK, QUIET, figure_saved_to, plot_label

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLUMNS = 64
_MAX_BITS = 8.0  # the darkest color


def token_loss_plot(
    path: str | os.PathLike[str],
    tokens: Sequence[str],
    bits: Sequence[float],
    title: str = "",
    *,
    columns: int = _COLUMNS,
) -> None:
    """Plot a text as cells, each token colored by its loss in bits, -log2 p.

    A line has `columns` characters; a line feed ends it. Raises ShapeError if the numbers of
    tokens and bits differ.

    Examples:
        >>> from pathlib import Path
        >>> from pmt_train import token_loss_plot
        >>> token_loss_plot("losses.png", ["The", " cat", " sat"], [4.1, 7.5, 2.0])
        >>> Path("losses.png").exists()
        True
    """
    if len(tokens) != len(bits):
        raise ShapeError(f"{len(tokens)} tokens need as many losses in bits, got {len(bits)}")
    cells = _layout(tokens, bits, columns)
    lines = max((line for line, *_ in cells), default=0) + 1
    with figure_saved_to(path, 0.15 * columns + 1.0, 0.27 * lines + 0.9) as figure:
        axes = figure.subplots()
        axes.set_title(plot_label(title, 200), loc="left")
        _draw(axes, cells)
        axes.set_xlim(0, columns)
        axes.set_ylim(lines, 0)
        axes.set_axis_off()
        _scale(axes)


def _layout(
    tokens: Sequence[str], bits: Sequence[float], columns: int
) -> list[tuple[int, int, str, float]]:
    """Return (line, column, text, bits) of each cell."""
    cells, line, column = [], 0, 0
    for token, amount in zip(tokens, bits, strict=True):
        width = min(max(len(token), 1), columns)
        if column + width > columns:
            line, column = line + 1, 0
        cells.append((line, column, token[:columns], float(amount)))
        column += width
        if token.endswith("\n"):
            line, column = line + 1, 0
    return cells


def _draw(axes: Axes, cells: Sequence[tuple[int, int, str, float]]) -> None:
    from matplotlib import colormaps
    from matplotlib.patches import Rectangle

    colors = colormaps["YlOrRd"]
    for line, column, text, amount in cells:
        share = min(max(amount / _MAX_BITS, 0.0), 1.0) if math.isfinite(amount) else 1.0
        width = max(len(text), 1)
        cell = Rectangle((column, line), width, 1, facecolor=colors(share), edgecolor="white")
        axes.add_patch(cell)
        color = "white" if share > 0.65 else QUIET if text.isspace() else INK
        label = "" if text == " " else plot_label(text, len(text))
        x, y, font = column + width / 2, line + 0.55, "DejaVu Sans Mono"
        axes.text(x, y, label, ha="center", va="center", color=color, family=font, fontsize=9)


def _scale(axes: Axes) -> None:
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    mappable = ScalarMappable(Normalize(0, _MAX_BITS), "YlOrRd")
    bar = axes.figure.colorbar(mappable, ax=axes, fraction=0.02, pad=0.01)
    bar.set_label("loss in bits")
