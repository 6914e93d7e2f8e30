"""Links lead to files, anchors and pictures that exist; the index names every chapter in order."""

from __future__ import annotations

import re
from pathlib import Path

from checks.pages import (
    CODE,
    COMMENT,
    FENCE,
    LINK,
    ROOT,
    anchors,
    blanked,
    cards,
    chapters,
    line_of,
    name_of,
    pages,
    read,
)

ELSEWHERE = ("http://", "https://", "mailto:")
WEB = re.compile(r"https?://[\w.-]+\.[a-z]+(?:/\S*)?$")


def problems(docs: Path) -> list[str]:
    """Return the links that lead nowhere, and the chapters that the index lacks."""
    found = [problem for path in pages(docs) for problem in _of_page(docs, path)]
    return [*found, *_index(docs), *_cards(docs)]


def _of_page(docs: Path, path: Path) -> list[str]:
    text = blanked(read(path), FENCE, COMMENT)
    links = LINK.finditer(text)
    code = [match.span() for match in CODE.finditer(text)]
    found = []
    for match in links:
        if any(start < match.start() < end for start, end in code):
            continue
        problem = _problem(docs, path, match[3], bool(match[1]), match[2])
        if problem:
            line = line_of(text, match.start())
            found.append(f"{name_of(path)}: line {line}: {match[3]}: {problem}")
    return found


def _problem(docs: Path, page: Path, target: str, is_image: bool, text: str) -> str:
    if is_image and not text.strip():
        return "a picture without a text that says what is seen"
    if target.startswith(ELSEWHERE):
        is_mail = target.startswith("mailto:")
        return "" if is_mail or WEB.match(target) else "no address"
    where, _, anchor = target.partition("#")
    path = _original(docs, page.parent / where) if where else page
    if not path.exists():
        return "there is no such file"
    if anchor and path.suffix == ".md" and anchor not in anchors(read(path)):
        return "there is no such heading"
    return ""


def _original(docs: Path, path: Path) -> Path:
    """Return a path; outside of a copy of the documents, that of the repository."""
    path = path.resolve()
    root = docs.resolve().parent
    if path.is_relative_to(docs.resolve()) or not path.is_relative_to(root):
        return path
    return ROOT / path.relative_to(root)


def _index(docs: Path) -> list[str]:
    text = read(docs / "log" / "README.md")
    named = re.findall(r"^(?:\d+\.|-) \[[^\]]+\]\(((?:\d\d|appendix)-[\w-]+\.md)\)", text, re.M)
    present = [path.name for path in chapters(docs)]
    if named == present:
        return []
    return [f"README.md: the index names {named}, the chapters are {present}"]


def _cards(docs: Path) -> list[str]:
    named = set(re.findall(r"\]\(([\w-]+\.md)\)", read(docs / "cards" / "README.md")))
    missing = [path.name for path in cards(docs) if path.name not in named]
    return [f"cards/README.md: does not name {name}; run: hatch run cards" for name in missing]
