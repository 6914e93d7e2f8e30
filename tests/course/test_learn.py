"""The tool of the workshop, as a reader uses it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from docs.course import learn as learn_program
from docs.course.learn import main
from docs.course.workshop.pages import needed, task_of, tasks


@pytest.fixture
def answers(tmp_path: Path) -> Path:
    return tmp_path / "mine.py"


def learn(answers: Path, *arguments: str) -> int:
    return main(["--file", str(answers), *arguments])


def solve(answers: Path, number: str, code: str | None = None) -> None:
    """Write an answer over a stub, by default the solution."""
    task = task_of(number)
    text = answers.read_text()
    assert task.stub in text
    answers.write_text(text.replace(task.stub, task.solution if code is None else code))


def test_the_first_call_shows_the_first_task_and_adds_its_stub(answers, capsys) -> None:
    assert learn(answers) == 0
    first = tasks()[0]
    out = capsys.readouterr().out
    assert f"0 of {len(tasks())} tasks" in out
    assert first.title in out
    assert answers.read_text().endswith(first.stub)


def test_a_right_answer_leads_to_the_next_task(answers, capsys) -> None:
    learn(answers)
    solve(answers, "0.1")
    assert learn(answers, "0.1") == 0
    out = capsys.readouterr().out
    assert "0.1 The slope of a function: right." in out
    assert f"1 of {len(tasks())} tasks" in out
    if len(tasks()) > 1:
        assert tasks()[1].stub in answers.read_text()


def test_a_classical_mistake_is_named(answers, capsys) -> None:
    learn(answers)
    one_sided = "def slope(f, x):\n    return (f(x + 1e-6) - f(x)) / 1e-6\n"
    solve(answers, "0.1", one_sided)
    assert learn(answers, "0.1") == 1
    out = capsys.readouterr().out
    assert "wrong" in out
    assert "one side only" in out
    assert "expected" in out


def test_an_unknown_mistake_is_shown_with_values(answers, capsys) -> None:
    learn(answers)
    solve(answers, "0.1", "def slope(f, x, h=1e-5):\n    return 42.0\n")
    assert learn(answers, "0.1") == 1
    out = capsys.readouterr().out
    assert "expected 6" in out
    assert "got      42" in out


def test_an_error_of_an_answer_is_shown_with_its_line(answers, capsys) -> None:
    learn(answers)
    solve(answers, "0.1", "def slope(f, x, h=1e-5):\n    return f(x) / 0 + undefined\n")
    assert learn(answers, "0.1") == 1
    out = capsys.readouterr().out
    assert "ZeroDivisionError" in out
    assert "mine.py, line" in out


def test_an_answer_that_is_no_python_is_an_error_with_its_line(answers, capsys) -> None:
    learn(answers)
    solve(answers, "0.1", "def slope(f, x, h=1e-5)\n    return 1\n")
    before = answers.read_text()
    assert learn(answers, "0.1") == 2
    assert "line 7" in capsys.readouterr().err
    assert answers.read_text() == before


def test_a_reset_keeps_a_copy(answers, capsys) -> None:
    learn(answers)
    solve(answers, "0.1")
    before = answers.read_text()
    for number in (1, 2):
        assert learn(answers, "0.1", "--reset") == 0
        assert task_of("0.1").stub in answers.read_text()
        copy = answers.with_name(f"mine.py.{number}")
        assert str(copy) in capsys.readouterr().out
        assert copy.read_text() == before
        solve(answers, "0.1")
    assert answers.read_text() == before


def test_a_reset_changes_no_other_answer(answers) -> None:
    for task in tasks()[:3]:
        learn(answers, task.number)
        solve(answers, task.number)
    answers.write_text(answers.read_text() + "\n# my notes\n")
    before = answers.read_text()
    task = tasks()[min(1, len(tasks()) - 1)]
    learn(answers, task.number, "--reset")
    assert answers.read_text() == before.replace(task.solution, task.stub)


def test_a_later_task_brings_what_it_uses(answers, capsys) -> None:
    task = max(tasks(), key=lambda each: len(needed(each)))
    assert learn(answers, task.number) == 0
    text = answers.read_text()
    for earlier in needed(task):
        assert earlier.solution in text
    assert text.endswith(task.stub)
    solve(answers, task.number)
    assert learn(answers, task.number) == 0
    assert "right." in capsys.readouterr().out


def test_hints_and_solutions_are_shown_and_change_nothing(answers, capsys) -> None:
    task = tasks()[0]
    for number in range(1, len(task.hints) + 1):
        assert learn(answers, task.number, "--hint", str(number)) == 0
    assert learn(answers, task.number, "--solution") == 0
    assert task.solution in capsys.readouterr().out
    assert not answers.exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["99.1"], "There is no task 99.1"),
        (["0.1", "--hint", "9"], "there is no 9"),
        (["--solution"], "Say of which task"),
    ],
)
def test_a_wrong_call_says_the_cure(answers, capsys, arguments, message) -> None:
    assert learn(answers, *arguments) == 2
    assert message in capsys.readouterr().err


def test_the_list_shows_all_tasks(answers, capsys) -> None:
    assert learn(answers, "--list") == 0
    out = capsys.readouterr().out
    assert all(f"[ ] {task.number}" in out for task in tasks())


def test_a_folder_as_file_is_an_error(tmp_path: Path, capsys) -> None:
    assert learn(tmp_path) == 2
    assert "cannot be read" in capsys.readouterr().err


def test_an_answer_that_ends_the_program_is_wrong(answers, capsys) -> None:
    learn(answers)
    solve(answers, "0.1", "def slope(f, x):\n    raise SystemExit\n")
    assert learn(answers, "0.1") == 1
    assert "SystemExit" in capsys.readouterr().out


def test_a_pipe_that_is_closed_ends_the_list_quietly(answers) -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    command = [sys.executable, learn_program.__file__, "--file", str(answers), "--list"]
    try:
        done = subprocess.run(command, stdout=write_end, stderr=subprocess.PIPE, timeout=600)
    finally:
        os.close(write_end)
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_reader_who_begins_in_the_middle_goes_on_from_there(answers, capsys) -> None:
    learn(answers)  # begins 0.1
    learn(answers, "6.1")
    solve(answers, "6.1")
    capsys.readouterr()
    learn(answers, "6.1")
    assert "\n6.2 " in capsys.readouterr().out
    learn(answers)
    assert "\n6.2 " in capsys.readouterr().out, "the task that was begun last"
    solve(answers, "6.2")
    learn(answers)
    assert "\n0.1 " in capsys.readouterr().out, "what was begun comes before what was not"
    solve(answers, "0.1")
    learn(answers)
    assert "\n6.3 " in capsys.readouterr().out, "behind the last that is solved"


def test_after_the_last_task_come_those_that_were_left_out(answers, capsys) -> None:
    last = tasks()[-1]
    learn(answers, last.number)
    solve(answers, last.number)
    capsys.readouterr()
    learn(answers, last.number)
    assert f"\n{tasks()[0].number} " in capsys.readouterr().out
