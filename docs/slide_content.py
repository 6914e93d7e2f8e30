"""The slides of a chapter of the log: its pictures, formulas, definitions, and its tasks.

A section of a chapter becomes a slide with its displayed formulas, slides with the sentences that
define a term or are set in italics, and a slide for each picture. The sections "What was
difficult" and "Exercises" become one slide each; the tasks of the course page are the last.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from docs.course.workshop.pages import tasks

PICTURE = re.compile(r"^!\[(?P<alt>.*?)\]\((?P<file>[^)]+)\)$", re.M | re.S)
MOST_POINTS = 4  # sentences on a slide
MOST_CHARACTERS = 560  # of all sentences of a slide
MOST_LINES = 5  # of formulas; each `\\qquad` and each row of a block begins one

_FENCE = re.compile(r"^```.*?^```\n?", re.M | re.S)
_COMMENT = re.compile(r"<!--.*?-->", re.S)
_DISPLAY = re.compile(r"\$\$(?P<tex>.*?)\$\$", re.S)
_ITALIC = re.compile(r"(?<![*\w])\*(?![*\s])[^*\n]+\*(?!\*)")
_SENTENCE = re.compile(r"(?<=[.!?])(?<!e\.g\.)(?<!i\.e\.)(?<! al\.)(?<!vs\.)\s+(?=[A-Z*`$\"(])")
_LEANS = re.compile(
    r"\*?(?:This|That|These|Those|It|They|Both|So|Such|And|But|Its|Their|Then|Also|What|The other"
    r"|The rest|The two|In between|Once more)\b(?! does \*)"
)
_ITEM = re.compile(r"^(?:\d+\.|-) (?P<text>.*(?:\n(?!\d+\. |- |\n).*)*)", re.M)


@dataclass(frozen=True)
class Slide:
    """A slide.

    Attributes:
        title: its heading, Markdown of one line.
        points: sentences, Markdown of one paragraph each.
        formulas: TeX of displayed formulas.
        picture: the file of a picture, and its description.
        kind: "chapter" for the first slide of a chapter, else "".
    """

    title: str
    points: tuple[str, ...] = ()
    formulas: tuple[str, ...] = ()
    picture: tuple[Path, str] | None = None
    kind: str = ""


@dataclass
class Section:
    """A section of a page: heading, prose without code, formulas, pictures."""

    title: str
    prose: str
    formulas: list[str] = field(default_factory=list)
    pictures: list[tuple[Path, str]] = field(default_factory=list)


def slides_of(page: Path) -> list[Slide]:
    """Return the slides of a chapter."""
    text = _COMMENT.sub("", _FENCE.sub("", page.read_text(encoding="utf-8")))
    head, *parts = re.split(r"^## ", text, flags=re.M)
    title = head.splitlines()[0].removeprefix("# ")
    opening = [p for p in _paragraphs(head) if not p.startswith(("#", ">"))]
    slides = [Slide(title, tuple(_sentences(" ".join(opening)))[:4], kind="chapter")]
    for section in (_section(part, page.parent) for part in parts):
        slides += _slides_of_section(section)
    return slides + _task_slides(page)


def _section(part: str, folder: Path) -> Section:
    title, _, body = part.partition("\n")
    pictures = [
        ((folder / match["file"]).resolve(), " ".join(match["alt"].split()))
        for match in PICTURE.finditer(body)
    ]
    formulas = [" ".join(match["tex"].split()) for match in _DISPLAY.finditer(body)]
    prose = PICTURE.sub("", _DISPLAY.sub("", body))
    return Section(title.strip(), prose, formulas, pictures)


def _slides_of_section(section: Section) -> list[Slide]:
    title = section.title
    if title in ("Solutions", "Literature", "License"):
        return []
    if title == "Exercises":
        exercises = [" ".join(match["text"].split()) for match in _ITEM.finditer(section.prose)]
        return [Slide(title, points) for points in _portions(exercises)]
    if title == "What was difficult":
        openings = [_opening(p) for p in _paragraphs(section.prose) if p.startswith("*")]
        return [Slide(title, points) for points in _portions(openings)]
    points = [point for p in _paragraphs(section.prose) for point in _points(p)]
    portions, groups = _portions(points), _groups(section.formulas)
    slides = []
    if portions and groups and _fit(groups[0], portions[0]):
        slides.append(Slide(title, portions.pop(0), groups.pop(0)))
    slides += [Slide(title, formulas=group) for group in groups]
    slides += [Slide(title, portion) for portion in portions]
    return slides + [Slide(title, picture=picture) for picture in section.pictures]


def _groups(formulas: list[str]) -> list[tuple[str, ...]]:
    """Return the formulas in groups that fit on a slide."""
    groups: list[list[str]] = []
    for formula in formulas:
        lines = _lines(*groups[-1]) if groups else MOST_LINES
        if lines + _lines(formula) > MOST_LINES:
            groups.append([])
        groups[-1].append(formula)
    return [tuple(group) for group in groups]


def _lines(*formulas: str) -> int:
    return sum(1 + tex.count(r"\qquad") + tex.count("\\\\") for tex in formulas)


def _fit(group: tuple[str, ...], portion: tuple[str, ...]) -> bool:
    """Tell whether formulas and sentences have room on one slide."""
    return 90 * _lines(*group) + sum(map(len, portion)) <= 420


def _task_slides(page: Path) -> list[Slide]:
    """Return a slide with the tasks of the course page, if there is one."""
    chapter = [task for task in tasks() if task.page.name == page.name]
    if not chapter:
        return []
    names = tuple(f"{task.number} {task.title}" for task in chapter)
    command = f"`hatch run learn {chapter[0].number}`"
    return [Slide(f"Your turn: {command}", names)]


def _paragraphs(text: str) -> list[str]:
    """Return paragraphs and items of lists, a line each; no tables, quotes or HTML."""
    blocks = (" ".join(block.split()) for block in re.split(r"\n\n|\n(?=- |\d+\. )", text))
    return [block for block in blocks if block and not block.startswith(("|", "<", "!"))]


def _sentences(paragraph: str) -> list[str]:
    text = re.sub(r"^(?:\d+\.|-) ", "", paragraph)
    return [part.strip() for part in _SENTENCE.split(text) if part.strip()]


def _points(paragraph: str) -> list[str]:
    """Return the sentences that define or stress something, with the one before if they need it."""
    points: list[str] = []
    before = ""
    for sentence in _sentences(paragraph):
        leans = bool(_LEANS.match(sentence))
        text = f"{before} {sentence}".strip() if leans else sentence
        if _ITALIC.search(sentence) and sentence[-1] in ".!?*" and len(text) < 330:
            if before and points and points[-1].endswith(before) and leans:
                points[-1] += f" {sentence}"
            elif before or not leans:
                points.append(text)
        before = sentence
    return points


def _opening(paragraph: str) -> str:
    """Return the lead of a difficulty and the sentence behind it."""
    return " ".join(_sentences(paragraph)[:2])


def _portions(points: list[str]) -> list[tuple[str, ...]]:
    """Return the sentences in portions that fit on a slide."""
    portions: list[list[str]] = []
    for point in points:
        size = sum(map(len, portions[-1])) if portions else 0
        if not portions or len(portions[-1]) == MOST_POINTS or size + len(point) > MOST_CHARACTERS:
            portions.append([])
        portions[-1].append(point)
    return [tuple(portion) for portion in portions]
