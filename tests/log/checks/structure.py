"""A chapter says what it assumes, how long it takes and how to run it, and solves its exercises."""

from __future__ import annotations

import re
from pathlib import Path

from checks.pages import chapters, name_of, read, section

HEAD = re.compile(
    r"\A# [^\n]+\n\n(?P<quote>(?:>[^\n]*\n)+)",
)
PARTS = ("What was difficult", "Exercises", "Solutions", "Literature")
FEWEST = 3  # exercises
SOLUTION = re.compile(r"<details>\s*<summary>Exercise (\d+)</summary>\n\n(.+?)</details>", re.S)


def problems(docs: Path) -> list[str]:
    """Return the chapters without their head, a part of their end, or a solution."""
    return [f"{name_of(path)}: {problem}" for path in chapters(docs) for problem in _of_page(path)]


def _of_page(path: Path) -> list[str]:
    text = read(path)
    found = _head(path, text)
    found += [f"has no section '{part}'" for part in PARTS if section(text, part) is None]
    exercises = re.findall(r"^(\d+)\. ", section(text, "Exercises") or "", re.M)
    solutions = dict(SOLUTION.findall(section(text, "Solutions") or ""))
    if exercises != [str(i + 1) for i in range(len(exercises))] or len(exercises) < FEWEST:
        found.append(f"its exercises are numbered {exercises}; there are at least {FEWEST}")
    found += [
        f"exercise {n} has no solution" for n in exercises if not solutions.get(n, "").strip()
    ]
    found += [f"solution {n} has no exercise" for n in solutions if n not in exercises]
    if "](../../packages/" not in text and "](../../apps/" not in text:
        found.append("shows no source of pmt by a link")
    return found


def _head(path: Path, text: str) -> list[str]:
    head = HEAD.match(text)
    if head is None:
        return ["has no quote directly below its title"]
    quote = " ".join(line.lstrip("> ") for line in head["quote"].splitlines())
    run = path.name[:2] if path.name[:2].isdecimal() else path.stem
    wanted = {
        r"\*\*Assumes\*\*": "what it assumes",
        r"\*\*Time\*\* about \d+ minutes": "how long it takes",
        rf"\*\*Run it\*\*:? `?hatch run log_chapter {run}\b": f"hatch run log_chapter {run}",
    }
    return [
        f"its head does not say: {what}"
        for rule, what in wanted.items()
        if not re.search(rule, quote)
    ]
