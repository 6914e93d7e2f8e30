"""What the reader sees: progress, statements, hints and grades."""

from __future__ import annotations

import re

from docs.course.workshop.answers import AnswerFile
from docs.course.workshop.grading import Grade, grade
from docs.course.workshop.pages import COURSE, Task, needed, tasks

_BAR = 30


def states(file: AnswerFile) -> dict[str, Grade]:
    """Return the grade of every task, without looking for known mistakes."""
    answers = file.module()
    return {task.number: grade(task, answers, mutants=()) for task in tasks()}


def next_task(grades: dict[str, Grade]) -> Task | None:
    """Return the first task that is not solved, or None."""
    return next((task for task in tasks() if not grades[task.number].is_right), None)


def show_progress(grades: dict[str, Grade]) -> None:
    """Print how many tasks are solved."""
    solved = sum(each.is_right for each in grades.values())
    filled = round(_BAR * solved / len(grades))
    print(f"[{'#' * filled}{'.' * (_BAR - filled)}] {solved} of {len(grades)} tasks")


def show_list(grades: dict[str, Grade]) -> None:
    """Print all tasks, solved ones with a cross."""
    page = None
    for task in tasks():
        if task.page != page:
            page = task.page
            print(f"\n{page.relative_to(COURSE.parents[1])}")
        state = grades[task.number]
        sign = "x" if state.is_right else " " if state.unfinished else "!"
        print(f"  [{sign}] {task.number:5} {task.title}")
    print("\n[x] solved   [!] has an answer that is not right yet")


def show_task(task: Task, command: str) -> None:
    """Print the statement of a task and where to write the answer."""
    print(f"\n{task.number} {task.title}   ({task.page.relative_to(COURSE.parents[1])})\n")
    print(plain(task.statement))
    hints = f", --hint for one of {len(task.hints)} hints" if task.hints else ""
    print(f"\nThen: {command} {task.number}   (--solution for an answer{hints})")


def show_grade(task: Task, result: Grade, file: AnswerFile, command: str) -> None:
    """Print whether an answer is right, and else what is wrong."""
    if result.is_right:
        print(f"{task.number} {task.title}: right.")
        return
    print(f"{task.number} {task.title}: {'not yet' if result.unfinished else 'wrong'}.\n")
    print(result.message)
    if result.known is None and not result.unfinished:
        answers = file.module()
        for earlier in needed(task):
            if not grade(earlier, answers, mutants=()).is_right:
                print(f"\nIt uses {', '.join(earlier.names)}, which is not right: first do")
                print(f"    {command} {earlier.number}")
                break
    if task.hints:
        print(f"\nA hint: {command} {task.number} --hint")


def plain(markdown: str) -> str:
    """Return Markdown for a terminal: links without their targets, dollars without signs."""
    text = re.sub(r"!\[([^\]]*)\]\([^)]*\)", r"[picture: \1]", markdown)
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)
    return re.sub(r"\$\$?", "", text)
