"""Negatives mined out of duplicates."""

from __future__ import annotations

import numpy as np

from pmt_text import (
    QuestionPair,
    connected_components,
    jaccard,
    mine_negatives,
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
    for one, group in zip(PAIRS, connected_components(PAIRS), strict=True):
        group_of[normalize(one.question1)] = group_of[normalize(one.question2)] = group
    found = list(mine_negatives(PAIRS, np.random.default_rng(0)))
    assert found
    for first, second in found:
        assert group_of[normalize(first)] != group_of[normalize(second)]
        assert jaccard(tokenize(first), tokenize(second)) > 0
    firsts = [first for first, _ in found]
    assert firsts == [one.question1 for one in PAIRS if one.question1 in firsts]
    nearest = dict(found)["How do I learn to swim?"]
    assert "learn" in nearest
    assert "sing" in nearest


def test_the_same_stream_gives_the_same_negatives() -> None:
    first, second = (list(mine_negatives(PAIRS, np.random.default_rng(3))) for _ in range(2))
    assert first == second


def test_a_question_like_no_other_gives_none() -> None:
    alone = [pair("alpha beta", "gamma delta"), pair("one two", "three four")]
    assert list(mine_negatives(alone, np.random.default_rng(0))) == []


def test_groups_are_linked_by_text_and_by_id() -> None:
    pairs = [
        pair("a", "b", "1", "2"),
        pair("c", "d", "3", "4"),
        pair("B!", "e", "5", "6"),
        pair("f", "b", "7", "8"),
        pair("x", "y", "3", "9"),
    ]
    assert connected_components(pairs).tolist() == [0, 1, 2, 0, 1]
