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
ROUNDED = 2  # pixels by which releases round the size of a picture differently
# Largest difference of a square, and the share of squares that may differ more. Measured between
# matplotlib 3.8.4 and 3.11.2: at most 2.3 % of the squares of a picture differ by more than 0.16.
SAME = (0.06, 0.0)
OTHER = (0.16, 0.03)

# Pictures that show rounding errors or what a training found: they differ between processors, too.
NUMERICAL = frozenset({"00_slopes.png", "12_learned.png", "15_reversal.png"})


def difference(drawn: Path, stored: Path) -> str:
    """Return how the stored picture differs from the one drawn now; empty if it does not."""
    one, other = _pixels(drawn), _pixels(stored)
    shapes = np.array([one.shape[:2], other.shape[:2]])
    if np.abs(shapes[0] - shapes[1]).max() > ROUNDED:
        return f"{one.shape[:2]} pixels are drawn, {other.shape[:2]} stored"
    height, width = shapes.min(axis=0)
    parts = [_squares(pixels[:height, :width]) for pixels in (one, other)]
    squares = np.abs(parts[0] - parts[1]).max(axis=-1)
    is_same = made_by(stored) == matplotlib.__version__ and stored.name not in NUMERICAL
    limit, share = SAME if is_same else OTHER
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
