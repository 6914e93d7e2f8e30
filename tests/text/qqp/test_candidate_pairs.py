"""Hard negatives mined from duplicates, and pairs of nearest neighbors."""

from __future__ import annotations

import numpy as np
import pytest

from pmt_core import RandomStream, SettingsError, ShapeError
from pmt_text import (
    QuestionPair,
    connected_components,
    jaccard,
    mine_negatives,
    nearest_pairs,
    normalize,
    tokenize,
)


def pair(first: str, second: str, id1: str | None = None, id2: str | None = None) -> QuestionPair:
    return QuestionPair(first, second, 1, id1, id2, 0)


PAIRS = [
    pair("How do I learn to swim?", "What is the best way to learn swimming?"),
    pair("How do I learn to sing?", "What is the best way to learn singing?"),
    pair("Why is the sky blue?", "What makes the sky blue?"),
    pair("How do I learn to SWIM ?", "How can I teach myself to swim?"),
    pair("Who wrote Hamlet?", "Which author wrote Hamlet?"),
]


def test_a_negative_shares_words_but_no_linked_question() -> None:
    group_of = {}
    for each, group in zip(PAIRS, connected_components(PAIRS), strict=True):
        group_of[normalize(each.question1)] = group_of[normalize(each.question2)] = group
    negatives = list(mine_negatives(PAIRS, np.random.default_rng(0)))
    assert negatives
    for first, second in negatives:
        assert group_of[normalize(first)] != group_of[normalize(second)]
        assert jaccard(tokenize(first), tokenize(second)) > 0
    firsts = [first for first, _ in negatives]
    assert firsts == [each.question1 for each in PAIRS if each.question1 in firsts]
    nearest = dict(negatives)["How do I learn to swim?"]
    assert "learn" in nearest
    assert "sing" in nearest


def test_the_same_stream_gives_the_same_negatives() -> None:
    first, second = (list(mine_negatives(PAIRS, np.random.default_rng(3))) for _ in range(2))
    assert first == second


def test_a_question_like_no_other_gives_none() -> None:
    alone = [pair("alpha beta", "gamma delta"), pair("one two", "three four")]
    assert list(mine_negatives(alone, np.random.default_rng(0))) == []


# --- nearest neighbors ---


def stream(seed: int = 1) -> np.random.Generator:
    return RandomStream(seed, "pairs").generator()


def test_partners_are_among_the_nearest_and_of_another_group() -> None:
    rng = np.random.default_rng(5)
    vectors = rng.normal(size=(200, 6))
    groups = rng.integers(0, 50, 200)
    pairs = nearest_pairs(vectors, groups, stream(), nearest=5, each=2)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    cosines = unit @ unit.T
    for a, b in pairs:
        assert groups[a] != groups[b]
        others = np.sort(cosines[a, groups != groups[a]])[::-1]
        assert cosines[a, b] >= others[4] - 1e-6
    assert len({frozenset(pair) for pair in pairs.tolist()}) == len(pairs)
    assert 200 <= len(pairs) <= 400
    assert np.bincount(pairs[:, 0]).max() <= 2
    again = nearest_pairs(vectors, groups, stream(), nearest=5, each=2)
    np.testing.assert_array_equal(again, pairs)


def test_work_is_bounded_and_reported() -> None:
    vectors, done = np.random.default_rng(5).normal(size=(2000, 4)), []
    pairs = nearest_pairs(
        vectors, np.arange(2000), stream(), texts=700, nearest=3, each=1, progress=done.append
    )
    assert len(np.unique(pairs[:, 0])) <= 700
    assert len(np.unique(pairs[:, 1])) <= 700
    assert sum(done) == 700


@pytest.mark.parametrize("n", [0, 1, 3])
def test_few_texts(n: int) -> None:
    """Two of each group have no partner; nobody is paired with a text that does not exist."""
    pairs = nearest_pairs(np.ones((n, 4)), np.zeros(n, int), stream())
    assert pairs.shape == (0, 2)
    three = nearest_pairs(np.eye(3), np.array([0, 0, 1]), stream())
    assert {frozenset(pair) for pair in three.tolist()} <= {frozenset({0, 2}), frozenset({1, 2})}
    assert len(three) == 2


def test_wrong_arguments() -> None:
    with pytest.raises(SettingsError, match="1 or more"):
        nearest_pairs(np.eye(3), np.arange(3), stream(), each=0)
    with pytest.raises(ShapeError, match="3 texts"):
        nearest_pairs(np.eye(3), np.arange(2), stream())
