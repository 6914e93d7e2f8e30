"""The plan for teachers names tasks that exist, all chapters, and pictures of the chapters."""

from __future__ import annotations

import re
from pathlib import Path

from docs.course.workshop.pages import COURSE, pages, tasks

PLAN = (COURSE / "plan.md").read_text(encoding="utf-8")
WEEKS = [row for row in PLAN.splitlines() if re.match(r"\| \d+ \|", row)]


def numbers(text: str) -> list[str]:
    """Return the numbers of tasks in a text, links left out."""
    return re.findall(r"(?<![\w.])\d{1,2}\.\d\b", re.sub(r"\]\([^)]*\)", "]", text))


def test_every_task_of_the_plan_exists() -> None:
    known = {task.number for task in tasks()}
    body = PLAN.replace("Python 3.11", "").replace("CC BY 4.0", "")
    assert set(numbers(body)) <= known
    assert len(set(numbers(body))) > 60


def test_the_weeks_cover_all_chapters_and_set_no_task_twice() -> None:
    assert len(WEEKS) == 12
    read = {name for row in WEEKS for name in re.findall(r"\.\./log/(\d\d-[\w-]+)\.md", row)}
    assert read == {page.stem for page in pages()}
    named = [number for row in WEEKS for number in numbers(row)]
    assert sorted(named) == sorted(set(named))


def test_each_week_shows_a_picture_of_a_chapter_that_it_reads() -> None:
    for row in WEEKS:
        chapters = set(re.findall(r"\.\./log/(\d\d)-", row))
        shown = [Path(name) for name in re.findall(r"\.\./log/img/(\w+\.png)", row)]
        assert shown
        assert {path.name[:2] for path in shown} <= chapters
