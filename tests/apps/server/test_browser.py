"""The page in a real browser (headless Chromium): its views are driven by mouse and keys."""

from __future__ import annotations

import json
from urllib.request import Request, urlopen

import pytest
from browser import Browser
from page_views import VIEWS, opened

pytestmark = pytest.mark.slow


def test_the_list_has_runs_and_samples(page: Browser, address: str) -> None:
    opened(page, address, "")
    page.wait_for("h2", "Samples")
    assert {"classify", "ner", "broken"} <= set(page.texts(".card h3"))
    page.click_text("h3 a", "ner")
    page.wait_for("h1", "Names in text")
    assert page.run("return document.activeElement.id") == "content"
    page.click_text("#runs a", "classify")
    page.wait_for("h1", "Texts and labels")
    page.run("document.querySelector('a.skip').focus()")
    page.press("Enter")  # it moves the focus, and opens no other view
    page.wait("document.activeElement.id === 'content'")
    assert page.texts("h1") == ["Texts and labels"]


def test_the_view_that_was_asked_for_last_stays(page: Browser, address: str) -> None:
    """The answer for another one, that was asked for before, arrives after it."""
    opened(page, address, "")
    page.run("""
        const send = window.fetch;
        window.fetch = (path, options) => (path !== "/runs/ner/model" ? send(path, options)
          : new Promise((done) => { window.release = () => done(send(path, options)); }));
        location.hash = "#/runs/ner";""")
    page.wait("window.release")
    page.run("location.hash = '#/runs/classify'")
    page.wait_for(VIEWS["classify"])
    page.run("""
        const parse = Response.prototype.json;
        Response.prototype.json = async function () {
          const content = await parse.call(this);
          setTimeout(() => { window.released = true; });
          return content;
        };
        window.release();""")
    page.wait("window.released")
    assert page.texts("h1") == ["Texts and labels"]


def test_names_are_marked_while_typing(page: Browser, address: str) -> None:
    opened(page, address, "ner")
    page.type("textarea", "Ann Lee slept. <b>Bob</b> & \U0001f600 Ann.")
    page.wait_for(".tags th[scope=row]", "slept")
    assert page.texts(".answer p")[0].replace("PER", "").startswith("Ann Lee slept. <b>")
    assert page.count(".answer b") == 0
    rows = page.count(".tags tbody tr")
    assert rows > 5
    assert page.count("td.best") == rows
    assert page.count(".lattice g.best") == rows
    assert page.count(".lattice path.best") == rows - 1
    page.resize(360)  # the names of the columns are not broken
    assert page.run("return document.querySelector('.tags thead th').clientHeight") < 40
    page.resize(1280)
    page.run("document.querySelector('.lattice [tabindex=\"0\"]').focus()")
    first = page.wait_for("p[aria-live]", "score of the tag")
    page.press("ArrowRight")
    assert page.wait_for("p[aria-live]", "score of the tag") != first
    page.type("textarea", "שלום Ann")  # from right to left
    page.wait_for(".tags th[scope=row]", "שלום")
    assert page.run("""
        return ["textarea", ".answer p"].map((name) =>
          getComputedStyle(document.querySelector(name)).direction);""") == ["rtl", "rtl"]


def test_a_label_changes_with_the_text(page: Browser, address: str) -> None:
    opened(page, address, "classify")
    page.type("textarea", "late thank")
    page.wait("document.querySelectorAll('.words .word').length === 2")
    assert [text.split()[0] for text in page.texts(".words .word")] == ["late", "thank"]
    shares = [float(text) for text in page.texts(".bars .number")]
    assert sum(shares) == pytest.approx(1, abs=2e-3)


def test_without_a_word_a_pair_has_another_probability(page: Browser, address: str) -> None:
    opened(page, address, "qqp")
    before = page.texts(".verdict + .bars .number")[0]
    page.click(".words button:nth-child(4)")
    text = page.wait_for("p[aria-live]", "instead of")
    assert f"instead of {before}" in text
    assert page.count(".words button.off[aria-pressed=true]") == 1
    assert page.run("return document.activeElement.className.includes('off')")
    page.press("Enter")  # puts it back
    page.wait_for("p[aria-live]", "Click a word")
    assert page.count("button.pair") == 1
    page.click("button.pair")
    page.wait("document.querySelector('.words').textContent.includes('escaped')")
    page.type("textarea", "is rome far ?")
    page.wait("document.querySelector('.words').textContent.includes('rome')")
    page.wait_for("svg.attention text", "rome")
    lines = page.count("svg.attention line")
    page.hover("svg.attention text")
    page.wait("document.querySelector('svg.attention text.chosen')")
    assert 0 < page.count("svg.attention line") < lines
    before = page.run("return document.querySelector('svg.attention').ariaLabel")
    page.choose("select", "1")
    page.wait("document.querySelector('svg.attention').ariaLabel !== values[0]", before)


def test_a_text_streams_in_and_its_tokens_have_alternatives(page: Browser, address: str) -> None:
    opened(page, address, "lm")
    page.type("textarea", "the dog")
    page.type("input[type=number]", "30")
    page.choose("input[type=range]", "0.4")
    assert page.texts("output") == ["0.40", "1.00"]
    page.click_text("button", "Write")
    page.wait_for(".tokens .token")
    written = page.texts(".answer.text")[0]
    assert written.startswith("the dog")
    assert len(written) > len("the dog") + 10
    page.hover(".token:nth-child(4)")
    page.wait("document.querySelector('.token.chosen')")
    assert page.count(".detail .bars .number") == 5
    page.click(".token")
    page.press("ArrowRight", "ArrowRight")
    assert page.run("return [...document.querySelectorAll('.token')].indexOf("
                    "document.activeElement)") == 2  # fmt: skip


def test_a_digit_is_drawn(page: Browser, address: str) -> None:
    opened(page, address, "mnist")
    page.click_text("button", "Clear")
    page.wait_for(".answer", "Draw a digit")
    page.drag("canvas", [(-40, -80), (40, -80), (0, 0), (-20, 80)])
    verdict = page.wait_for(".verdict", "It is a")
    shares = [float(text) for text in page.texts(".bars .number")]
    assert len(shares) == 10
    assert sum(shares) == pytest.approx(1, abs=6e-3)
    page.wait_for("h3", "Convolution 2: 4 maps of 14 × 14")
    assert page.count("canvas.picture") == 2 + 2 + 2 + 4  # two pictures, filters, maps
    assert page.run("return document.querySelector('figure select').value") == verdict[-1]
    page.choose("figure select", "3")
    page.wait("document.querySelector('canvas[aria-label*=\"log-odds of a 3\"]')")


def test_a_sentence_is_translated_while_typing(page: Browser, address: str) -> None:
    opened(page, address, "translation")
    text = "the cat and the dog"
    page.type("textarea", text)
    with urlopen(
        Request(
            f"{address}/runs/translation/predict",
            json.dumps({"input": text}).encode(),
            {"Content-Type": "application/json"},
        )
    ) as response:
        expected = json.load(response)["translation"]
    page.wait("document.querySelector('.verdict').textContent === values[0]", expected)
    page.wait_for(".answer .quiet", "score")
    page.wait_for(".beams .best.ended")
    assert page.texts("tbody tr.best th") == page.texts(".verdict")
    steps = page.run("return Number(document.querySelector('#beam-step').max)")
    page.choose("#beam-step", "1")
    page.wait("document.querySelector('#beam-step').ariaValueText === values[0]",
              f"step 1 of {steps}")  # fmt: skip
    assert page.count(".beams g.alive[visibility=visible]") == 2  # the beam of the saved run
    assert page.count(".beams g.gray[visibility=visible]") == 2
    page.choose("#beam-step", str(steps))
    page.run("document.querySelector('.beams [tabindex=\"0\"]').focus()")
    first = page.wait_for("p[aria-live]", "log-probability")
    page.press("ArrowRight")
    assert page.wait_for("p[aria-live]", "log-probability") != first
    page.hover("svg.attention text")
    page.wait("document.querySelector('svg.attention text.chosen')")
    page.type("textarea", " ")
    page.wait_for(".answer", "Write a sentence.")
    assert page.texts(".error") == []


def test_the_page_is_busy_until_the_last_input_is_answered(page: Browser, address: str) -> None:
    opened(page, address, "classify")
    typing = """
        const field = document.querySelector("textarea");
        return ["late", "late thank"].map((text) => {
            field.value = text;
            field.dispatchEvent(new Event("input", { bubbles: true }));
            return document.querySelector("main").ariaBusy;
        });
    """
    assert page.run(typing) == ["true", "true"]
    page.wait_until_answered()
    assert [text.split()[0] for text in page.texts(".words .word")] == ["late", "thank"]
