"""The file of answers, `mine.py`: stubs come in, and nothing is lost.

Every change that removes text keeps a copy of the file beside it: `mine.py.1`, `mine.py.2`, and so
on. A new content is written to a temporary file, which then takes the name.
"""

from __future__ import annotations

import ast
import os
from pathlib import Path
from types import ModuleType

from docs.course.workshop.grading import HEADER, module_of
from docs.course.workshop.pages import Task, defined, needed
from docs.course.workshop.task import WorkshopError

BEGINNING = f'"""My Transformer, built task by task."""\n\n{HEADER}'


class AnswerFile:
    """The answers of a reader.

    Args:
        path: of the file; it is made with its header when the first stub is added.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def source(self) -> str:
        """Return the content; the header alone where there is no file yet."""
        try:
            return self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return BEGINNING
        except (OSError, UnicodeDecodeError) as error:
            raise WorkshopError(f"{self.path} cannot be read: {error}") from None

    def module(self) -> ModuleType:
        """Execute the file and return the answers as a module.

        Raises:
            WorkshopError: the file is no Python, or raises an error while it is read.
        """
        try:
            return module_of(self.source(), self.path.stem)
        except SyntaxError as error:
            raise WorkshopError(
                f"{self.path}, line {error.lineno}: {error.msg}. Python cannot read the file."
            ) from None
        except Exception as error:
            raise WorkshopError(
                f"{self.path} stops with {type(error).__name__}: {error}. Code outside of "
                "functions runs whenever the file is read; answers are functions and classes."
            ) from None

    def has(self, task: Task) -> bool:
        """Tell whether the file defines all names of a task."""
        return set(task.names) <= set(self._defined())

    def open_task(self, task: Task) -> list[Task]:
        """Add the stub of a task if the file lacks it, below the answers that it uses.

        Returns:
            The earlier tasks whose solutions were added, since the task uses them and the file
            had no answer.
        """
        given = [earlier for earlier in needed(task) if not self.has(earlier)]
        parts = [_section(each, each.solution, " (given)") for each in given]
        if not self.has(task):
            parts.append(_section(task, task.stub))
        if parts:
            self._write(self.source().rstrip("\n") + "\n" + "".join(parts))
        return given

    def reset(self, task: Task) -> Path | None:
        """Replace the answer of a task by its stub.

        Returns:
            The copy of the file as it was, or None where the file had no answer.
        """
        if not self.has(task):
            self.open_task(task)
            return None
        copy = self._copy()
        lines = self.source().splitlines(keepends=True)
        spans = self._spans(task)
        first = spans[0][0]
        for start, end in reversed(spans):
            del lines[start:end]
        lines.insert(first, task.stub)
        self._write("".join(lines))
        return copy

    def _defined(self) -> tuple[str, ...]:
        self.module()  # for its messages, if it is no Python
        return defined(self.source())

    def _spans(self, task: Task) -> list[tuple[int, int]]:
        """Return the lines [start, end) of the definitions of a task's names."""
        spans = []
        for node in ast.parse(self.source()).body:
            names = defined(ast.unparse(node))
            if set(names) & set(task.names):
                decorators = getattr(node, "decorator_list", [])
                start = min([node.lineno, *(each.lineno for each in decorators)])
                spans.append((start - 1, node.end_lineno or node.lineno))
        return spans

    def _copy(self) -> Path:
        number = 1
        while (copy := self.path.with_name(f"{self.path.name}.{number}")).exists():
            number += 1
        self._write(self.source(), copy)
        return copy

    def _write(self, text: str, path: Path | None = None) -> None:
        path = self.path if path is None else path
        temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        try:
            temporary.write_text(text, encoding="utf-8")
            os.replace(temporary, path)
        except OSError as error:
            temporary.unlink(missing_ok=True)
            raise WorkshopError(f"{path} cannot be written: {error}") from None


def _section(task: Task, code: str, note: str = "") -> str:
    return f"\n\n# {task.number} {task.title}{note}\n{code}"
