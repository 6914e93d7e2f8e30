"""The finals on the assembled solutions, the data they use, and bugs planted into them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from planted import BUGS, Bug

from docs.course.finals import gradients, pairs, run, verse
from docs.course.learn import main
from docs.course.workshop.grading import HEADER, check_of, grade, module_of
from docs.course.workshop.pages import task_of, tasks
from docs.course.workshop.task import WorkshopError
from pmt_core import RandomStream
from pmt_text import load_qqp, split_by_question

ROOT = Path(__file__).resolve().parents[2]


def assembled() -> str:
    return "\n\n".join([HEADER, *(task.solution for task in tasks())])


@pytest.fixture(scope="module")
def mine() -> ModuleType:
    return module_of(assembled())


def ignore(line: str) -> None:
    """Take a line of a report."""


def planted(bug: Bug) -> ModuleType:
    """Return the assembled answers with a bug."""
    solution = task_of(bug.number).solution
    assert solution.count(bug.old) == 1
    source = assembled()
    assert source.count(solution) == 1
    return module_of(source.replace(solution, solution.replace(bug.old, bug.new)))


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.number)
def test_a_planted_bug_is_noticed_by_the_check_of_its_task(bug: Bug) -> None:
    task = task_of(bug.number)
    result = grade(task, planted(bug))
    assert not result.is_right
    assert not result.unfinished
    assert result.known is None, "this bug is a listed wrong answer"
    assert result.message


def test_planted_bugs_are_many_and_no_listed_mutants() -> None:
    assert len(BUGS) >= 10
    assert len({bug.number for bug in BUGS}) >= 10
    for bug in BUGS:
        task = task_of(bug.number)
        listed = [mutant.source(task.solution) for mutant in check_of(task).mutants]
        assert task.solution.replace(bug.old, bug.new) not in listed


def test_the_dev_pairs_are_those_of_the_program() -> None:
    shipped = load_qqp(pairs.SAMPLE).pairs
    rng = RandomStream(1, "split").generator()
    dev_rows = split_by_question(shipped, 0.15, rng)[1]
    _, dev = pairs.read_pairs()
    assert [int(row) for row in pairs.DEV_ROWS.read_text().split()] == dev_rows.tolist()
    assert dev.labels.tolist() == [shipped[i].label for i in dev_rows]
    assert dev.questions[0][0] == pairs.words_of(shipped[dev_rows[0]].question1)


def test_the_answers_judge_question_pairs(mine: ModuleType) -> None:
    lines: list[str] = []
    result = pairs.run_pairs(mine, lines.append, epochs=2)
    assert result.accuracy >= pairs.GOAL
    assert 0.6 < result.overlap < 0.7
    assert result.seconds < pairs.SECONDS
    assert len(lines) == 4


def test_the_answers_learn_to_write(mine: ModuleType) -> None:
    result = verse.run_verse(mine, ignore, steps=40, letters=20)
    assert result.loss < 2.4  # the frequencies of the letters alone give 3.0
    assert result.bits == pytest.approx(result.loss / np.log(2))
    assert result.verse.startswith("\nSo Elsbe sang:\n")
    assert len(result.verse) == len("\nSo Elsbe sang:\n") + 20


def test_the_gradients_of_the_answers_are_those_of_pmt(mine: ModuleType) -> None:
    differences = gradients.differences(mine)
    assert len(differences) >= 40
    assert max(each.error for each in differences) <= gradients.GOAL


@pytest.mark.parametrize("number", ["12.5", "13.2", "13.5"])
def test_a_bug_is_seen_in_the_gradients(number: str) -> None:
    (bug,) = (each for each in BUGS if each.number == number)
    assert max(each.error for each in gradients.differences(planted(bug))) > gradients.GOAL


def test_the_finals_need_answers_that_are_right(mine: ModuleType, tmp_path, capsys) -> None:
    run.check_answers(mine)
    (bug,) = (each for each in BUGS if each.number == "13.5")
    with pytest.raises(WorkshopError, match=r"Not right yet: 13\.5, .*hatch run learn 13\.5"):
        run.check_answers(planted(bug))
    assert main(["--file", str(tmp_path / "mine.py"), "finals"]) == 2
    assert "Begin with: hatch run learn" in capsys.readouterr().err


def test_every_answer_that_the_finals_call_is_a_task() -> None:
    names = {name for task in run.required() for name in task.names}
    assert set(run.NAMES) <= names
    assert "mcnemar" not in names


def test_a_report_says_what_was_passed(mine: ModuleType, monkeypatch) -> None:
    lines: list[str] = []
    monkeypatch.setattr(
        pairs, "run_pairs", lambda mine, say: pairs.PairResult(0.86, 0.63, seconds=9.0)
    )
    monkeypatch.setattr(
        verse, "run_verse", lambda mine, say: verse.VerseResult(1.5, 2.2, "a verse", seconds=60.0)
    )
    assert not run.run_finals(mine, lines.append)
    text = "\n".join(lines)
    assert "\npassed: 0.860 of the dev pairs" in text
    assert "\nnot passed: a held-out letter costs 1.500" in text
    assert "a verse" in text
    assert "\npassed: 40 gradients" in text


ALONE = """
import sys

class OnlyNumPy:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top not in sys.stdlib_module_names and top not in ("numpy", "docs"):
            raise ImportError(f"{name} is not NumPy")

sys.meta_path.insert(0, OnlyNumPy())
from docs.course.finals import pairs, run
from docs.course.workshop.grading import HEADER, module_of
from docs.course.workshop.pages import tasks

mine = module_of("\\n\\n".join([HEADER, *(task.solution for task in tasks())]))
run.check_answers(mine)
print(pairs.run_pairs(mine, lambda line: None, epochs=1, limit=320).accuracy)
"""


def test_the_finals_run_with_numpy_alone() -> None:
    result = subprocess.run(
        [sys.executable, "-c", ALONE], cwd=ROOT, capture_output=True, text=True, timeout=600
    )
    assert result.returncode == 0, result.stderr
    assert 0.3 < float(result.stdout) < 1.0
