"""The pages of the course: tasks with a statement, a stub, hints and a solution.

A task begins with a heading `## 12.1 Title`. Its stub is a block ```py stub, its solution a block
```py solution, its hints are `<details>` whose summary begins with "Hint".
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from docs.course.workshop.task import WorkshopError

COURSE = Path(__file__).resolve().parents[1]

_HEADING = re.compile(r"^## (?P<number>\d+\.\d+) (?P<title>.+)$", re.M)
_BLOCK = re.compile(r"^```py (?P<kind>stub|solution)\n(?P<code>.*?)^```$", re.M | re.S)
_DETAILS = re.compile(
    r"^<details><summary>(?P<summary>[^<]*)</summary>\n(?P<body>.*?)^</details>$", re.M | re.S
)


@dataclass(frozen=True)
class Task:
    """A task of a page.

    Attributes:
        number: "12.1", the chapter and the position on its page.
        title: of its heading.
        page: the file.
        statement: the Markdown between heading and stub.
        stub: the code that the reader completes.
        hints: from a nudge to nearly the answer.
        solution: the code of a right answer.
    """

    number: str
    title: str
    page: Path
    statement: str
    stub: str
    hints: tuple[str, ...]
    solution: str

    @property
    def names(self) -> tuple[str, ...]:
        """The functions and classes that an answer defines."""
        return defined(self.solution)

    @property
    def key(self) -> tuple[int, int]:
        """The number as two integers, for sorting."""
        chapter, position = self.number.split(".")
        return int(chapter), int(position)


def pages() -> list[Path]:
    """Return the pages with tasks, in order of their chapters."""
    return sorted(COURSE.glob("[0-9][0-9]-*.md"))


@cache
def tasks() -> tuple[Task, ...]:
    """Return all tasks of the course, in order."""
    return tuple(task for page in pages() for task in tasks_of(page))


def task_of(number: str) -> Task:
    """Return the task of a number, e.g. "12.1"."""
    for task in tasks():
        if task.number == number:
            return task
    numbers = ", ".join(task.number for task in tasks())
    raise WorkshopError(f"There is no task {number}. There are: {numbers}.")


def tasks_of(page: Path) -> list[Task]:
    """Return the tasks of a page."""
    text = page.read_text(encoding="utf-8")
    headings = list(_HEADING.finditer(text))
    ends = [heading.start() for heading in headings[1:]] + [len(text)]
    return [_task(page, heading, text[heading.end() : end]) for heading, end in zip(headings, ends)]


def _task(page: Path, heading: re.Match[str], section: str) -> Task:
    codes = {match["kind"]: match["code"] for match in _BLOCK.finditer(section)}
    if sorted(codes) != ["solution", "stub"]:
        raise WorkshopError(f"{page.name}: task {heading['number']} needs a stub and a solution.")
    stub_start = section.index("```py stub\n")
    hints = tuple(
        match["body"].strip()
        for match in _DETAILS.finditer(section)
        if match["summary"].startswith("Hint")
    )
    return Task(
        number=heading["number"],
        title=heading["title"].strip(),
        page=page,
        statement=section[:stub_start].strip(),
        stub=codes["stub"],
        hints=hints,
        solution=codes["solution"],
    )


def defined(source: str) -> tuple[str, ...]:
    """Return the names that a source defines at its top level."""
    names: list[str] = []
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.append(node.name)
        elif isinstance(node, ast.Assign):
            names += [target.id for target in node.targets if isinstance(target, ast.Name)]
    return tuple(names)


def used(source: str) -> set[str]:
    """Return the names that a source reads and does not bind itself."""
    bound: set[str] = set()
    read: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Name):
            (read if isinstance(node.ctx, ast.Load) else bound).add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            bound.add(node.name)
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            bound.add(node.name)
    return read - bound


def needed(task: Task) -> list[Task]:
    """Return the earlier tasks whose names the solution uses, directly or through others."""
    required: set[str] = set()
    queue = [task]
    while queue:
        current = queue.pop()
        names = used(current.solution)
        for earlier in tasks():
            if (
                earlier.key < task.key
                and earlier.number not in required
                and names.intersection(earlier.names)
            ):
                required.add(earlier.number)
                queue.append(earlier)
    return [earlier for earlier in tasks() if earlier.number in required]
