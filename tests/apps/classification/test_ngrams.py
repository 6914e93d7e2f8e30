"""Tf-idf of n-grams: values by hand, equal to scikit-learn's, kept in JSON."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from pmt_apps.classification.ngrams import (
    NgramOptions,
    NgramTfIdf,
    character_ngrams,
    word_ngrams,
)
from pmt_core import DataError

TEXTS = [text.split() for text in ("a good good film", "a bad film", "no", "")]


def test_ngrams_by_hand() -> None:
    assert [gram for gram, _, _ in word_ngrams(["a", "b", "c"], 2)] == ["a", "b", "c", "a b", "b c"]
    assert [(i, j) for _, i, j in word_ngrams(["a", "b", "c"], 3)][-1] == (0, 3)
    grams = [gram.removeprefix("\t") for gram in character_ngrams("ab", 2, 5)]
    assert grams == [" a", "ab", "b ", " ab", "ab ", " ab "]


def test_values_by_hand() -> None:
    tfidf = NgramTfIdf.learn(TEXTS, NgramOptions(words=1, max_chars=0))
    rows = tfidf.encode(TEXTS)
    names = list(tfidf.idf)
    first = dict(
        zip(rows.ids[: rows.offsets[1]].tolist(), rows.values[: rows.offsets[1]], strict=True)
    )  # type: ignore[index]
    rare, common = np.log(5 / 2) + 1, np.log(5 / 3) + 1
    values = {"a": common, "good": (1 + np.log(2)) * rare, "film": common}
    norm = np.sqrt(sum(v * v for v in values.values()))
    assert {names[i]: v for i, v in first.items()} == pytest.approx(
        {name: v / norm for name, v in values.items()}, rel=1e-6
    )
    assert rows.lengths.tolist() == [3, 3, 1, 0]


def test_unknown_ngrams_count_nothing_and_json_keeps_the_rest() -> None:
    tfidf = NgramTfIdf.learn(TEXTS, NgramOptions(min_count=2, most=7))
    assert len(tfidf) == 7
    again = NgramTfIdf.from_json(tfidf.to_json())
    for rows in (tfidf.encode([["unknown"]]), again.encode([["unknown"]])):
        assert rows.lengths.tolist() == [0]
    np.testing.assert_array_equal(again.encode(TEXTS).values, tfidf.encode(TEXTS).values)
    with pytest.raises(DataError, match="different n-grams"):
        NgramTfIdf.from_json({**tfidf.to_json(), "idf": [1.0]})


def test_shares_add_up_to_the_numbers_of_the_ngrams() -> None:
    tfidf = NgramTfIdf.learn(TEXTS, NgramOptions())
    rows = tfidf.encode(TEXTS)
    numbers = np.random.default_rng(0).normal(size=rows.offsets[1])
    shares = tfidf.shares(TEXTS[0], rows.ids[: rows.offsets[1]], numbers)
    assert shares.shape == (4,)
    assert shares.sum() == pytest.approx(numbers.sum())


@pytest.mark.oracle
def test_the_values_are_those_of_scikit_learn() -> None:
    from sklearn.feature_extraction.text import TfidfVectorizer

    words = [f"w{i}" for i in range(30)]
    rng = np.random.default_rng(1)
    texts = [[words[i] for i in rng.integers(0, 30, n)] for n in rng.integers(1, 12, 50)]
    tfidf = NgramTfIdf.learn(texts, NgramOptions())
    names = np.array(list(tfidf.idf))
    rows = tfidf.encode(texts)
    parts = {
        False: TfidfVectorizer(
            ngram_range=(1, 2), sublinear_tf=True, analyzer="word", tokenizer=str.split,
            token_pattern=None,
        ),
        True: TfidfVectorizer(ngram_range=(2, 5), sublinear_tf=True, analyzer="char_wb"),
    }  # fmt: skip
    for is_character, vectorizer in parts.items():
        matrix = vectorizer.fit_transform([" ".join(text) for text in texts])
        columns = vectorizer.vocabulary_
        chosen = np.array([name.startswith("\t") == is_character for name in names])
        assert chosen.sum() == len(columns)
        for i in range(len(texts)):
            ids = rows.ids[rows.offsets[i] : rows.offsets[i + 1]]
            values = rows.values[rows.offsets[i] : rows.offsets[i + 1]]  # type: ignore[index]
            mine = chosen[ids]
            expected = [matrix[i, columns[names[j].removeprefix("\t")]] for j in ids[mine]]
            np.testing.assert_allclose(values[mine], expected, rtol=1e-5)
            assert matrix[i].nnz == mine.sum()


def test_a_word_of_200_000_characters_takes_little_memory() -> None:
    """Its n-grams are never in memory at once, and are not kept."""
    tfidf = NgramTfIdf.learn(TEXTS, NgramOptions())
    tfidf.encode([["warm"]])
    tracemalloc.start()
    try:
        rows = tfidf.encode([["go" * 100_000]])
        left, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert rows.offsets.tolist()[0] == 0
    assert peak < 25e6
    assert left < 1e6
