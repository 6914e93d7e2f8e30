"""Files of analogy questions, in sections, as `questions-words.txt` has them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import NamedTuple

from pmt_core import DataError
from pmt_text.files.text_lines import TextLines

__all__ = ["AnalogyQuestion", "AnalogySection", "load_analogies"]


class AnalogyQuestion(NamedTuple):
    """a is to b as c is to expected."""

    a: str
    b: str
    c: str
    expected: str


@dataclass(frozen=True, slots=True)
class AnalogySection:
    """Questions of one kind.

    Attributes:
        name: e.g. "capital-world". questions: in the order of the file.
    """

    name: str
    questions: tuple[AnalogyQuestion, ...]


def load_analogies(path: str | os.PathLike[str]) -> list[AnalogySection]:
    """The sections of a file: `: name` begins one, every other line is a question of four words.

    Empty lines are passed over. Raises `FileProblem`, and `DataError` that names the line.
    """
    found: list[tuple[str, list[AnalogyQuestion]]] = []
    with TextLines(path) as lines:
        for number, line in lines:
            where = f"{lines.path}:{number}"
            if line is None:
                raise DataError(f"{where}: not UTF-8 text; convert the file")
            if line.startswith(":"):
                found.append((line[1:].strip(), []))
            elif words := line.split():
                if len(words) != 4 or not found:
                    expected = "four words" if found else "the name of a section, as in `: family`"
                    raise DataError(f"{where}: expected {expected}, got {line[:60]!r}")
                found[-1][1].append(AnalogyQuestion(*words))
    if not any(questions for _, questions in found):
        raise DataError(f"{os.fspath(path)} has no questions: lines of four words, in sections")
    return [AnalogySection(name, tuple(questions)) for name, questions in found]
