"""N-grams of pairs: what both texts have, what only one has, and how often to be known."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from pmt_core import DataError, SettingsError
from pmt_text import PairNgrams, jaccard, tokenize

TEXTS = ["How do I swim?", "How do I cook rice?", "Why is rice white?", "swim swim swim", ""]
PAIRS = [(a, b) for a in TEXTS for b in TEXTS]


def learned(min_count: int = 1, most: int = 1000) -> PairNgrams:
    return PairNgrams.learn([(tokenize(a), tokenize(b)) for a, b in PAIRS], min_count, most)


def of_kind(text: str, kind: str) -> set[str]:
    """By the definition."""
    tokens = tokenize(text)
    if kind == "words":
        return {" ".join(tokens[i : i + n]) for n in (1, 2) for i in range(len(tokens) - n + 1)}
    joined = " " + " ".join(tokens) + " "
    return {"\t" + joined[i : i + n] for n in (3, 4) for i in range(len(joined) - n + 1)}


def test_pairs_are_what_the_definition_says() -> None:
    ngrams = PairNgrams(learned().ngrams[::2])  # of every kind some are unknown
    bags = ngrams.encode(PAIRS, np.arange(len(PAIRS)) % 2)
    assert bags.labels is not None
    batch = bags.batch(np.arange(len(PAIRS)))
    for i, (first, second) in enumerate(PAIRS):
        dense = np.zeros(2 * len(ngrams))
        np.add.at(dense, batch.ids[i], batch.values[i])
        expected = np.zeros_like(dense)
        for kind in ("words", "characters"):
            a, b = of_kind(first, kind), of_kind(second, kind)
            for number, gram in enumerate(ngrams.ngrams):
                if gram in a and gram in b:
                    expected[2 * number] = 1 / math.sqrt(len(a & b))
                elif gram in a or gram in b:
                    expected[2 * number + 1] = 1 / math.sqrt(len(a - b) + len(b - a))
        np.testing.assert_allclose(dense, expected, atol=1e-7)
        tenth = math.floor(10 * jaccard(tokenize(first), tokenize(second)))
        assert batch.scores[i].tolist() == [float(n == tenth) for n in range(11)]


def test_components_are_in_order_whatever_the_hashes_of_strings() -> None:
    """Sums of a bag would otherwise differ in their last bits from run to run."""
    bags = learned().encode(PAIRS)
    for start, stop in zip(bags.offsets, bags.offsets[1:], strict=False):
        assert (np.diff(bags.ids[start:stop]) > 0).all()


def test_what_is_known_is_frequent_and_the_most_frequent_comes_first() -> None:
    counts = {
        gram: sum(
            gram in of_kind(first, kind) | of_kind(second, kind)
            for first, second in PAIRS
            for kind in ("words", "characters")
        )
        for gram in learned().ngrams
    }
    assert set(learned(10).ngrams) == {gram for gram, count in counts.items() if count >= 10}
    assert 0 < len(learned(10)) < len(learned())
    assert learned().ngrams == sorted(counts, key=lambda gram: (-counts[gram], gram))
    assert learned(most=3).ngrams == learned().ngrams[:3]


def test_progress_counts_the_pairs() -> None:
    steps: list[int] = []
    learned().encode(PAIRS, progress=steps.append)
    assert sum(steps) == len(PAIRS)


def test_json_gives_the_same_back_and_refuses_what_is_broken() -> None:
    ngrams = learned()
    assert PairNgrams.from_json(json.loads(json.dumps(ngrams.to_json()))).ngrams == ngrams.ngrams
    for state in ({}, {"ngrams": "ab"}, {"ngrams": ["a", "a"]}, {"ngrams": [1]}):
        with pytest.raises(DataError):
            PairNgrams.from_json(state)
    with pytest.raises(SettingsError):
        learned(0)
    with pytest.raises(SettingsError):
        learned(1, 0)


def test_nothing_learned_still_encodes() -> None:
    bags = PairNgrams.learn([]).encode([("a", "b"), ("a", "a")])
    assert bags.lengths.tolist() == [0, 0]
    assert bags.scores.argmax(axis=1).tolist() == [0, 10]
