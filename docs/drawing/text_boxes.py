"""Checks of the text of a picture: no two overlap, none leaves the picture, none is too small."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

SMALLEST = 9.0  # points
# Pixels by which boxes may overlap, or leave the page: they include the space of accents, and
# releases of matplotlib measure formulas differently.
TOUCH = 1.5
BEYOND = 3.0


def visible_texts(figure: Figure) -> list[Text]:
    """Return all texts that are drawn, tick labels, titles and legends included."""
    return [text for text in _texts(figure) if text.get_text().strip()]


def _texts(artist: Artist) -> Iterator[Text]:
    if not artist.get_visible():
        return
    if isinstance(artist, Text):
        yield artist
    if isinstance(artist, Axis):
        yield from _axis_texts(artist)
        return
    hidden = isinstance(artist, Axes) and not artist.axison
    for child in artist.get_children():
        if not (hidden and isinstance(child, Axis)):
            yield from _texts(child)


def _axis_texts(axis: Axis) -> Iterator[Text]:
    """Yield the label, the exponent and the labels of those ticks that lie on the axis."""
    low, high = sorted(axis.get_view_interval())
    margin = 1e-9 * (high - low)
    for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks()):
        if low - margin <= tick.get_loc() <= high + margin and tick.get_visible():
            yield from (label for label in (tick.label1, tick.label2) if label.get_visible())
    yield from (text for text in (axis.label, axis.offsetText) if text.get_visible())


def text_problems(figure: Figure) -> list[str]:
    """Return what is wrong with the texts of a figure that was drawn; an empty list if nothing."""
    renderer = FigureCanvasAgg(figure).get_renderer()
    page = figure.bbox
    boxes = [(text, text.get_window_extent(renderer)) for text in visible_texts(figure)]
    problems = []
    for text, box in boxes:
        name = text.get_text()
        if text.get_fontsize() < SMALLEST:
            problems.append(f"{name!r} has {text.get_fontsize():g} points, less than {SMALLEST:g}")
        if not _is_within(box, page):
            problems.append(f"{name!r} leaves the picture")
    for (one, box), (other, second) in combinations(boxes, 2):
        if _overlap(box, second):
            problems.append(f"{one.get_text()!r} and {other.get_text()!r} overlap")
    return problems


def _overlap(one: Bbox, other: Bbox) -> bool:
    width = min(one.x1, other.x1) - max(one.x0, other.x0)
    height = min(one.y1, other.y1) - max(one.y0, other.y0)
    return width > TOUCH and height > TOUCH


def _is_within(box: Bbox, page: Bbox) -> bool:
    low = box.x0 >= page.x0 - BEYOND and box.y0 >= page.y0 - BEYOND
    return low and box.x1 <= page.x1 + BEYOND and box.y1 <= page.y1 + BEYOND
