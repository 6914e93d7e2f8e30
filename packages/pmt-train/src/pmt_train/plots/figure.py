"""Figures in one style saved as PNG, and text that they can show."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from pmt_core import atomic_file

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLORS = ("#2d5fa8", "#c8553d", "#3f8f5f", "#8a5fb0", "#b8862b", "#4a9aa8", "#a8487a", "#6a6e78")
"""Distinct for most kinds of color vision, and in print."""

INK = "#33363d"
QUIET = "#8a8e98"

_LOOK: dict[Any, Any] = {
    "font.family": ["DejaVu Sans"],  # comes with matplotlib: the same figure on every machine
    "font.size": 9.5,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": QUIET,
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": False,
    "xtick.color": INK,
    "ytick.color": INK,
    "grid.color": "#e4e3df",
    "legend.frameon": False,
    "lines.linewidth": 1.8,
    "savefig.dpi": 130,
}


@contextmanager
def figure_saved_to(path: str | os.PathLike[str], width: float, height: float) -> Iterator[Figure]:
    """Yield a matplotlib figure and save it as a PNG if the block raises no error.

    The file is written atomically; width and height are in inches. No display is needed and no
    global state of matplotlib is changed (no pyplot). matplotlib is imported here, not before.

    Examples:
        >>> from pathlib import Path
        >>> from pmt_train import figure_saved_to
        >>> with figure_saved_to("loss.png", width=4, height=3) as figure:
        ...     axes = figure.subplots()
        ...     lines = axes.plot([1, 2, 3], [0.9, 0.5, 0.4])
        >>> Path("loss.png").exists()
        True
    """
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context(_LOOK):
        figure = Figure(figsize=(width, height), layout="constrained")
        yield figure
        content = io.BytesIO()
        figure.savefig(content, format="png")
    with atomic_file(path) as file:
        file.write(content.getvalue())


_NO_GLYPH = "\N{REPLACEMENT CHARACTER}"
_VISIBLE = {" ": "\N{OPEN BOX}", "\n": "\N{DOWNWARDS ARROW WITH CORNER LEFTWARDS}", "\t": "→"}


def plot_label(text: str, max_length: int = 18) -> str:
    """Return `text` as a label that matplotlib shows literally.

    It is cut to `max_length` characters, "$" is escaped, blanks at its ends are visible, and a
    replacement character is used for characters that the font does not have.

    Examples:
        >>> from pmt_train import plot_label
        >>> plot_label("a very long name of a class")
        'a very long name …'
        >>> plot_label("two  blanks", max_length=40)
        'two  blanks'
    """
    if len(text) > max_length:
        text = text[: max_length - 1] + "…"
    inner = text.strip(" ")
    start = text.index(inner) if inner else 0
    known = _characters()
    visible = [
        _VISIBLE[c] if c in _VISIBLE and (c != " " or not start <= i < start + len(inner)) else c
        for i, c in enumerate(text)
    ]
    drawn = "".join(c if ord(c) in known and c.isprintable() else _NO_GLYPH for c in visible)
    return drawn.replace("$", r"\$")


@lru_cache(maxsize=1)
def _characters() -> frozenset[int]:
    """Return the code points that the font of the figures has."""
    from matplotlib import font_manager, ft2font

    font = ft2font.FT2Font(font_manager.findfont("DejaVu Sans"))
    return frozenset(font.get_charmap())
