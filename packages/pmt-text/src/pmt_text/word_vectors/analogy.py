"""Analogies "a is to b as c is to ?", and files of analogy questions."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from pmt_core import TEXT_LIMITS, DataError, FileLimits, SettingsError
from pmt_text.files.errors import check_at_least
from pmt_text.files.text_lines import TextLines, unusable_line
from pmt_text.word_vectors.word_vectors import Neighbor, WordVectors, best_rows

AnalogyMethod = Literal["add", "mul"]

_METHODS = get_args(AnalogyMethod)
_EPSILON = 1e-6  # keeps 3CosMul from dividing by 0, as in gensim


class AnalogyQuestion(NamedTuple):
    """a is to b as c is to expected."""

    a: str
    b: str
    c: str
    expected: str


@dataclass(frozen=True, slots=True)
class AnalogySection:
    """Questions of one kind, e.g. "capital-world"."""

    name: str
    questions: tuple[AnalogyQuestion, ...]


def load_analogies(
    path: str | os.PathLike[str], *, limits: FileLimits = TEXT_LIMITS
) -> list[AnalogySection]:
    r"""Load the sections of a file in the format of `questions-words.txt`.

    A line `: name` begins a section; each other line is a question of four words. Empty lines and
    sections without questions are skipped.

    Args:
        path: the file.
        limits: of a line and of a compressed file.

    Raises:
        FileProblem: if the file cannot be read.
        DataError: if a line is no question; names the line.

    Examples:
        >>> from pathlib import Path
        >>> from pmt_text import load_analogies
        >>> lines = [": family", "man king woman queen", "boy he girl she"]
        >>> _ = Path("questions.txt").write_text("\n".join(lines))
        >>> family = load_analogies("questions.txt")[0]
        >>> family.name, len(family.questions)
        ('family', 2)
        >>> family.questions[0]
        AnalogyQuestion(a='man', b='king', c='woman', expected='queen')
    """
    sections: list[tuple[str, list[AnalogyQuestion]]] = []
    name, begins = None, False
    with TextLines(path, limits=limits) as lines:
        for number, line in lines:
            where = f"{lines.path}:{number}"
            if line is None:
                reason = unusable_line(limits=limits)
                raise DataError(f"{where}: not UTF-8 ({reason}); convert the file")
            if line.startswith(":"):
                name, begins = line[1:].strip(), True
            elif words := line.split():
                if len(words) != 4 or name is None:
                    heading = "the name of a section, as in `: family`"
                    expected = heading if name is None else "four words"
                    raise DataError(f"{where}: expected {expected}, got {line[:60]!r}")
                if begins:
                    sections.append((name, []))
                    begins = False
                sections[-1][1].append(AnalogyQuestion(*words))
    if not sections:
        raise DataError(f"{os.fspath(path)} has no questions: lines of four words, in sections")
    return [AnalogySection(name, tuple(questions)) for name, questions in sections]


def analogy(
    vectors: WordVectors,
    a: str,
    b: str,
    c: str,
    n: int = 5,
    *,
    method: AnalogyMethod = "add",
    restrict: int | None = None,
) -> list[Neighbor]:
    """Return the n best answers to "a is to b as c is to ?", best first: ("man", "king", "woman").

    None of the three words is an answer.

    Args:
        vectors: of the words.
        a: the first word of the question.
        b: its counterpart.
        c: the word whose counterpart is asked for.
        n: number of answers.
        method: "add" (3CosAdd) or "mul" (3CosMul), see `analogy_scores`.
        restrict: only the first `restrict` words may be answers.

    Raises:
        DataError: if a word has no vector.
        SettingsError: if n is below 1, or the method unknown.

    Examples:
        >>> import numpy as np
        >>> from pmt_text import WordVectors, analogy
        >>> words = ["king", "queen", "man", "woman", "car"]
        >>> vectors = WordVectors(words, np.array([[3, 1], [3, -1], [1, 1], [1, -1], [-1, 0]]))
        >>> analogy(vectors, "man", "king", "woman", 1)[0].word  # man is to king as woman is to ...
        'queen'
    """
    check_at_least(1, n=n)
    rows = [vectors.row_of(word) for word in (a, b, c)]
    cosines = vectors.unit[rows] @ vectors.unit[:restrict].T  # (3, v)
    scores = analogy_scores(cosines[0], cosines[1], cosines[2], method)
    return [Neighbor(vectors.words[i], float(scores[i])) for i in best_rows(scores, n, set(rows))]


def analogy_scores(
    a: NDArray[np.float32], b: NDArray[np.float32], c: NDArray[np.float32], method: AnalogyMethod
) -> NDArray[np.float32]:
    """Return the score of each word w as an answer, from cos(w, a), cos(w, b) and cos(w, c).

    "add" is cos(w, b) - cos(w, a) + cos(w, c), up to a factor the cosine with b - a + c (3CosAdd,
    Mikolov et al. 2013c). "mul" is cos'(w, b) cos'(w, c) / (cos'(w, a) + 1e-6) with
    cos' = (1 + cos) / 2, so that no single term dominates (3CosMul, Levy & Goldberg 2014, eq. 4).
    """
    check_method(method)
    if method == "add":
        return b - a + c
    shifted = [(1 + cosines) / 2 for cosines in (a, b, c)]
    return np.asarray(shifted[1] * shifted[2] / (shifted[0] + _EPSILON), np.float32)


def check_method(method: str) -> None:
    """Raise `SettingsError` if the method is unknown."""
    if method not in _METHODS:
        raise SettingsError(f"method must be one of {', '.join(_METHODS)}, got {method!r}")
