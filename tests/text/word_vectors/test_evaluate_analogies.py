"""Analogies and word similarity: by hand, against gensim and scipy, and their files."""

from __future__ import annotations

import itertools
import math
import sys
from pathlib import Path

import numpy as np
import pytest

from pmt_core import DataError, SettingsError, ShapeError
from pmt_text import (
    WordVectors,
    analogy,
    evaluate_analogies,
    evaluate_word_pairs,
    load_analogies,
    load_word_pairs,
    pearson,
    spearman,
)
from pmt_text.word_vectors.analogy import AnalogyQuestion, AnalogySection
from pmt_text.word_vectors.statistics import average_ranks
from pmt_text.word_vectors.word_similarity import WordPair

# Two countries with their capitals, and a decoy: x says which country, y says capital or country.
PLACES = WordVectors(
    ["paris", "france", "berlin", "germany", "other"],
    np.array([[1, 1, 0], [1, 0, 0], [0, 1, 1], [0, 0, 1], [0.1, -1, 0.1]], np.float32),
)
QUESTION = AnalogyQuestion("paris", "france", "berlin", "germany")


def made_up(v: int, d: int, seed: int = 0) -> tuple[WordVectors, list[AnalogySection]]:
    """Pairs of words with a common offset and noise, so that some questions are answered rightly.

    Some words differ from others in case alone, and some questions hold unknown words.
    """
    rng = np.random.default_rng(seed)
    n = v // 2
    base = rng.normal(size=(n, d))
    matrix = np.concatenate([base, base + rng.normal(size=d) + 0.9 * rng.normal(size=(n, d))])
    words = [f"a{i}" for i in range(n)] + [f"b{i}" for i in range(n)]
    for i in range(0, n, 7):
        words[n + i] = f"A{(i + 3) % n}"
    pairs = [(f"a{i}", f"B{i}") for i in rng.integers(0, n + 5, 25)]
    questions = [AnalogyQuestion(*p, *q) for p, q in itertools.permutations(pairs, 2)]
    half = len(questions) // 2
    sections = [
        AnalogySection("capitals", tuple(questions[:half])),
        AnalogySection("gram1", tuple(questions[half:])),
        AnalogySection("unknown", (AnalogyQuestion("x", "y", "z", "w"),)),
    ]
    order = rng.permutation(v)
    return WordVectors([words[i] for i in order], matrix[order].astype(np.float32)), sections


def lowered(sections: list[AnalogySection]) -> list[AnalogySection]:
    """The same questions in lower case."""
    return [
        AnalogySection(s.name, tuple(AnalogyQuestion(*map(str.lower, q)) for q in s.questions))
        for s in sections
    ]


# --- analogies ------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["add", "mul"])
def test_an_analogy_by_hand(method: str) -> None:
    """Germany is what is left of the five: its 3CosAdd score is 0 - 0 + 1/sqrt 2."""
    found = analogy(PLACES, "paris", "france", "berlin", 9, method=method)
    assert [answer.word for answer in found] == ["germany", "other"]
    cosines = {"add": 0 - 0 + 0.5**0.5, "mul": 0.5 * (1 + 0.5**0.5) / 2 / (0.5 + 1e-6)}
    assert found[0].similarity == pytest.approx(cosines[method], abs=1e-6)
    assert analogy(PLACES, "paris", "france", "berlin", 9, restrict=3) == []
    with pytest.raises(DataError, match="'rome' has no vector"):
        analogy(PLACES, "paris", "france", "rome")
    with pytest.raises(SettingsError, match="add, mul"):
        analogy(PLACES, "paris", "france", "berlin", method="div")  # type: ignore[arg-type]


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


def test_the_file_of_questions(tmp_path: Path) -> None:
    path = tmp_path / "q.txt"
    path.write_text(": capital-world\nAthens Greece Paris France\n\n: gram1 x\r\na b c d\n")
    first, second = load_analogies(path)
    assert (first.name, second.name) == ("capital-world", "gram1 x")
    assert first.questions == (("Athens", "Greece", "Paris", "France"),)
    for content, message in [
        (": s\na b c\n", r"q\.txt:2: expected four words, got 'a b c'"),
        ("a b c d\n", r"q\.txt:1: expected the name of a section"),
        (": s\n", "has no questions"),
    ]:
        path.write_text(content)
        with pytest.raises(DataError, match=message):
            load_analogies(path)
    path.write_bytes(b": s\na b c \xff\n")
    with pytest.raises(DataError, match=r"q\.txt:2: not UTF-8"):
        load_analogies(path)


@pytest.mark.data
def test_the_real_questions(data_dir: Path) -> None:
    sections = load_analogies(data_dir / "wordsim" / "questions-words.txt")
    assert len(sections) == 14
    assert sum(len(section.questions) for section in sections) == 19544
    assert sum(section.name.startswith("gram") for section in sections) == 9
    assert sections[0].questions[0] == ("Athens", "Greece", "Baghdad", "Iraq")


# --- similarity -----------------------------------------------------------------------------------


def test_ranks_and_correlations_by_hand() -> None:
    assert average_ranks([10, 30, 20, 30]).tolist() == [1, 3.5, 2, 3.5]
    assert spearman([1, 2, 3], [1, 10, 100]) == pytest.approx(1)
    assert spearman([1, 2, 3], [5, 4, -9]) == pytest.approx(-1)
    # ranks 1 2 3 4 and 1 2.5 2.5 4: covariance 4.5, variances 5 and 4.5
    assert spearman([1, 2, 3, 4], [1, 2, 2, 9]) == pytest.approx(4.5 / math.sqrt(5 * 4.5))
    assert pearson([0, 1, 2], [0, 1, 5]) == pytest.approx(5 / math.sqrt(2 * 14))
    assert math.isnan(spearman([1, 2], [3, 3]))
    assert math.isnan(spearman([], []))
    with pytest.raises(ShapeError, match=r"\(2,\)"):
        spearman([1, 2], [1, 2, 3])


def test_pairs_by_hand() -> None:
    pairs = [
        WordPair("Paris", "france", 9.0),
        WordPair("paris", "Germany", 1.0),
        WordPair("paris", "berlin", 5.0),
        WordPair("paris", "rome", 7.0),
    ]
    scores = evaluate_word_pairs(PLACES, pairs)
    assert scores.spearman == pytest.approx(1)  # cosines 0.71, 0, 0.5
    assert (scores.pairs, scores.answered, scores.coverage) == (4, 3, 0.75)
    assert evaluate_word_pairs(PLACES, pairs, fold_case=False).answered == 1
    assert evaluate_word_pairs(PLACES, pairs, restrict=3).answered == 2


def test_the_file_of_pairs(tmp_path: Path) -> None:
    path = tmp_path / "p.tsv"
    expected = [("love", "sex", 6.77), ("CD", "stock", 1.31)]
    for text in (
        "# a note\n# Word 1\tWord 2\tHuman\nlove\tsex\t6.77\nCD\tstock\t1.31\n",
        "Word 1,Word 2,Human (mean)\nlove,sex,6.77\n\nCD,stock,1.31\n",
        "love sex 6.77\nCD stock 1.31",
    ):
        path.write_text(text)
        assert load_word_pairs(path) == expected
    for text, message in [
        ("a\tb\t1\nc\td\n", r"p\.tsv:2: expected two words and a number"),
        ("a\tb\t1\nc\td\tinf\n", r"p\.tsv:2"),
        ("no pairs here\n", "has no pairs"),
    ]:
        path.write_text(text)
        with pytest.raises(DataError, match=message):
            load_word_pairs(path)


@pytest.mark.data
def test_the_real_pairs(data_dir: Path) -> None:
    pairs = load_word_pairs(data_dir / "wordsim" / "wordsim353.tsv")
    assert len(pairs) == 353
    assert pairs[0] == ("love", "sex", 6.77)


# --- beside others --------------------------------------------------------------------------------


def gensims(vectors: WordVectors):
    from gensim.models import KeyedVectors

    theirs = KeyedVectors(vectors.width)
    theirs.add_vectors(list(vectors.words), vectors.matrix)
    return theirs


@pytest.mark.oracle
@pytest.mark.parametrize("restrict", [60, 250, 300])
def test_analogies_count_as_in_gensim(tmp_path: Path, restrict: int) -> None:
    vectors, sections = made_up(300, 12, seed=restrict)
    path = tmp_path / "q.txt"
    path.write_text(
        "".join(
            f": {section.name}\n" + "".join(" ".join(q) + "\n" for q in section.questions)
            for section in sections
        )
    )
    for fold in (True, False):
        ours = evaluate_analogies(vectors, load_analogies(path), restrict=restrict, fold_case=fold)
        _, theirs = gensims(vectors).evaluate_word_analogies(
            str(path), restrict_vocab=restrict, case_insensitive=fold
        )
        found = {s["section"]: (len(s["correct"]), len(s["incorrect"])) for s in theirs}
        for section in ours.sections:
            correct, incorrect = found[section.name]
            assert (section.correct, section.answered) == (correct, correct + incorrect)


@pytest.mark.oracle
@pytest.mark.filterwarnings("ignore:Call to deprecated")  # of gensim's own
@pytest.mark.parametrize("method", ["add", "mul"])
def test_answers_are_those_of_gensim(method: str) -> None:
    """gensim's evaluation has 3CosAdd alone, but it answers single questions by both."""
    vectors, sections = made_up(300, 40)
    theirs = gensims(vectors)
    ask = theirs.most_similar if method == "add" else theirs.most_similar_cosmul
    lower = lowered(sections)
    known = [q for section in lower for q in section.questions if all(w in vectors for w in q)]
    for a, b, c, _ in known[:60]:
        found = analogy(vectors, a, b, c, 4, method=method)
        expected = ask(positive=[b, c], negative=[a], topn=4)
        assert [answer.word for answer in found] == [word for word, _ in expected]
    ours = evaluate_analogies(vectors, lower, method=method, restrict=None, fold_case=False)
    answers = [ask(positive=[q.b, q.c], negative=[q.a], topn=1)[0][0] for q in known]
    correct = sum(answer == q.expected for answer, q in zip(answers, known, strict=True))
    assert ours.total.correct == correct > 20


@pytest.mark.oracle
def test_pairs_correlate_as_in_gensim_and_scipy(tmp_path: Path) -> None:
    from scipy import stats

    vectors, _ = made_up(300, 12)
    rng = np.random.default_rng(1)
    names = [*vectors.words, "unknown"]
    path = tmp_path / "p.tsv"
    path.write_text(
        "".join(
            f"{names[i]}\t{names[j].upper()}\t{rng.integers(0, 20) / 2}\n"
            for i, j in rng.integers(0, 301, (200, 2))
        )
    )
    ours = evaluate_word_pairs(vectors, load_word_pairs(path))
    r, rho, unknown = gensims(vectors).evaluate_word_pairs(str(path))
    assert ours.pearson == pytest.approx(r[0], abs=1e-6)
    assert ours.spearman == pytest.approx(rho[0], abs=1e-6)
    assert 100 * (1 - ours.coverage) == pytest.approx(unknown)
    x, y = rng.integers(0, 9, (2, 100))
    assert spearman(x, y) == pytest.approx(stats.spearmanr(x, y)[0])
    assert average_ranks(x).tolist() == stats.rankdata(x).tolist()
