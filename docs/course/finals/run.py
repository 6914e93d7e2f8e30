"""Run the finals with the answers of a reader: pairs, a verse, and the gradients of pmt."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterable
from types import ModuleType

from docs.course.finals import pairs, verse
from docs.course.finals.steps import Report
from docs.course.workshop.grading import grade
from docs.course.workshop.pages import Task, needed, tasks
from docs.course.workshop.task import WorkshopError

NAMES = (
    "word_overlap",
    "best_threshold",
    "pair_input",
    "vocabulary",
    "encode",
    "batches",
    "accuracy",
    "parameters",
    "Adam",
    "clip_gradients",
    "warmup_cosine",
    "cross_entropy_op",
    "pair_logits",
    "shift",
    "decoder",
    "log_softmax",
    "bits_per_character",
    "generate",
    "smoothed_cross_entropy_op",
)
"""The answers that the finals call; these use further ones."""


def required() -> list[Task]:
    """Return the tasks whose answers the finals use, in order."""
    direct = [task for task in tasks() if set(task.names) & set(NAMES)]
    numbers = {each.number for task in direct for each in (task, *needed(task))}
    return [task for task in tasks() if task.number in numbers]


def check_answers(mine: ModuleType) -> None:
    """Raise WorkshopError with the tasks that the finals need and that are not right yet."""
    wrong = [task.number for task in required() if not grade(task, mine, mutants=()).is_right]
    if wrong:
        raise WorkshopError(
            f"The finals use the answers to {len(required())} tasks. "
            f"Not right yet: {', '.join(wrong)}. Begin with: hatch run learn {wrong[0]}"
        )


def run_finals(mine: ModuleType, say: Report = print) -> bool:
    """Run all finals, report on each, and tell whether all were passed."""
    check_answers(mine)
    finals: Iterable[Callable[[ModuleType, Report], bool]] = (_pairs, _verse, _gradients)
    return all([final(mine, say) for final in finals])


def _pairs(mine: ModuleType, say: Report) -> bool:
    say("\nFinal 1: do two questions ask the same?")
    result = pairs.run_pairs(mine, say)
    passed = result.accuracy >= pairs.GOAL and result.seconds < pairs.SECONDS
    say(
        f"{_word(passed)}: {result.accuracy:.3f} of the dev pairs are right in "
        f"{result.seconds:.0f} s of one core; asked for: {pairs.GOAL:.2f} in {pairs.SECONDS} s. "
        f"Word overlap: {result.overlap:.3f}."
    )
    return passed


def _verse(mine: ModuleType, say: Report) -> bool:
    say("\nFinal 2: a verse.")
    result = verse.run_verse(mine, say)
    passed = result.loss <= verse.GOAL
    say(result.verse)
    say(
        f"{_word(passed)}: a held-out letter costs {result.loss:.3f} nats; asked for: at most "
        f"{verse.GOAL}. {result.seconds:.0f} s."
    )
    return passed


def _gradients(mine: ModuleType, say: Report) -> bool:
    say("\nFinal 3: the gradients are those of pmt.")
    if importlib.util.find_spec("pmt_nn") is None:
        say("left out: pmt is not installed here (hatch run learn finals has it).")
        return True
    from docs.course.finals import gradients

    differences = gradients.differences(mine)
    worst = max(differences, key=lambda each: each.error)
    passed = worst.error <= gradients.GOAL
    say(
        f"{_word(passed)}: {len(differences)} gradients, the largest difference is "
        f"{worst.error:.0e} ({worst.name}); asked for: at most {gradients.GOAL:.0e}."
    )
    return passed


def _word(passed: bool) -> str:
    return "passed" if passed else "not passed"
