"""Accuracy on analogies: by hand and against gensim."""

from __future__ import annotations

import math
import sys

import numpy as np
import pytest
from analogy_corpus import PLACES, QUESTION, lowered, made_up

from pmt_core import SettingsError
from pmt_text import (
    WordVectors,
    analogy,
    evaluate_analogies,
)
from pmt_text.word_vectors.analogy import AnalogyQuestion, AnalogySection


def test_what_counts_as_answered_and_as_right() -> None:
    sections = [
        AnalogySection("capitals", (QUESTION, AnalogyQuestion("Paris", "FRANCE", "berlin", "x"))),
        AnalogySection("gram1", (AnalogyQuestion("germany", "berlin", "france", "other"),)),
    ]
    scores = evaluate_analogies(PLACES, sections)
    rows = [(s.questions, s.answered, s.correct) for s in scores.sections]
    assert rows == [(2, 1, 1), (1, 1, 0)]
    assert (scores.total.correct, scores.total.answered, scores.total.accuracy) == (1, 2, 0.5)
    assert (scores.semantic.accuracy, scores.syntactic.accuracy) == (1, 0)
    assert scores.total.coverage == pytest.approx(2 / 3)
    strict = evaluate_analogies(PLACES, sections, fold_case=False)
    assert strict.sections[0].answered == 1
    only = evaluate_analogies(PLACES, sections, restrict=3)
    assert only.total.answered == 0
    assert math.isnan(only.total.accuracy)
    assert "none" in str(only).splitlines()[-1]
    assert "nan" not in str(only)
    assert "capitals" in str(scores)
    assert "50.0%" in str(scores).splitlines()[-1]
    with pytest.raises(SettingsError, match="restrict"):
        evaluate_analogies(PLACES, sections, restrict=0)


def test_another_case_of_a_word_asked_about_is_no_answer() -> None:
    """ "Berlin" would be the best answer, were it not the word of the question."""
    matrix = np.array([*PLACES.matrix, [0, 0.01, 1]], np.float32)
    vectors = WordVectors([*PLACES.words, "Berlin"], matrix)
    sections = [AnalogySection("capitals", (QUESTION,))]
    assert evaluate_analogies(vectors, sections).total.correct == 1
    matrix[3] = [0, 0.5, 1]  # germany: farther than Berlin now
    vectors = WordVectors([*PLACES.words, "Berlin"], matrix)
    assert evaluate_analogies(vectors, sections).total.correct == 1
    assert evaluate_analogies(vectors, sections, fold_case=False).total.correct == 0


@pytest.mark.parametrize("method", ["add", "mul"])
def test_blocks_do_not_change_what_is_right(monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    module = sys.modules[
        "pmt_text.word_vectors.evaluate_analogies"
    ]  # hidden by its function elsewhere
    vectors, sections = made_up(300, 40)
    lower = lowered(sections)
    singly = evaluate_analogies(vectors, lower, method=method, fold_case=False).total.correct
    known = [q for section in lower for q in section.questions if all(w in vectors for w in q)]
    answers = [analogy(vectors, q.a, q.b, q.c, 1, method=method)[0].word for q in known]
    right = sum(answer == q.expected for answer, q in zip(answers, known, strict=True))
    assert 0.1 * len(known) < right == singly < len(known)
    whole = evaluate_analogies(vectors, sections, method=method)
    monkeypatch.setattr(module, "_COSINES", 2000)
    monkeypatch.setattr(module, "_SCORES", 1000)
    assert evaluate_analogies(vectors, sections, method=method) == whole
