"""Evaluate word vectors by the share of analogies they answer correctly."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pmt_text.files.errors import check_at_least
from pmt_text.word_vectors import analogy
from pmt_text.word_vectors.analogy import AnalogyMethod, AnalogyQuestion, AnalogySection
from pmt_text.word_vectors.word_vectors import FoldedWords, WordVectors

_SCORES = 1 << 21  # numbers of a block, which fits into the cache
_COSINES = 1 << 25  # numbers; 128 MB


@dataclass(frozen=True, slots=True)
class AnalogyResult:
    """The result of one section, or of several: numbers of questions and of correct answers.

    answered: number of questions whose words all have a vector; the others do not count.
    """

    name: str
    questions: int
    answered: int
    correct: int

    @property
    def accuracy(self) -> float:
        """Share of the answered questions that is correct; nan if none was answered."""
        return self.correct / self.answered if self.answered else float("nan")

    @property
    def coverage(self) -> float:
        """Share of the questions that was answered."""
        return self.answered / self.questions if self.questions else float("nan")


@dataclass(frozen=True, slots=True)
class AnalogyScores:
    r"""The results of all sections, in the order of the file; `str()` is a table.

    Examples:
        >>> import numpy as np
        >>> from pathlib import Path
        >>> from pmt_text import WordVectors, evaluate_analogies, load_analogies
        >>> words = ["king", "queen", "man", "woman"]
        >>> vectors = WordVectors(words, np.array([[3, 1], [3, -1], [1, 1], [1, -1]]))
        >>> lines = [": family", "man king woman queen", "boy he girl she"]
        >>> _ = Path("questions.txt").write_text("\n".join(lines))
        >>> scores = evaluate_analogies(vectors, load_analogies("questions.txt"))
        >>> scores.total.accuracy, scores.total.coverage
        (1.0, 0.5)
    """

    sections: tuple[AnalogyResult, ...]

    @property
    def total(self) -> AnalogyResult:
        """Result over the questions of all sections."""
        return _sum("total", self.sections)

    @property
    def semantic(self) -> AnalogyResult:
        """Result over the sections about meaning."""
        return _sum("semantic", [s for s in self.sections if not _is_syntactic(s)])

    @property
    def syntactic(self) -> AnalogyResult:
        """Result over the sections about inflection, whose names begin with "gram"."""
        return _sum("syntactic", [s for s in self.sections if _is_syntactic(s)])

    def __str__(self) -> str:
        rows = [*self.sections, self.semantic, self.syntactic, self.total]
        width = max(len(row.name) for row in rows)
        lines = [f"{'section':<{width}}  accuracy   right  answered     of"]
        lines += [
            f"{row.name:<{width}}  {_percent(row.accuracy):>8}  {row.correct:6,}  {row.answered:8,}"
            f"  {row.questions:5,}"
            for row in rows
        ]
        return "\n".join(lines)


def _percent(share: float) -> str:
    return "none" if math.isnan(share) else f"{share:.1%}"


def _is_syntactic(section: AnalogyResult) -> bool:
    return section.name.startswith("gram")


def _sum(name: str, sections: Sequence[AnalogyResult]) -> AnalogyResult:
    counts = [(section.questions, section.answered, section.correct) for section in sections]
    return AnalogyResult(name, *map(sum, zip((0, 0, 0), *counts, strict=True)))


def evaluate_analogies(
    vectors: WordVectors,
    sections: Sequence[AnalogySection],
    *,
    method: AnalogyMethod = "add",
    restrict: int | None = 30_000,
    fold_case: bool = True,
) -> AnalogyScores:
    r"""Answer each question by the word with the highest score, and count the correct answers.

    A question with an unknown word is not answered and does not count. The three words of a
    question are never its answer. gensim's `evaluate_word_analogies` counts the same. The cosines
    of a section are matrix products over its different words, in blocks: memory stays below some
    200 MB for any number of questions.

    Args:
        vectors: of the words.
        sections: of `load_analogies`.
        method: "add" (3CosAdd) or "mul" (3CosMul), see `analogy_scores`.
        restrict: only the first (most frequent) `restrict` words are known, 30,000 in most
            published numbers; None for all.
        fold_case: whether words are compared without regard to case.

    Examples:
        >>> import numpy as np
        >>> from pathlib import Path
        >>> from pmt_text import WordVectors, evaluate_analogies, load_analogies
        >>> words = ["king", "queen", "man", "woman"]
        >>> vectors = WordVectors(words, np.array([[3, 1], [3, -1], [1, 1], [1, -1]]))
        >>> lines = [": family", "man king woman queen", "king man queen woman"]
        >>> _ = Path("questions.txt").write_text("\n".join(lines))
        >>> print(evaluate_analogies(vectors, load_analogies("questions.txt")))
        section    accuracy   right  answered     of
        family       100.0%       2         2      2
        semantic     100.0%       2         2      2
        syntactic      none       0         0      0
        total        100.0%       2         2      2
    """
    analogy.check_method(method)
    check_at_least(1, restrict=restrict)
    words = FoldedWords(vectors, restrict, fold_case)
    results = []
    for section in sections:
        rows = _rows_of(section.questions, words)
        correct = sum(
            _count_correct(vectors, words, block, method) for block in _blocks(rows, words.size)
        )
        results.append(AnalogyResult(section.name, len(section.questions), len(rows), correct))
    return AnalogyScores(tuple(results))


def _rows_of(questions: Iterable[AnalogyQuestion], words: FoldedWords) -> NDArray[np.int64]:
    """Return the rows (q, 4) of the words of the questions whose words are all known."""
    rows = [[words.find(word) for word in question] for question in questions]
    known = [row for row in rows if None not in row]
    return np.array(known, np.int64).reshape(len(known), 4)


def _blocks(rows: NDArray[np.int64], size: int) -> Iterable[NDArray[np.int64]]:
    """Yield groups of questions such that the cosines of their words fit into a block."""
    most = max(_COSINES // max(size, 1), 3)  # words, three of a question
    start, seen = 0, set[int]()
    for i, row in enumerate(rows[:, :3].tolist()):
        if len(seen.union(row)) > most:
            yield rows[start:i]
            start, seen = i, set()
        seen.update(row)
    yield rows[start:]


def _count_correct(
    vectors: WordVectors, words: FoldedWords, rows: NDArray[np.int64], method: AnalogyMethod
) -> int:
    if not len(rows):
        return 0
    given, inverse = np.unique(rows[:, :3], return_inverse=True)
    inverse = inverse.reshape(-1, 3)
    cosines = vectors.unit[given] @ vectors.unit[: words.size].T  # (given words, v)
    step = max(_SCORES // words.size, 1)
    correct = 0
    for start in range(0, len(rows), step):
        a, b, c = inverse[start : start + step].T
        scores = analogy.analogy_scores(cosines[a], cosines[b], cosines[c], method)  # (q, v)
        question = rows[start : start + step]
        np.put_along_axis(scores, question[:, :3], -np.inf, axis=1)
        for i, row in enumerate(question[:, :3].tolist() if words.others else ()):
            for word in row:
                scores[i, words.others.get(word, ())] = -np.inf
        correct += int((words.same[scores.argmax(axis=1)] == question[:, 3]).sum())
    return correct
