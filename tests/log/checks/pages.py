"""The pages of the log and the cards, and their text without code, formulas or comments."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
DOCS = ROOT / "docs"

FENCE = re.compile(r"^(?P<bar>```+)(?P<info>[^\n`]*)\n(?P<body>.*?)^(?P=bar)[ ]*$", re.M | re.S)
CODE = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", re.S)
COMMENT = re.compile(r"<!--.*?-->", re.S)
DISPLAY = re.compile(r"\$\$(.+?)\$\$", re.S)
TICKED = re.compile(r"\$`(.+?)`\$", re.S)
INLINE = re.compile(r"(?<![\\$])\$(?![\s$])((?:[^$\n]|\n(?!\n))*?)(?<![\s\\])\$(?![\d$])")
LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)")
HEADING = re.compile(r"^(#+) +(.*?) *$", re.M)


def chapters(docs: Path) -> list[Path]:
    """Return the chapters in reading order; appendices come last."""
    log = docs / "log"
    return [*sorted(log.glob("[0-9][0-9]-*.md")), *sorted(log.glob("appendix-*.md"))]


def cards(docs: Path) -> list[Path]:
    """Return the pages of the cards."""
    return [path for path in sorted((docs / "cards").glob("*.md")) if path.name != "README.md"]


def pages(docs: Path) -> list[Path]:
    """Return all pages of the log and the cards, indices and tables included."""
    folders = (docs / "log", docs / "cards")
    return [path for folder in folders for path in sorted(folder.glob("*.md"))]


def read(path: Path) -> str:
    """Return the text of a page."""
    return path.read_text(encoding="utf-8")


def name_of(path: Path) -> str:
    """Return the name of a page in problems; cards have their folder, too."""
    return path.name if path.parent.name == "log" else f"{path.parent.name}/{path.name}"


def blanked(text: str, *patterns: re.Pattern[str]) -> str:
    """Return a text with all that matches replaced by blanks: lines keep their numbers."""
    for pattern in patterns:
        text = pattern.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)
    return text


def prose(text: str) -> str:
    """Return a page without code, comments and formulas."""
    return blanked(text, FENCE, COMMENT, TICKED, CODE, DISPLAY, INLINE)


def line_of(text: str, index: int) -> int:
    """Return the number of the line at an index."""
    return text.count("\n", 0, index) + 1


def section(text: str, title: str) -> str | None:
    """Return the body of the section `## title`, or None."""
    found = re.search(rf"^## {re.escape(title)} *\n(.*?)(?=^## |\Z)", text, re.M | re.S)
    return None if found is None else found[1]


def sections(text: str) -> Iterator[tuple[int, str]]:
    """Yield (line, body) of each part of a page between two headings."""
    plain = blanked(text, FENCE)
    starts = [0, *(match.start() for match in HEADING.finditer(plain)), len(text)]
    for start, end in pairwise(starts):
        yield line_of(text, start), text[start:end]


def anchors(text: str) -> set[str]:
    """Return the anchors that a forge gives to the headings of a page."""
    found: dict[str, int] = {}
    names = set()
    for _, heading in HEADING.findall(blanked(text, FENCE)):
        shown = LINK.sub(lambda match: match[2], heading)
        slug = re.sub(r"[^\w\- ]", "", shown).strip().lower().replace(" ", "-")
        count = found.get(slug, 0)
        found[slug] = count + 1
        names.add(f"{slug}-{count}" if count else slug)
    return names | set(re.findall(r'<a (?:id|name)="([^"]+)"', text))
