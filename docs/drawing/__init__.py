"""The style of the pictures: figures whose texts do not overlap, tables, heat maps, arrows, boxes.

from docs.drawing import axes_at, canvas, figure_saved, heat_map, table

with figure_saved(folder / "dense.png", 10, 5) as figure:
    axes = canvas(figure)                                  # one unit is an inch
    x = table(axes, values, (0.5, 4), slopes=gradient, title="x  (2, 3)")
    y = box(axes, (6, 4), "dense")
    arrow(axes, x.right, y.left, "(2, 3)")
"""

from docs.drawing.colors import (
    BLUE,
    GRAY,
    GREEN,
    INK,
    LIGHT,
    LIGHT_BLUE,
    LIGHT_GREEN,
    LIGHT_PURPLE,
    LIGHT_RED,
    LIGHT_YELLOW,
    PURPLE,
    RED,
    SERIES,
    SHARES,
    SLOPES,
    WHITE,
    YELLOW,
    slope_color,
    text_color,
)
from docs.drawing.figure import axes_at, canvas, figure_saved
from docs.drawing.heat_map import heat_map
from docs.drawing.shapes import Frame, arrow, box, label, table
from docs.drawing.text_boxes import text_problems, visible_texts

__all__ = [
    "BLUE",
    "GRAY",
    "GREEN",
    "INK",
    "LIGHT",
    "LIGHT_BLUE",
    "LIGHT_GREEN",
    "LIGHT_PURPLE",
    "LIGHT_RED",
    "LIGHT_YELLOW",
    "PURPLE",
    "RED",
    "SERIES",
    "SHARES",
    "SLOPES",
    "WHITE",
    "YELLOW",
    "Frame",
    "arrow",
    "axes_at",
    "box",
    "canvas",
    "figure_saved",
    "heat_map",
    "label",
    "slope_color",
    "table",
    "text_color",
    "text_problems",
    "visible_texts",
]
