"""The slides are complete in themselves, hold every picture of the log once, and can be turned."""

from __future__ import annotations

import base64
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

from docs import slides
from docs.slide_formula import FormulaError, displayed, markup

VOID = {"meta", "link", "img"}
# What the browser is asked: does a key turn the slide, and does a text or picture leave its slide?
QUESTION = """<script>
const press = (key) => document.dispatchEvent(new KeyboardEvent("keydown", {key}));
const seen = () => slides.findIndex((slide) => slide.getBoundingClientRect().height > 0) + 1;
const keys_pressed = ["Home", "ArrowRight", " ", "PageUp", "End"];
const steps = keys_pressed.map((key) => { press(key); return seen(); });
const outside = [];
slides.forEach((slide, i) => {
  show(i);
  const box = slide.getBoundingClientRect();
  for (const part of slide.querySelectorAll("h1, h2, li, p, svg, img, figcaption")) {
    const inner = part.getBoundingClientRect();
    const leaves = inner.bottom > box.bottom || inner.right > box.right;
    if (leaves || inner.height < 5) outside.push(i + 1);
  }
});
document.body.textContent = "answer " + JSON.stringify([slides.length, steps, outside]) + " end";
</script></body>"""


class Reader(HTMLParser):
    """Collects what a deck holds."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def of(self, name: str) -> list[dict[str, str | None]]:
        """Return the attributes of all elements of a kind."""
        return [attributes for tag, attributes in self.tags if tag == name]


@pytest.fixture(scope="module")
def decks(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return slides.write(tmp_path_factory.mktemp("slides"))


def test_every_picture_of_the_chapters_is_on_one_slide_with_a_description(
    decks: list[Path],
) -> None:
    pictures = []
    for path in decks:
        for image in Reader(path.read_text(encoding="utf-8")).of("img"):
            kind, _, data = str(image["src"]).partition("base64,")
            assert kind == "data:image/png;"
            assert len(str(image["alt"])) > 30
            pictures.append(base64.b64decode(data))
    chapters = (slides.DOCS / "log" / "img").glob("[0-9]*.png")
    assert sorted(pictures) == sorted(path.read_bytes() for path in chapters)


def test_a_deck_needs_nothing_from_elsewhere(decks: list[Path]) -> None:
    for path in decks:
        text = path.read_text(encoding="utf-8")
        reader = Reader(text)
        assert reader.open == []
        for tag, attributes in reader.tags:
            for name in ("src", "href", "srcset", "action", "data"):
                assert str(attributes.get(name) or "data:").startswith("data:"), (path.name, tag)
        assert not re.search(r"url\(|@import|https?://", text)
        assert "CC BY 4.0" in text


def test_every_slide_has_a_heading_and_every_chapter_a_slide(decks: list[Path]) -> None:
    chapters = [number for part in slides.PARTS for number in part.chapters]
    assert chapters == list(range(18))
    for path in decks:
        reader = Reader(path.read_text(encoding="utf-8"))
        assert len(reader.of("h1")) == 1
        assert len(reader.of("h2")) == len(reader.of("section")) - 1


def test_formulas_become_outlines_of_their_size() -> None:
    small, large = displayed(r"x + y, \qquad \frac{\partial L}{\partial x} = \sqrt v")
    heights = [float(re.search(r"height:([\d.]+)em", each)[1]) for each in (small, large)]
    assert heights[1] > 1.5 * heights[0]
    assert small.count("<path") == 1
    assert markup("a *b* of `c<d` and [e](f.md)") == ("a <em>b</em> of <code>c&lt;d</code> and e")
    with pytest.raises(FormulaError, match="unknowncommand"):
        displayed(r"\unknowncommand{x}")


@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs the browser Chromium")
def test_keys_turn_the_slides_and_nothing_leaves_them(decks: list[Path], tmp_path: Path) -> None:
    page = tmp_path / "asked.html"
    page.write_text(decks[2].read_text(encoding="utf-8").replace("</body>", QUESTION), "utf-8")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--window-size=1280,720"]
    command = ["chromium", *flags, f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom"]
    result = subprocess.run(
        [*command, page.as_uri()], capture_output=True, text=True, check=True, timeout=600
    )
    match = re.search(r"answer \[(\d+),\[([\d,]+)\],\[([\d,]*)\]\] end", result.stdout)
    assert match is not None, result.stdout[-500:]
    count = int(match[1])
    assert [int(number) for number in match[2].split(",")] == [1, 2, 3, 2, count]
    assert match[3] == "", "slides whose content leaves them"
