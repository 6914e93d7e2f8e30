"""A check accepts every right answer, not only that of the page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs.course.workshop.grading import grade, module_of, solutions_before
from docs.course.workshop.pages import task_of

TEXT = Path(__file__).with_name("other_answers.md").read_text(encoding="utf-8")
ANSWERS = dict(re.findall(r"^## (\d+\.\d+)\n\n```py\n(.*?)^```$", TEXT, re.M | re.S))


@pytest.mark.parametrize("number", ANSWERS)
def test_an_answer_that_is_written_differently_is_right(number: str) -> None:
    task = task_of(number)
    assert ANSWERS[number] != task.solution
    result = grade(task, module_of(f"{solutions_before(task)}\n\n{ANSWERS[number]}"))
    assert result.is_right, result.message
