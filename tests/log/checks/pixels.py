"""Comparison of two pictures by their pixels.

A picture drawn by another release of matplotlib, or on another processor, differs a little:
letters are smoothed differently, a line moves by a pixel. Pictures are therefore compared by the
mean colors of squares. If both were drawn by the same matplotlib, a changed number in one cell is
found; if not, a picture with other content is.
"""

from __future__ import annotations

import re
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.image import imread

SQUARE = 12  # pixels
SAME = (0.06, 0.0)  # of the same matplotlib: largest difference of a square, and the share above it
OTHER = (0.16, 0.03)


def difference(drawn: Path, stored: Path) -> str:
    """Return how the stored picture differs from the one drawn now; empty if it does not."""
    one, other = _pixels(drawn), _pixels(stored)
    if one.shape != other.shape:
        sizes = [f"{shape[1]} x {shape[0]} pixels" for shape in (one.shape, other.shape)]
        return f"{sizes[0]} are drawn, {sizes[1]} stored"
    squares = np.abs(_squares(one) - _squares(other)).max(axis=-1)
    limit, share = SAME if made_by(stored) == matplotlib.__version__ else OTHER
    different = float(np.mean(squares > limit))
    if different <= share:
        return ""
    row, column = np.unravel_index(int(squares.argmax()), squares.shape)
    where = f"most at x = {column * SQUARE}, y = {row * SQUARE}: {squares.max():.2f}"
    return f"{100 * different:.2f} % of its squares differ, {where}"


def size(path: Path) -> tuple[int, int]:
    """Return width and height in pixels."""
    pixels = _pixels(path)
    return pixels.shape[1], pixels.shape[0]


def made_by(path: Path) -> str:
    """Return the release of matplotlib that wrote a PNG."""
    found = re.search(rb"Matplotlib version([\d.]+)", path.read_bytes()[:400])
    return "" if found is None else found[1].decode()


def _pixels(path: Path) -> np.ndarray:
    pixels = imread(path)[..., :3].astype(np.float64)
    return pixels / 255 if pixels.max(initial=0) > 1 else pixels


def _squares(pixels: np.ndarray) -> np.ndarray:
    """Return the mean colors of all squares; those at the right and lower edge may be smaller."""
    rows, columns = (np.arange(0, length, SQUARE) for length in pixels.shape[:2])
    sums = np.add.reduceat(np.add.reduceat(pixels, rows, axis=0), columns, axis=1)
    heights = np.diff([*rows, pixels.shape[0]])
    widths = np.diff([*columns, pixels.shape[1]])
    return sums / (heights[:, np.newaxis] * widths)[..., np.newaxis]
