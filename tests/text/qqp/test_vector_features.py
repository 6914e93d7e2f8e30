"""Similarity features of word vectors, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from pmt_text import (
    VECTOR_SIMILARITIES,
    PairEncoder,
    VectorSimilarities,
    Vocabulary,
)


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
    features = similarities(encoder.encode(pairs))
    np.testing.assert_array_equal(features[0], features[1])
    np.testing.assert_allclose(features[2], [1, 1, 1, 1, 1, 0, 0], atol=1e-6)
    assert (features[3] == 0).all()
    assert features.dtype == np.float32


@pytest.mark.parametrize("unit", [1e-40, 1e-10, 1e-5, 1e30])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_similarities_do_not_depend_on_the_unit_of_the_vectors(unit, dtype) -> None:
    words = Vocabulary.build([["a", "b", "c"]])
    vectors = np.zeros((8, 2))
    vectors[5:] = [[1, 0.5], [0.25, 2], [3, 3]]
    encoder, weights = PairEncoder(words), np.ones(8)
    pairs = encoder.encode([("a b", "c"), ("b", "a c")])
    expected = VectorSimilarities(vectors, weights)(pairs)
    got = VectorSimilarities((vectors * unit).astype(dtype), weights)(pairs)
    np.testing.assert_allclose(got, expected, rtol=1e-4 if unit == 1e-40 else 1e-5)
