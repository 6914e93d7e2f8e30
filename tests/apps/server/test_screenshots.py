"""Screenshots of the views at 1280 and 390 pixels look like the committed ones.

    PMT_REFRESH_SCREENSHOTS=1 hatch run test -n 0 tests/apps/server/test_screenshots.py

takes them anew; look at them before you commit them. Fonts and drivers differ between machines, so
pictures are compared as gray blocks.
"""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
import pytest
from browser import Browser
from matplotlib import image
from numpy.typing import NDArray

pytestmark = pytest.mark.slow

FOLDER = Path(__file__).with_name("screenshots")
REFRESH = "PMT_REFRESH_SCREENSHOTS"
WIDTHS = (1280, 390)
VIEWS = {  # name of a picture -> address, an element that is there when the view is complete
    "runs": ("", "li.card button"),
    "classify": ("runs/classify", ".word.for4, .word.against4"),
    "mnist": ("runs/mnist", "canvas.picture"),
    "ner": ("runs/ner", "td.best"),
    "qqp": ("runs/qqp", "svg.attention line"),
    "tape": ("tape/neuron", ".tape .node"),
    "translation": ("runs/translation", ".beams .best"),
}
BLOCK = 30  # pixels
TOLERANCE = 0.25  # another font: up to 0.07; another view: 0.42 and more


def blocks(png: bytes) -> NDArray[np.float64]:
    """Return the mean gray value of each block of a picture."""
    gray = np.asarray(image.imread(io.BytesIO(png), format="png"), np.float64)[..., :3].mean(axis=2)
    height, width = (size // BLOCK for size in gray.shape)
    cut = gray[: height * BLOCK, : width * BLOCK]
    return cut.reshape(height, BLOCK, width, BLOCK).mean(axis=(1, 3))


def difference(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Return how much of the ink of two pictures is at other places, 0 to 1."""
    paper = np.median(first)
    ink = np.abs(first - paper).sum() + np.abs(second - paper).sum()
    return float(np.abs(first - second).sum() / ink)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("view", VIEWS)
def test_a_view_looks_as_it_did(page: Browser, address: str, view: str, width: int) -> None:
    where, element = VIEWS[view]
    page.resize(width)
    page.open(f"{address}/#/{where}")
    page.wait_for(element)
    page.run("document.activeElement.blur(); window.scrollTo(0, 0)")
    png = page.screenshot()
    path = FOLDER / f"{view}-{width}.png"
    if os.environ.get(REFRESH):
        FOLDER.mkdir(exist_ok=True)
        path.write_bytes(png)
        return
    taken = blocks(png)
    assert difference(taken, blocks(path.read_bytes())) < TOLERANCE


@pytest.mark.parametrize("width", WIDTHS)
def test_another_view_and_another_color_are_told_apart(
    page: Browser, address: str, width: int
) -> None:
    stored = {view: blocks((FOLDER / f"{view}-{width}.png").read_bytes()) for view in VIEWS}
    for view, picture in stored.items():
        others = [difference(picture, other) for name, other in stored.items() if name != view]
        assert min(others) > TOLERANCE, view
    page.resize(width)
    page.open(f"{address}/#/tape/neuron")
    page.wait_for(".tape .node")
    page.color_scheme("dark")
    dark = blocks(page.screenshot())
    page.color_scheme("light")
    assert difference(dark, stored["tape"]) > TOLERANCE
