"""Grid of small images."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pmt_core import ShapeError
from pmt_train.plots.figure import QUIET, figure_saved_to, plot_label

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_IMAGE = 0.86  # inches
_CAPTION = 0.19  # inches per line


def image_grid(
    path: str | os.PathLike[str],
    images: NDArray[Any],
    captions: Sequence[str] = (),
    *,
    title: str = "",
    note: str = "",
    columns: int = 10,
    signed: bool = False,
) -> None:
    """Plot images (n, h, w) row by row, each with a caption above it; `note` if there are none.

    If `signed`, images show weights: blue above zero, red below, white at zero, on one scale.
    Otherwise each image is gray, scaled to its own range. Raises ShapeError if captions and
    images do not fit.

    Examples:
        >>> from pathlib import Path
        >>> import numpy as np
        >>> from pmt_train import image_grid
        >>> images = np.random.default_rng(0).random((4, 8, 8))
        >>> image_grid("digits.png", images, ["0", "1", "2", "3"], columns=2)
        >>> Path("digits.png").exists()
        True
    """
    images = np.asarray(images)
    n = len(images)
    if images.ndim != 3 or (captions and len(captions) != n):
        raise ShapeError(
            f"expected images (n, h, w) and none or n captions, got {images.shape} and "
            f"{len(captions)} captions"
        )
    columns = max(min(columns, n), 1)
    rows = max(-(-n // columns), 1)
    lines = max((caption.count("\n") + 1 for caption in captions), default=0)
    width = max(columns * _IMAGE, 4.2) + (0.9 if signed else 0)
    height = rows * (_IMAGE + lines * _CAPTION) + (0.45 if title else 0.1)
    with figure_saved_to(path, width, height) as figure:
        if title:
            label = plot_label(title, 110)
            figure.suptitle(label, x=0.01, ha="left", fontweight="bold", fontsize=10.5)
        grid = figure.subplots(rows, columns, squeeze=False)
        for axes in grid.ravel():
            axes.set_axis_off()
        for axes, caption in zip(grid.ravel(), captions, strict=False):
            axes.set_title(caption, fontsize=8, fontweight="normal", pad=3)
        if not n:
            grid[0, 0].text(0.5, 0.5, note or "none", ha="center", va="center", color=QUIET)
        elif signed:
            _draw_signed(figure, grid, images)
        else:
            for axes, image in zip(grid.ravel(), images, strict=False):
                axes.imshow(image, interpolation="nearest", cmap="gray")


def _draw_signed(figure: Figure, grid: NDArray[Any], images: NDArray[Any]) -> None:
    """Draw images on one scale with zero at its center, and a color bar."""
    limit = float(np.abs(images).max(initial=0)) or 1.0
    for axes, image in zip(grid.ravel(), images, strict=False):
        drawn = axes.imshow(image, interpolation="nearest", cmap="RdBu", vmin=-limit, vmax=limit)
    bar = figure.colorbar(drawn, ax=grid, fraction=0.04, pad=0.02, aspect=30)
    bar.outline.set_visible(False)
    bar.set_ticks([-limit, 0, limit])
    bar.set_ticklabels([_number(-limit), "0", _number(limit)])


def _number(value: float) -> str:
    digits = max(0, 1 - math.floor(math.log10(abs(value)))) if value else 0
    return f"{value:.{min(digits, 6)}f}"
