"""Pairs of near texts, and similarities by word vectors, against a direct count."""

from __future__ import annotations

import numpy as np
import pytest

from pmt_core import RandomStream, SettingsError, ShapeError
from pmt_text import (
    VECTOR_SIMILARITIES,
    PairEncoder,
    VectorSimilarities,
    Vocabulary,
    nearest_pairs,
)


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


def test_work_is_bounded_and_told_of() -> None:
    vectors, done = np.random.default_rng(5).normal(size=(2000, 4)), []
    pairs = nearest_pairs(
        vectors, np.arange(2000), stream(), texts=700, nearest=3, each=1, progress=done.append
    )
    assert len(np.unique(pairs[:, 0])) <= 700
    assert len(np.unique(pairs[:, 1])) <= 700
    assert sum(done) == 700


@pytest.mark.parametrize("n", [0, 1, 3])
def test_few_texts(n: int) -> None:
    """Two of one group have no partner; nobody is paired with a text that does not exist."""
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


def test_similarities_by_hand() -> None:
    words = Vocabulary.build([["a", "b", "c"]])
    vectors = np.zeros((8, 2))
    vectors[5:] = [[1, 0], [0, 2], [3, 3]]  # a, b, c; mean length (1 + 2 + 18^.5) / 3
    weights = np.array([0, 0, 0, 0, 0, 1.0, 3.0, 2.0])
    encoder, similarities = PairEncoder(words), VectorSimilarities(vectors, weights)
    row = dict(
        zip(
            VECTOR_SIMILARITIES,
            similarities(encoder.encode([("a b", "c zyx")]))[0].tolist(),
            strict=True,
        )
    )
    root = 0.5**0.5  # cosine of c with either
    assert row["cosine of the mean vectors"] == pytest.approx((0.5 + 1) / (1.25**0.5 * 2**0.5))
    name = "best cosine of each word, weighted mean: the lower of both texts"
    assert row[name] == pytest.approx(root)
    scale = (1 + 2 + 18**0.5) / 3
    lower = min(3 * (1 - root) / scale, 18**0.5 * (1 - root) / scale)
    name = "1 - best cosine of each word, sum weighted by length: the lower of both texts"
    assert row[name] == pytest.approx(np.log1p(lower))
    pairs = [("a b", "c a"), ("c a", "a b"), ("a b c", "c b a"), ("zyx", "a")]
    found = similarities(encoder.encode(pairs))
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_allclose(found[2], [1, 1, 1, 1, 1, 0, 0], atol=1e-6)
    assert (found[3] == 0).all()
    assert found.dtype == np.float32
