from __future__ import annotations

import numpy as np
import pytest

from pmt_core import DataError, SettingsError
from pmt_text import QuestionPair, connected_components, normalize, split_by_question


def _random_pairs(n: int, questions: int, seed: int) -> list[QuestionPair]:
    rng = np.random.default_rng(seed)
    return [
        QuestionPair(f"What is {a}?", f"what is {b} ?", 0, None, None, line)
        for line, (a, b) in enumerate(rng.integers(0, questions, (n, 2)))
    ]


@pytest.mark.parametrize("seed", range(5))
def test_no_question_is_in_train_and_dev(seed: int) -> None:
    pairs = _random_pairs(400, 1000, seed)
    train, dev = split_by_question(pairs, 0.2, np.random.default_rng(seed))
    splits = [
        {normalize(q) for i in indices for q in (pairs[i].question1, pairs[i].question2)}
        for indices in (train, dev)
    ]
    assert not splits[0] & splits[1]
    assert sorted([*train, *dev]) == list(range(400))
    assert train.dtype == dev.dtype == np.int64
    assert (np.diff(train) > 0).all()
    assert (np.diff(dev) > 0).all()
    assert 70 <= len(dev) <= 80


def test_ids_link_pairs_too() -> None:
    pairs = [
        QuestionPair("a", "b", 1, "1", "2", 1),
        QuestionPair("c", "d", 1, "2", "3", 2),
        QuestionPair("e", "f", 1, "4", "5", 3),
        QuestionPair("F", "g", 1, "6", "7", 4),
    ]
    train, dev = split_by_question(pairs, 0.5, np.random.default_rng(0))
    assert {tuple(train), tuple(dev)} == {(0, 1), (2, 3)}


def test_a_chain_longer_than_recursion_allows() -> None:
    n = 20_000
    pairs = [QuestionPair(f"q{i}", f"q{i + 1}", 1, None, None, i) for i in range(n)]
    pairs += [QuestionPair(f"r{i}", f"s{i}", 1, None, None, i) for i in range(n)]
    train, dev = split_by_question(pairs, 0.1, np.random.default_rng(0))
    assert len(dev) == 4000
    assert dev.min() >= n  # the chain is too large for dev
    assert len(train) == 2 * n - 4000


def test_the_split_depends_on_the_generator_alone() -> None:
    pairs = _random_pairs(300, 900, 1)
    first = split_by_question(pairs, 0.3, np.random.default_rng(5))
    second = split_by_question(pairs, 0.3, np.random.default_rng(5))
    other = split_by_question(pairs, 0.3, np.random.default_rng(6))
    np.testing.assert_array_equal(first[1], second[1])
    assert first[1].tolist() != other[1].tolist()


def test_pairs_that_are_all_linked_cannot_be_parted() -> None:
    pairs = [QuestionPair("same", f"q{i}", 0, None, None, i) for i in range(10)]
    with pytest.raises(DataError, match="10 pairs in 1 groups"):
        split_by_question(pairs, 0.5, np.random.default_rng(0))
    with pytest.raises(DataError, match="0 pairs"):
        split_by_question([], 0.5, np.random.default_rng(0))


@pytest.mark.parametrize("fraction", [0, 1, -0.1, 1.5])
def test_wrong_fraction(fraction: float) -> None:
    with pytest.raises(SettingsError, match="dev_fraction"):
        split_by_question(_random_pairs(5, 50, 0), fraction, np.random.default_rng(0))


def test_groups_are_linked_by_text_and_by_id() -> None:
    pairs = [
        QuestionPair("a", "b", 1, "1", "2"),
        QuestionPair("c", "d", 1, "3", "4"),
        QuestionPair("B!", "e", 1, "5", "6"),
        QuestionPair("f", "b", 1, "7", "8"),
        QuestionPair("x", "y", 1, "3", "9"),
    ]
    assert connected_components(pairs).tolist() == [0, 1, 2, 0, 1]
