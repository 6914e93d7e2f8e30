"""What the reader sees: progress, statements, hints and grades."""

from __future__ import annotations

import re
from textwrap import fill, indent

from docs.course.workshop.answers import AnswerFile
from docs.course.workshop.formula_text import formula_text
from docs.course.workshop.grading import Grade, grade
from docs.course.workshop.pages import COURSE, Task, needed, tasks

_BAR = 30
_DISPLAY = re.compile(r"\$\$(.+?)\$\$|^```math\n(.+?)\n```$", re.S | re.M)
_ONLY_LINKS = re.compile(r"\s+\((?:\[[^\]]*\]\([^)]*\)[,;]?\s*)+\)")
_INLINE = re.compile(r"(?<![`\\])\$([^$`]+)\$")


def states(file: AnswerFile) -> dict[str, Grade]:
    """Return the grade of every task, without looking for known mistakes."""
    answers = file.module()
    return {task.number: grade(task, answers, mutants=()) for task in tasks()}


def next_task(grades: dict[str, Grade], file: AnswerFile, after: Task | None = None) -> Task | None:
    """Return the task to go on with, or None if all are solved.

    It is the first one behind `after` that is not solved; without `after`, the last one that was
    begun, or the first one behind the last that is solved. So a reader may begin anywhere.
    """
    unsolved = [task for task in tasks() if not grades[task.number].is_right]
    if after is None:
        begun = [task for task in unsolved if file.has(task)]
        if begun:
            return begun[-1]
        solved = [task for task in tasks() if grades[task.number].is_right]
        after = solved[-1] if solved else None
    behind = [task for task in unsolved if after is not None and task.key > after.key]
    return next(iter(behind or unsolved), None)


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
    """Return Markdown for a terminal: links without their targets, formulas as text."""
    text = re.sub(r"!\[([^\]]*)\]\([^)]*\)", r"[picture: \1]", markdown)
    text = _ONLY_LINKS.sub("", text)
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)
    text = _DISPLAY.sub(lambda match: indent(formula_text(match[1] or match[2]), "    "), text)
    text = _INLINE.sub(lambda match: formula_text(match[1]), text)
    return "\n\n".join(_filled(block) for block in text.split("\n\n"))


def _filled(block: str) -> str:
    """Return a paragraph in lines of equal length; lists, tables and code as they are."""
    as_it_is = re.search(r"^( {4}|- |[|#]|```|\d+\. )", block, re.M)
    return block if as_it_is else fill(block, 100, break_long_words=False, break_on_hyphens=False)
