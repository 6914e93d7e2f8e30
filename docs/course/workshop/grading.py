"""Grade an answer: right, wrong at an observation, or wrong in a known way."""

from __future__ import annotations

import traceback
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from types import CodeType, ModuleType

import numpy as np

from docs.course.workshop.pages import COURSE, Task, tasks
from docs.course.workshop.task import Check, Mutant, Observation, WorkshopError, same

HEADER = "import numpy as np\n"
_RETURNED = (
    "The error came when what your answer returned was used: is it what the statement asks for? "
    "Without a `return` it is None."
)
_SHOWN = 400  # characters of a value in a message


@dataclass(frozen=True)
class Behavior:
    """What a check observed of an answer, and the error that ended it, if one did."""

    observations: tuple[Observation, ...]
    error: str = ""
    line: str = ""
    unfinished: bool = False

    @property
    def is_right(self) -> bool:
        """Whether the check came to its end and every observation is right."""
        return not self.error and all(each.is_right() for each in self.observations)

    def equals(self, other: Behavior) -> bool:
        """Tell whether two answers behaved alike: the same values, or the same error."""
        if len(self.observations) != len(other.observations) or self.error != other.error:
            return False
        return all(
            same(mine.got, theirs.got, max(mine.tolerance, 1e-9))
            for mine, theirs in zip(self.observations, other.observations)
        )


@dataclass(frozen=True)
class Grade:
    """The result of a check.

    Attributes:
        is_right: whether the answer is right.
        unfinished: whether it still raises NotImplementedError.
        message: what is wrong, for the reader; empty for a right answer.
        known: the mutant that the answer behaves like, or None.
    """

    is_right: bool
    unfinished: bool = False
    message: str = ""
    known: Mutant | None = None


@cache
def checks() -> dict[str, Check]:
    """Return the checks of all tasks by number."""
    collected: dict[str, Check] = {}
    for path in sorted((COURSE / "checks").glob("chapter_*.py")):
        module = module_of(path.read_text(encoding="utf-8"), path.stem)
        for check in module.CHECKS:
            if check.number in collected:
                raise WorkshopError(f"{path.name}: there are two checks of task {check.number}.")
            collected[check.number] = check
    return collected


def check_of(task: Task) -> Check:
    """Return the check of a task."""
    if task.number not in checks():
        raise WorkshopError(f"There is no check of task {task.number}.")
    return checks()[task.number]


def module_of(source: str, name: str = "mine") -> ModuleType:
    """Execute the source of answers, or of checks, and return it as a module."""
    module = ModuleType(name)
    exec(compile(source, f"{name}.py", "exec"), module.__dict__)
    return module


def solutions_before(task: Task) -> str:
    """Return the header and the solutions of all tasks before one, as source."""
    earlier = [each.solution for each in tasks() if each.key < task.key]
    return "\n\n".join([HEADER, *earlier])


def behavior(check: Check, answers: ModuleType) -> Behavior:
    """Run a check to its end, or to the first error of the answer."""
    observations: list[Observation] = []
    try:
        with np.errstate(all="ignore"):
            observations.extend(check.observe(answers))
    except (Exception, SystemExit) as error:
        return Behavior(
            tuple(observations),
            error=f"{type(error).__name__}: {error}",
            line=_line(error, answers),
            unfinished=isinstance(error, NotImplementedError),
        )
    return Behavior(tuple(observations))


def _line(error: Exception | SystemExit, answers: ModuleType) -> str:
    """Return the last line of the answers that an error went through."""
    file = f"{answers.__name__}.py"
    frames = [each for each in traceback.extract_tb(error.__traceback__) if each.filename == file]
    return f"{file}, line {frames[-1].lineno}, in {frames[-1].name}" if frames else ""


def grade(task: Task, answers: ModuleType, mutants: Iterable[Mutant] | None = None) -> Grade:
    """Grade the answer to a task; `answers` holds it and all answers that it uses."""
    check = check_of(task)
    missing = [name for name in task.names if not hasattr(answers, name)]
    if missing:
        return Grade(False, True, f"There is no `{missing[0]}` yet.")
    seen = behavior(check, answers)
    if seen.is_right:
        return Grade(True)
    if seen.unfinished:
        number = seen.error.rpartition(" ")[2]  # a stub raises NotImplementedError("12.1")
        return Grade(False, True, f"{number} is not written yet ({seen.line}).")
    known = known_mutant(task, seen, check.mutants if mutants is None else mutants)
    return Grade(False, False, _message(seen, known), known)


def known_mutant(task: Task, seen: Behavior, mutants: Iterable[Mutant]) -> Mutant | None:
    """Return the mutant that behaves as an answer did, or None."""
    return next((each for each in mutants if _behavior_of(task, each).equals(seen)), None)


@cache
def _behavior_of(task: Task, mutant: Mutant) -> Behavior:
    """Return how a known wrong answer to a task behaves, with the solutions before it."""
    answers = ModuleType("mine")
    exec(_compiled_before(task), answers.__dict__)
    exec(compile(mutant.source(task.solution), "mine.py", "exec"), answers.__dict__)
    return behavior(check_of(task), answers)


@cache
def _compiled_before(task: Task) -> CodeType:
    return compile(solutions_before(task), "mine.py", "exec")


def _message(seen: Behavior, known: Mutant | None) -> str:
    lines = [known.message, ""] if known is not None else []
    wrong = next((each for each in seen.observations if not each.is_right()), None)
    if wrong is not None:
        lines += [f"{wrong.label}:", _shown("expected", wrong.right), _shown("got", wrong.got)]
    else:
        right = seen.observations[-1].label if seen.observations else ""
        lines += [f"{seen.error} ({seen.line})" if seen.line else f"{seen.error}\n{_RETURNED}"]
        lines += [f"Right until then: {right}."] if right else []
    return "\n".join(lines)


def _shown(word: str, value: object) -> str:
    """Return a value for a reader: kind and shape if it is an array, and its beginning."""
    if isinstance(value, np.ndarray) and value.ndim:
        with np.printoptions(precision=5, suppress=True, threshold=40, edgeitems=3):
            text = f"array of shape {value.shape}\n{value}"
    elif isinstance(value, float | np.floating):
        text = f"{value:.8g}"
    else:
        text = repr(value)
    text = text if len(text) <= _SHOWN else text[:_SHOWN] + " ..."
    return f"  {word:8} " + text.replace("\n", "\n           ")
