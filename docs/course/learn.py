"""The workshop: shows the next task, checks an answer, and says what is wrong with it.

hatch run learn                  progress, and the next task
hatch run learn 12.3             check the answer to a task, or begin it
hatch run learn 12.3 --hint      a hint; --hint 2 for the second
hatch run learn 12.3 --solution  an answer
hatch run learn 12.3 --reset     begin a task again; the file before is copied
hatch run learn --list           all tasks
hatch run learn finals           what all answers can do together

Answers are written into one file, mine.py. A stub is added to it when a task is begun.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from docs.course.finals.run import run_finals  # noqa: E402
from docs.course.workshop import terminal  # noqa: E402
from docs.course.workshop.answers import AnswerFile  # noqa: E402
from docs.course.workshop.grading import grade  # noqa: E402
from docs.course.workshop.pages import Task, task_of  # noqa: E402
from docs.course.workshop.task import WorkshopError  # noqa: E402

COMMAND = "hatch run learn"


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    described = __doc__ or ""
    made = argparse.ArgumentParser(
        prog=COMMAND,
        description=described,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("task", nargs="?", help="number of a task, e.g. 12.3, or finals")
    made.add_argument("--file", type=Path, default=ROOT / "mine.py", help="the file of answers")
    action = made.add_mutually_exclusive_group()
    action.add_argument("--hint", nargs="?", type=int, const=1, metavar="N", help="show hint N")
    action.add_argument("--solution", action="store_true", help="show an answer")
    action.add_argument("--reset", action="store_true", help="begin the task again")
    action.add_argument("--list", action="store_true", help="show all tasks")
    return made


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return 0, 1 for an answer that is not right, 2 for a wrong call."""
    options = parser().parse_args(arguments)
    try:
        result = _run(options)
        sys.stdout.flush()
        return result
    except BrokenPipeError:  # learn --list | head
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except WorkshopError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nStopped. Nothing was changed.", file=sys.stderr)
        return 130


def _run(options: argparse.Namespace) -> int:
    file = AnswerFile(options.file)
    if options.list:
        terminal.show_list(terminal.states(file))
        return 0
    if options.task is None:
        if options.hint or options.solution or options.reset:
            raise WorkshopError(f"Say of which task, e.g. {COMMAND} 12.3 --hint")
        return _continue(file)
    if options.task == "finals":
        return 0 if run_finals(file.module()) else 1
    task = task_of(options.task)
    if options.hint is not None:
        return _hint(task, options.hint)
    if options.solution:
        print(task.solution, end="")
        return 0
    if options.reset:
        copy = file.reset(task)
        kept = f" The file before is {copy}." if copy else ""
        print(f"{task.number} begins again in {file.path}.{kept}")
        return 0
    return _check(task, file)


def _continue(file: AnswerFile, after: Task | None = None) -> int:
    grades = terminal.states(file)
    terminal.show_progress(grades)
    task = terminal.next_task(grades, file, after)
    if task is None:
        print(f"All tasks are solved. Now: {COMMAND} finals")
        return 0
    _begin(task, file)
    return 0


def _begin(task: Task, file: AnswerFile) -> None:
    given = file.open_task(task)
    if given:
        print("Given, since it is used here: " + ", ".join(each.number for each in given))
    terminal.show_task(task, COMMAND)
    print(f"The stub is in {file.path}.")


def _check(task: Task, file: AnswerFile) -> int:
    if not file.has(task):
        _begin(task, file)
        return 0
    result = grade(task, file.module())
    terminal.show_grade(task, result, file, COMMAND)
    if not result.is_right:
        return 1
    return _continue(file, after=task)


def _hint(task: Task, number: int) -> int:
    if not 1 <= number <= len(task.hints):
        raise WorkshopError(
            f"Task {task.number} has {len(task.hints)} hints; there is no {number}."
        )
    print(terminal.plain(task.hints[number - 1]))
    if number < len(task.hints):
        print(f"\nThe next hint: {COMMAND} {task.number} --hint {number + 1}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
