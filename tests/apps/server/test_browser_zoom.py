"""The views of the page that are zoomed and moved: the map of words, the tape."""

from __future__ import annotations

from typing import Any

import pytest
from browser import Browser
from page_views import opened

pytestmark = pytest.mark.slow


def test_a_word_has_neighbors(page: Browser, address: str) -> None:
    opened(page, address, "word2vec")
    page.type("input[type=text]", "the")
    page.wait_for(".bars span")
    page.wait_for(".map .asked")
    word = page.texts("[aria-label='Go on with'] button")[0]
    page.click("[aria-label='Go on with'] button")
    page.wait("document.querySelector('.map .asked')?.ariaLabel === values[0]", word)
    names = "document.querySelectorAll('.map text[visibility=visible]').length"
    before = page.run(f"return {names}")
    for _ in range(6):
        page.wheel("svg.pan", -300)
    page.wait(f"{names} > values[0]", before)
    transform = "document.querySelector('.map').getAttribute('transform')"
    start = page.run(f"return {transform}")
    page.drag("svg.pan", [(0, 0), (60, 40)])
    page.wait(f"{transform} !== values[0]", start)
    start = page.run(f"return {transform}")
    page.run("document.querySelector('svg.pan').focus()")
    page.press("ArrowLeft")
    page.wait(f"{transform} !== values[0]", start)
    page.press("0")
    page.wait(f"{names} === values[0]", before)
    page.type("input[type=text]", "the - of + city")
    page.wait_for(".map .result")
    assert page.count(".map path.arrow") == 2


def test_two_fingers_zoom_the_map_and_one_moves_it(page: Browser, address: str) -> None:
    with page.touch_screen():
        page.resize(390, 844)
        opened(page, address, "word2vec")
        page.type("input[type=text]", "the")
        page.wait_for(".map .asked", "the")
        page.run("document.querySelector('svg.pan').scrollIntoView({block: 'center'})")
        small = view_of_map(page)
        page.touch("svg.pan", [[(-30, 0), (30, 0)], [(-60, 0), (60, 0)], [(-120, 0), (120, 0)]])
        page.wait(f"{SCALE} > 3 * values[0]", small["k"])
        before = view_of_map(page)
        assert before["k"] == pytest.approx(4 * small["k"], rel=1e-3)
        page.touch("svg.pan", [[(-80, -40), (80, 40)], [(-100, -50), (100, 50)]])
        page.wait(f"{SCALE} > values[0]", before["k"])
        after = view_of_map(page)
        assert after["k"] == pytest.approx(1.25 * before["k"], rel=1e-3)
        # What is between the fingers stays there.
        for axis in ("x", "y"):
            assert after["middle"][axis] == pytest.approx(before["middle"][axis], abs=0.5)
        page.touch("svg.pan", [[(0, 0)], [(-15, 10)], [(-30, 20)]])
        page.wait("document.querySelector('svg.pan').__zoom.x < values[0]", after["x"])
        moved = view_of_map(page)
        assert moved["k"] == after["k"]
        assert (moved["x"] - after["x"], moved["y"] - after["y"]) == pytest.approx((-30, 20))
        assert [moved["page"], moved["scrolled"]] == [1, before["scrolled"]]  # the page stays


SCALE = "document.querySelector('svg.pan').__zoom.k"


def view_of_map(page: Browser) -> dict[str, Any]:
    """Return the transformation of the map, the point in its middle, and those of the page."""
    return dict(
        page.run("""
        const svg = document.querySelector("svg.pan");
        const { x, y, k } = svg.__zoom;
        const [mx, my] = svg.__zoom.invert([svg.clientWidth / 2, svg.clientHeight / 2]);
        return { x, y, k, middle: { x: mx, y: my },
          page: visualViewport.scale, scrolled: window.scrollY };""")
    )


def test_the_tape_is_stepped_by_keys_and_follows_its_inputs(page: Browser, address: str) -> None:
    opened(page, address, "tape")
    page.click("svg.pan")
    page.press(*["ArrowRight"] * 3)
    assert "sigmoid" in page.wait_for(".step", "Forward 3 of 5")
    visible = ".edge .{}[visibility=visible] text"
    assert page.count(visible.format("gradient")) == 0
    values = page.texts(visible.format("value"))
    assert "0.525" in values  # sigmoid(0.1)
    page.click_text("button", "End")
    page.wait_for(".step", "Backward 5 of 5")
    assert "−0.237" in page.texts(visible.format("gradient"))
    assert "−0.237" in page.texts(".arriving td")
    page.press("ArrowLeft")
    page.wait_for(".step", "Backward 4 of 5")
    page.type("input[aria-label^=b]", "0.9")
    page.wait_for(".edge .value[visibility=visible]", "0.711")  # sigmoid(0.9)
    assert page.texts(".node.end .result") == ["0.0836"]
    page.choose("select", "attention")
    page.wait_for(".tape .operation", "softmax")
    page.click_text("button", "End")
    page.wait_for(".step", "Backward 11 of 11")
    assert {"Q", "K", "V", "scores", "weights", "out"} <= set(page.texts("h3"))
    before = page.run("return document.querySelector('.tape').getAttribute('transform')")
    page.wheel("svg.pan", -200)
    page.wait("document.querySelector('.tape').getAttribute('transform') !== values[0]", before)
