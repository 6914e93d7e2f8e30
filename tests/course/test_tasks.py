"""Every stub fails, every solution passes, every mutant fails with its own message."""

from __future__ import annotations

import builtins

import pytest

from docs.course.workshop.grading import (
    HEADER,
    behavior,
    check_of,
    checks,
    grade,
    module_of,
    solutions_before,
)
from docs.course.workshop.pages import Task, defined, tasks, used
from docs.course.workshop.task import Mutant, same

FEWEST_MUTANTS = 5


def name_of(task: Task) -> str:
    return task.number


def mutants() -> list[tuple[Task, Mutant]]:
    return [(task, mutant) for task in tasks() for mutant in check_of(task).mutants]


@pytest.mark.parametrize("task", tasks(), ids=name_of)
def test_a_task_is_whole(task: Task) -> None:
    assert set(defined(task.stub)) == set(task.names), "stub and solution define the same names"
    assert 1 <= len(task.hints) <= 3
    assert len(task.statement) > 80
    assert len(check_of(task).mutants) >= FEWEST_MUTANTS
    assert f'NotImplementedError("{task.number}")' in task.stub
    assert "import " not in task.solution


@pytest.mark.parametrize("task", tasks(), ids=name_of)
def test_a_solution_uses_only_what_was_defined_before(task: Task) -> None:
    earlier = {name for each in tasks() if each.key < task.key for name in each.names}
    known = {*dir(builtins), "np", *earlier, *task.names}
    assert used(task.solution) <= known
    assert used(task.stub) <= known


@pytest.mark.parametrize("task", tasks(), ids=name_of)
def test_a_stub_fails_and_a_solution_passes(task: Task) -> None:
    before = solutions_before(task)
    stub = grade(task, module_of(f"{before}\n\n{task.stub}"))
    assert stub.unfinished
    assert task.number in stub.message
    solution = grade(task, module_of(f"{before}\n\n{task.solution}"))
    assert solution.is_right, solution.message


@pytest.mark.parametrize("task", tasks(), ids=name_of)
def test_a_check_gives_the_same_observations_each_time(task: Task) -> None:
    answers = module_of(f"{solutions_before(task)}\n\n{task.solution}")
    assert behavior(check_of(task), answers).equals(behavior(check_of(task), answers))


@pytest.mark.parametrize(
    ("task", "mutant"),
    mutants(),
    ids=[f"{task.number}-{number}" for number, (task, _) in enumerate(mutants())],
)
def test_a_mutant_fails_with_its_own_message(task: Task, mutant: Mutant) -> None:
    answers = module_of(f"{solutions_before(task)}\n\n{mutant.source(task.solution)}")
    result = grade(task, answers)
    assert not result.is_right, f"not noticed: {mutant.message}"
    assert result.known is not None, "behaves differently each time"
    assert result.known.message == mutant.message
    assert result.message.startswith(mutant.message)


def test_checks_and_tasks_belong_together() -> None:
    assert set(checks()) == {task.number for task in tasks()}
    numbers = [task.key for task in tasks()]
    assert numbers == sorted(set(numbers))


def test_no_name_is_defined_by_two_tasks() -> None:
    names = [name for task in tasks() for name in task.names]
    assert len(names) == len(set(names))


def test_all_solutions_are_one_module() -> None:
    module = module_of("\n\n".join([HEADER, *(task.solution for task in tasks())]))
    for task in tasks():
        assert grade(task, module, mutants=()).is_right, task.number


@pytest.mark.parametrize(
    ("got", "right"),
    [
        (1.0 + 1e-5, 1.0),
        ([1.0, 2.0], [1.0, 2.0, 3.0]),
        ([[1.0], [2.0]], [1.0, 2.0]),
        (float("nan"), 1.0),
        (float("inf"), 1.0),
        (None, 0.0),
        ("a", "b"),
        (1, True),
        ({"a": 1}, {"b": 1}),
        ([[1.0], [2.0, 3.0]], [1.0, 2.0]),
        (NotImplemented, 1.0),
    ],
)
def test_different_values_are_not_the_same(got: object, right: object) -> None:
    assert not same(got, right)
    assert same(right, right)
