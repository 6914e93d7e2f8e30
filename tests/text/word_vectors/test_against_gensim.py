"""Analogies and rated word pairs, against gensim and scipy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from analogy_corpus import lowered, made_up

from pmt_text import (
    WordVectors,
    analogy,
    evaluate_analogies,
    evaluate_word_pairs,
    load_analogies,
    load_word_pairs,
    spearman,
)
from pmt_text.word_vectors.statistics import average_ranks


def gensims(vectors: WordVectors):
    from gensim.models import KeyedVectors

    theirs = KeyedVectors(vectors.width)
    theirs.add_vectors(list(vectors.words), vectors.matrix)
    return theirs


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
        answers = analogy(vectors, a, b, c, 4, method=method)
        expected = ask(positive=[b, c], negative=[a], topn=4)
        assert [answer.word for answer in answers] == [word for word, _ in expected]
    ours = evaluate_analogies(vectors, lower, method=method, restrict=None, fold_case=False)
    answers = [ask(positive=[q.b, q.c], negative=[q.a], topn=1)[0][0] for q in known]
    correct = sum(answer == q.expected for answer, q in zip(answers, known, strict=True))
    assert ours.total.correct == correct > 20


@pytest.mark.oracle
def test_sums_of_words_and_vectors_are_those_of_gensim() -> None:
    rng = np.random.default_rng(5)
    words = [f"w{i}" for i in range(60)]
    vectors = WordVectors(words, rng.normal(size=(60, 5)) * rng.uniform(0.1, 9, (60, 1)))
    theirs = gensims(vectors)
    for _ in range(200):

        def queries(most: int, weights: float) -> list:
            kinds = [lambda: words[rng.integers(60)], lambda: rng.normal(size=5).astype("f4")]
            drawn = [kinds[rng.integers(2)]() for _ in range(rng.integers(0, most))]
            return [(x, float(rng.normal())) if rng.random() < weights else x for x in drawn]

        # gensim adds a weighted word of `negative`, which here is subtracted.
        positive, negative = [words[rng.integers(60)], *queries(4, 0.3)], queries(3, 0.0)
        ours = vectors.most_similar(positive, negative, 8)
        expected = theirs.most_similar(positive, negative, topn=8)
        assert [word for word, _ in ours] == [word for word, _ in expected]
        np.testing.assert_allclose([x for _, x in ours], [x for _, x in expected], atol=1e-5)


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
        counts = {s["section"]: (len(s["correct"]), len(s["incorrect"])) for s in theirs}
        for section in ours.sections:
            correct, incorrect = counts[section.name]
            assert (section.correct, section.answered) == (correct, correct + incorrect)


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
