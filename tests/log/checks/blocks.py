"""Blocks of code print exactly what the page says, in order, and numbers rather than `True`."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from checks.pages import COMMENT, chapters, name_of, read
from docs.log_blocks import Run, run_page

MOST_BARE = 1 / 3  # of the claimed lines of a chapter


def problems(docs: Path) -> list[str]:
    """Return all outputs that differ from what the pages say."""
    return [problem for path in chapters(docs) for problem in problems_of(path)]


def problems_of(path: Path) -> list[str]:
    """Return the outputs of one page that differ from what it says, and its bare results."""
    run = executed(path)
    name = name_of(path)
    found = [f"{name}: {problem}" for problem in run.problems()]
    if not run.blocks:
        found.append(f"{name}: has no code that runs (```py)")
    if any("```" in comment for comment in COMMENT.findall(read(path))):
        found.append(f"{name}: has code in a comment, which runs and is not shown")
    claims = [line.strip() for line in run.claims() if line.strip()]
    bare = claims.count("True")
    if bare > MOST_BARE * len(claims):
        found.append(f"{name}: {bare} of {len(claims)} results are a bare True")
    return found


def executed(path: Path) -> Run:
    """Run a page, once in a process for each text of it."""
    return _executed(path, read(path))


@cache
def _executed(path: Path, _: str) -> Run:
    return run_page(path)
