"""Two questions, and whether they ask the same."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["QuestionPair"]


@dataclass(frozen=True, slots=True)
class QuestionPair:
    """One row of a file of question pairs.

    question1, question2: the text as it stands in the file, without its quoting.
    label: 1 duplicate, 0 not, None where the file does not say.
    id1, id2: the ids of the two questions, where the file has them.
    line: the line of the file on which the row begins, counted from 1.
    """

    question1: str
    question2: str
    label: int | None = None
    id1: str | None = None
    id2: str | None = None
    line: int = 0
