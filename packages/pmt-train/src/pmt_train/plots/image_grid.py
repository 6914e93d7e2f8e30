"""Picture: small images beside one another."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pmt_core import ShapeError
from pmt_train.plots.figure import QUIET, figure_saved_to, plot_label

_SIDE = 0.86  # inches
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
    """Images row by row, each with a caption above it.

    images: (n, h, w). captions: none, or n. note: said where there are no images.
    signed: the images are weights: blue above zero, red below, white at zero, one scale for all.
    Otherwise they are gray, each from its own darkest to its own lightest.
    Raises ShapeError where captions and images do not fit.
    """
    images = np.asarray(images)
    if images.ndim != 3 or (captions and len(captions) != len(images)):
        raise ShapeError(
            f"a grid wants images (n, h, w) and none or n captions, got {images.shape} and "
            f"{len(captions)}"
        )
    n = len(images)
    columns = max(min(columns, n), 1)
    rows = max(-(-n // columns), 1)
    lines = max((caption.count("\n") + 1 for caption in captions), default=0)
    width = max(columns * _SIDE, 4.2) + (0.9 if signed else 0)
    height = rows * (_SIDE + lines * _CAPTION) + (0.45 if title else 0.1)
    with figure_saved_to(path, width, height) as figure:
        if title:
            figure.suptitle(
                plot_label(title, 110), x=0.01, ha="left", fontweight="bold", fontsize=10.5
            )
        grid = figure.subplots(rows, columns, squeeze=False)
        scale: Any = {"cmap": "gray"}
        if signed:
            most = float(np.abs(images).max(initial=0)) or 1.0
            scale = {"cmap": "RdBu", "vmin": -most, "vmax": most}
        shown = None
        for i, axes in enumerate(grid.ravel()):
            axes.set_axis_off()
            if i < n:
                shown = axes.imshow(images[i], interpolation="nearest", **scale)
            if i < len(captions):
                axes.set_title(captions[i], fontsize=8, fontweight="normal", pad=3)
        if not n:
            grid[0, 0].text(0.5, 0.5, note or "none", ha="center", va="center", color=QUIET)
        if signed and shown is not None:
            bar = figure.colorbar(shown, ax=grid, fraction=0.04, pad=0.02, aspect=30)
            bar.outline.set_visible(False)
            bar.set_ticks([-scale["vmax"], 0, scale["vmax"]])
            bar.set_ticklabels([_number(-scale["vmax"]), "0", _number(scale["vmax"])])


def _number(value: float) -> str:
    digits = max(0, 1 - math.floor(math.log10(abs(value)))) if value else 0
    return f"{value:.{min(digits, 6)}f}"
