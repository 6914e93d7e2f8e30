"""Colors of the pictures, the color of a slope, and the text of a number."""

from __future__ import annotations

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import to_rgb

INK = "#33363d"  # text and lines
GRAY = "#8a8e98"  # axes, what is in the background
LIGHT = "#eef0f4"  # neutral cells and boxes
WHITE = "#ffffff"
BLUE = "#2d5fa8"  # forward; first of a series
RED = "#c8553d"  # backward; second of a series
GREEN = "#4b8f5a"
YELLOW = "#d9a32b"
PURPLE = "#7d5ba6"
LIGHT_BLUE = "#dbe5f3"
LIGHT_RED = "#f6dfd9"
LIGHT_GREEN = "#dcecdf"
LIGHT_YELLOW = "#f8ebc9"
LIGHT_PURPLE = "#e8dff1"
SERIES = (BLUE, RED, GREEN, YELLOW, PURPLE, GRAY)

SLOPES = "RdBu"  # negative is red, 0 is white, positive is blue
SHARES = "Blues"  # 0 is white, 1 is dark blue


def slope_color(value: float, scale: float = 1.0) -> str:
    """Return the color of a slope as "#rrggbb": red if negative, white at 0, blue if positive."""
    if not np.isfinite(value) or scale <= 0:
        return LIGHT
    share = 0.5 + 0.5 * float(np.clip(value / scale, -1.0, 1.0)) * 0.8  # the ends are too dark
    red, green, blue, _ = colormaps[SLOPES](share)
    return f"#{round(255 * red):02x}{round(255 * green):02x}{round(255 * blue):02x}"


def text_color(background: str | tuple[float, ...]) -> str:
    """Return the color of text that is legible on a background: ink or white."""
    red, green, blue = to_rgb(background)
    return INK if 0.299 * red + 0.587 * green + 0.114 * blue > 0.5 else WHITE


def number_text(value: float, form: str) -> str:
    """Return a number with the minus sign of mathematics, and none before zeros."""
    text = form.format(value)
    if text.startswith("-") and not text.strip("-0.,"):
        text = text[1:]
    return text.replace("-", "\u2212")
