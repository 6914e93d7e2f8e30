"""Make slides of the development log: one HTML file for each part, complete in itself.

hatch run slides             writes them into slides/ (Git ignores it)
hatch run slides FOLDER      into another folder

A deck holds its pictures, its formulas as outlines, its style and its script: it opens from a stick
and needs no network. Arrow keys, space and Page Up/Down go on and back, Home and End to its ends, F
fills the screen, P prints (one slide a page). Without JavaScript all slides are one page.
"""

from __future__ import annotations

import base64
import html
import re
import sys
from dataclasses import dataclass
from pathlib import Path

DOCS = Path(__file__).resolve().parent
sys.path.insert(0, str(DOCS.parent))

from docs.slide_content import Slide, slides_of  # noqa: E402
from docs.slide_formula import displayed, markup, plain  # noqa: E402
from docs.slide_page import PAGE  # noqa: E402

LICENSE = "© The pmt authors. CC BY 4.0, or the MIT License of the project: as you like."


@dataclass(frozen=True)
class Part:
    """A deck: its title, the name of its file, and the numbers of its chapters."""

    title: str
    name: str
    chapters: tuple[int, ...]

    @property
    def file(self) -> str:
        """The name of the file of the deck."""
        return f"{self.name}.html"


PARTS = (
    Part("From a slope to a training loop", "1-training", (0, 1, 2, 3, 4, 5)),
    Part("Pictures and words", "2-pictures-and-words", (6, 7, 8)),
    Part("The tape and modules", "3-tape-and-modules", (9, 10)),
    Part("From recurrence to the Transformer block", "4-attention", (11, 12, 13)),
    Part("Models that write", "5-models-that-write", (14, 15)),
    Part("Names and questions", "6-names-and-questions", (16, 17)),
)


def chapter_page(number: int) -> Path:
    """Return the page of a chapter."""
    return next((DOCS / "log").glob(f"{number:02d}-*.md"))


def deck_file(page: str) -> str | None:
    """Return the name of the file of the deck that has a chapter; None for another document.

    Args:
        page: path of the document in the repository.
    """
    chapter = re.fullmatch(r"docs/log/(\d\d)-[^/]*\.md", page)
    if chapter is None:
        return None
    number = int(chapter[1])
    return next((part.file for part in PARTS if number in part.chapters), None)


def slide_html(slide: Slide) -> str:
    """Return a slide as a section of HTML."""
    parts = [f"<h2>{markup(slide.title)}</h2>"]
    if slide.formulas:
        lines = [line for tex in slide.formulas for line in displayed(tex)]
        formulas = "".join(f"<p>{line}</p>" for line in lines)
        parts.append(f'<div class="formulas n{min(len(lines), 8)}">{formulas}</div>')
    if slide.points:
        points = "".join(f"<li>{markup(point)}</li>" for point in slide.points)
        parts.append(f"<ul>{points}</ul>")
    if slide.picture:
        path, alt = slide.picture
        data = base64.b64encode(path.read_bytes()).decode("ascii")
        parts.append(
            f'<figure><img src="data:image/png;base64,{data}" alt="{html.escape(plain(alt))}">'
            f"<figcaption>{markup(alt)}</figcaption></figure>"
        )
    return f'<section class="{slide.kind or "content"}">{"".join(parts)}</section>'


def deck(part: Part) -> str:
    """Return the HTML of a part."""
    pages = [chapter_page(number) for number in part.chapters]
    chapters = [slides_of(page) for page in pages]
    contents = "".join(f"<li>{markup(slides[0].title)}</li>" for slides in chapters)
    first = (
        f'<section class="title"><h1>{html.escape(part.title)}</h1><ul>{contents}</ul>'
        f"<p>Slides of the development log of pmt, a deep-learning stack on NumPy alone.</p>"
        f"<p>{LICENSE}</p></section>"
    )
    sections = [slide_html(slide) for slides in chapters for slide in slides]
    return PAGE.format(title=html.escape(part.title), slides="\n".join([first, *sections]))


def write(folder: Path) -> list[Path]:
    """Write all decks into a folder and return their files."""
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for part in PARTS:
        files.append(folder / part.file)
        files[-1].write_text(deck(part), encoding="utf-8")
    return files


def main() -> None:
    """Write the decks into the folder that is named, or into slides/."""
    for path in write(Path(sys.argv[1]) if len(sys.argv) > 1 else DOCS.parent / "slides"):
        print(f"{path} {path.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
