"""Every view looks as it did, fits every width, has names for a screen reader, is reached by Tab.

    PMT_REFRESH_SCREENSHOTS=1 hatch run test -n 0 tests/apps/server/test_views.py

takes the screenshots anew; look at them before you commit them. Fonts and drivers differ between
machines, so pictures are compared as gray blocks. A view is opened once for all of its tests.
"""

from __future__ import annotations

import functools
import io
import math
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from browser import Browser
from matplotlib import image
from numpy.typing import NDArray
from recorded_run import RecordedRun, recorded_step
from serve_client import served

pytestmark = pytest.mark.slow

FOLDER = Path(__file__).with_name("screenshots")
REFRESH = "PMT_REFRESH_SCREENSHOTS"
WIDTHS = (1280, 390)
BLOCK = 30  # pixels
TOLERANCE = 0.25  # another font: up to 0.07; another view: 0.42 and more
FIELDS = ("textarea", "input", "select", "button")


def write(page: Browser) -> None:
    """Let the language model write; at temperature 0 it is always the same text."""
    page.type("textarea", "the dog")
    page.type("input[type=number]", "30")
    page.choose("input[type=range]", "0")
    page.click_text("button", "Write")


def calculate(page: Browser) -> None:
    page.type("input[type=text]", "the - of + city")


def nothing(page: Browser) -> None:
    pass


@dataclass(frozen=True)
class View:
    """A view: its address, what is done there, and what is there when it is complete.

    Attributes:
        top: what is at the top of the screenshot.
        height: of the screenshot.
    """

    where: str
    complete: str
    act: Callable[[Browser], None] = nothing
    top: str = "body"
    height: int = 900


VIEWS: Mapping[str, View] = {
    "classify": View("runs/classify", ".word.for4, .word.against4"),
    "lm": View("runs/lm", ".tokens .token", write, top="main h2"),
    "mnist": View("runs/mnist", "canvas.picture"),
    "ner": View("runs/ner", "td.best"),
    "qqp": View("runs/qqp", "svg.attention line"),
    "runs": View("", "li.card button"),
    "tape": View("tape/neuron", ".tape .node"),
    "training": View("runs/live/training", ".heat canvas:not(.ramp)", height=1800),
    "translation": View("runs/translation", ".beams .best"),
    "unfinished": View("runs/unfinished", "main section"),
    "word2vec": View("runs/word2vec", ".map .result", calculate, top="main h2"),
}


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a training is served that is over: always the same 40 steps."""
    run = RecordedRun(tmp_path_factory.mktemp("recorded") / "runs" / "live")
    for i in range(1, 41):
        wave, rate = math.sin(i), 0.01 * (0.01 + math.cos(i / 40 * math.pi / 2))
        run.append(
            recorded_step(
                i, loss=0.3 + 2 / (1 + i / 4) + 0.05 * wave, lr=rate, grad_norm=1.2 + wave / 2,
                examples_per_second=900 + 50 * wave, weight=[20 + i / 10, 10 + i / 5, 5.0],
                gradient=[0.1, 0.5, 1 + wave / 4], update=[2 * rate, rate, rate * (2 + wave) / 4],
            )
        )  # fmt: skip
        if i % 10 == 0:
            loss = 0.3 + 8 / (4 + i)
            run.add_epoch(train_loss=loss, dev_loss=loss + 0.2, dev_f1=i / 50)
    run.finish()
    with served(run.folder.parent) as address:
        yield address


@pytest.fixture(scope="module", params=VIEWS)
def view(
    request: pytest.FixtureRequest, window: Browser, address: str, recorded: str
) -> Iterator[tuple[str, Browser]]:
    """A view, with its name. At the end no error is on the console, and all requests were to it."""
    chosen = VIEWS[request.param]
    server = recorded if request.param == "training" else address
    window.resize(1280)
    window.open(f"{server}/#/{chosen.where}")
    window.wait_for("h1")
    chosen.act(window)
    window.wait_for(chosen.complete)
    assert [text for text in window.texts(".error") if "broken" not in text] == []
    yield request.param, window
    assert window.console() == []
    assert all(url.startswith((f"{server}/", "data:", "about:")) for url in window.requests())


def screenshot(page: Browser, view: View, width: int) -> bytes:
    page.resize(width, view.height)
    page.run(
        "document.activeElement.blur(); document.querySelector(arguments[0]).scrollIntoView()",
        view.top,
    )
    page.settle()
    return page.screenshot()


def blocks(png: bytes) -> NDArray[np.float64]:
    """Return the mean gray value of each block of a picture."""
    gray = np.asarray(image.imread(io.BytesIO(png), format="png"), np.float64)[..., :3].mean(axis=2)
    height, width = (size // BLOCK for size in gray.shape)
    cut = gray[: height * BLOCK, : width * BLOCK]
    return cut.reshape(height, BLOCK, width, BLOCK).mean(axis=(1, 3))


@functools.cache
def stored(name: str, width: int) -> NDArray[np.float64]:
    """Return the blocks of a committed picture."""
    return blocks((FOLDER / f"{name}-{width}.png").read_bytes())


def difference(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Return how much of the ink of two pictures is at other places, 0 to 1."""
    paper = np.median(first)
    ink = np.abs(first - paper).sum() + np.abs(second - paper).sum()
    return float(np.abs(first - second).sum() / ink)


def test_it_looks_as_it_did_and_other_in_the_dark(view: tuple[str, Browser]) -> None:
    name, page = view
    for width in WIDTHS:
        png = screenshot(page, VIEWS[name], width)
        if os.environ.get(REFRESH):
            FOLDER.mkdir(exist_ok=True)
            (FOLDER / f"{name}-{width}.png").write_bytes(png)
        assert difference(blocks(png), stored(name, width)) < TOLERANCE, width
    page.color_scheme("dark")
    dark = blocks(screenshot(page, VIEWS[name], WIDTHS[-1]))
    page.color_scheme("light")
    assert np.median(dark) < 0.2
    assert difference(dark, stored(name, WIDTHS[-1])) > TOLERANCE


@pytest.mark.parametrize("width", WIDTHS)
def test_views_are_told_apart(width: int) -> None:
    for name, view in VIEWS.items():
        alike = [other for other in VIEWS if other != name and VIEWS[other].height == view.height]
        differences = [difference(stored(name, width), stored(other, width)) for other in alike]
        assert min(differences, default=1) > TOLERANCE, name


def test_it_fits_and_has_names(view: tuple[str, Browser]) -> None:
    _, page = view
    for width in (*WIDTHS, 360):
        page.resize(width)
        scrolled = page.run(
            "const page = document.documentElement;"
            "return [page.scrollWidth, page.clientWidth, window.innerWidth];"
        )
        assert scrolled == [width] * 3
    assert unnamed(page) == []


def test_the_keyboard_reaches_it(view: tuple[str, Browser]) -> None:
    _, page = view
    page.resize(360)
    seen = page.tab_through()
    assert seen[0] == "a.skip"
    assert [element for element in seen if element.endswith("!")] == []  # nobody sees it
    fields = page.count("main textarea, main input, main select, main button:not(:disabled)")
    assert sum(name.split(".")[0] in FIELDS for name in seen) == fields


def unnamed(page: Browser) -> list[str]:
    """Return the elements that a screen reader cannot name."""
    return list(
        page.run("""
        const name = (e) => (e.ariaLabel ?? "") + (e.labels?.[0]?.textContent ?? "")
          + e.textContent.trim() + (e.title ?? "");
        const wanted = "a, button, input, select, textarea, canvas, main svg:not([aria-hidden] *),"
          + "[role=button], [role=group], [role=img], [tabindex='0']";
        return [...document.querySelectorAll(wanted)]
          .filter((e) => !name(e) && !e.closest("[aria-hidden]")).map((e) => e.outerHTML);""")
    )
