"""Look-up and nearest neighbors."""

from __future__ import annotations

import numpy as np
import pytest

from pmt_core import DataError, SettingsError, ShapeError
from pmt_text import Neighbor, WordVectors

WORDS = ["the", "of", "naïve", "東京", "a_b"]


def make(v: int = 5, d: int = 4, seed: int = 0) -> WordVectors:
    words = WORDS[:v] if v <= len(WORDS) else [f"w{i}" for i in range(v)]
    rng = np.random.default_rng(seed)
    return WordVectors(words, rng.normal(size=(v, d)).astype(np.float32))


def test_neighbors_by_hand() -> None:
    """East, north-east twice as long, north, west, nothing: cosines are 1/sqrt 2, 0, -1, 0."""
    matrix = np.array([[1, 0], [2, 2], [0, 3], [-1, 0], [0, 0]], np.float32)
    vectors = WordVectors(["e", "ne", "n", "w", "zero"], matrix)
    neighbors = vectors.neighbors("e", 4)
    assert [word for word, _ in neighbors] == ["ne", "n", "zero", "w"]
    assert [value for _, value in neighbors] == pytest.approx([0.5**0.5, 0, 0, -1])
    assert [word for word, _ in vectors.neighbors("e", 9, without=["n", "elsewhere"])] == [
        "ne",
        "zero",
        "w",
    ]
    assert [word for word, _ in vectors.neighbors("e", 9, restrict=2)] == ["ne"]
    assert vectors.neighbors(np.array([0.0, 7.0]), 1)[0] == ("n", 1.0)
    assert vectors.similarity("ne", "n") == pytest.approx(0.5**0.5)


def test_neighbors_are_all_words_sorted_by_cosine() -> None:
    vectors = make(300, 8)
    unit = vectors.matrix / np.linalg.norm(vectors.matrix, axis=1, keepdims=True)
    for n in (1, 17, 299):
        order = np.argsort(-(unit @ unit[3]), kind="stable")[1 : n + 1]
        assert [w for w, _ in vectors.neighbors("w3", n)] == [f"w{i}" for i in order]
    assert len(vectors.neighbors("w3", 1000)) == 299


def test_a_word_that_is_not_there() -> None:
    vectors = make()
    assert "of" in vectors
    assert "off" not in vectors
    assert vectors.find("off") is None
    for ask in (vectors.row_of, vectors.neighbors, vectors.__getitem__):
        with pytest.raises(DataError, match="'off' has no vector; similar words that do: of"):
            ask("off")


def test_what_makes_no_vectors() -> None:
    with pytest.raises(ShapeError, match=r"2 words need a matrix of numbers \(2, d\)"):
        WordVectors(["a", "b"], np.zeros((3, 2)))
    with pytest.raises(DataError, match="'b' occurs twice"):
        WordVectors(["a", "b", "b"], np.zeros((3, 2)))
    with pytest.raises(DataError, match="word 2 of 2 holds numbers not finite"):
        WordVectors(["a", "b"], np.array([[0, 1], [np.nan, 1]]))
    with pytest.raises(ShapeError, match="shape"):
        make().neighbors(np.zeros(3))
    with pytest.raises(SettingsError, match="1 or more"):
        make().neighbors("of", 0)


def test_vectors_do_not_change() -> None:
    vectors = make()
    for array in (vectors.matrix, vectors.unit, vectors["of"]):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


@pytest.mark.parametrize("size", [1e-42, 1e-30, 1e-21, 1.0, 1e19, 3e38])
def test_vectors_of_any_length_have_the_cosine_of_their_directions(size: float) -> None:
    matrix = np.array([[1, 0], [1, 1], [0, 0]]) * np.float32(size)
    vectors = WordVectors(["a", "b", "zero"], matrix.astype(np.float32))
    np.testing.assert_allclose(vectors.similarity("a", "b"), 0.5**0.5, rtol=2e-3)
    assert vectors.similarity("a", "zero") == 0
    ((word, cosine),) = vectors.neighbors(vectors["b"], 1)
    assert word == "b"
    np.testing.assert_allclose(cosine, 1, rtol=2e-3)


def test_a_query_that_is_not_finite_is_refused() -> None:
    vectors = WordVectors(["a"], np.ones((1, 2)))
    with pytest.raises(DataError, match="finite"):
        vectors.neighbors(np.array([np.nan, 1]))


def test_most_similar_to_a_sum_by_hand() -> None:
    words = ["king", "man", "woman", "queen", "tree"]
    matrix = np.array([[3.0, 0, 1], [1, 0, 0], [0, 2, 0], [0, 3, 1], [-1, -1, -1]])
    vectors = WordVectors(words, matrix)
    found = vectors.most_similar(["king", "woman"], ["man"], 2)
    assert [word for word, _ in found] == ["queen", "tree"]
    unit = matrix / np.linalg.norm(matrix, axis=1, keepdims=True)
    total = unit[0] + unit[2] - unit[1]
    assert found[0].similarity == pytest.approx(unit[3] @ total / np.linalg.norm(total), abs=1e-6)

    def alike(first: list[Neighbor], second: list[Neighbor]) -> None:
        assert [word for word, _ in first] == [word for word, _ in second]
        assert [x for _, x in first] == pytest.approx([x for _, x in second], abs=1e-6)

    alike(vectors.most_similar("king"), vectors.neighbors("king"))
    alike(vectors.most_similar(matrix[0]), vectors.neighbors(matrix[0]))
    alike(vectors.most_similar(("king", 2.0)), vectors.neighbors("king"))
    direction = 2 * unit[0] - 1.5 * unit[1]
    expected = vectors.neighbors(direction, 5, without=["king", "man"])
    alike(vectors.most_similar([("king", 2), ("man", -1.5)], n=5), expected)
    alike(vectors.most_similar(("king", 2), ("man", 1.5)), expected)
    assert vectors.most_similar(("king", "woman"), n=1)[0].word == "queen"
    assert vectors.most_similar(negative="king", n=1)[0].word == "tree"
    limited = vectors.most_similar([matrix[3], "king"], restrict=3)
    assert [word for word, _ in limited] == ["woman", "man"]


def test_what_nothing_is_similar_to() -> None:
    vectors = WordVectors(["a", "b"], np.eye(2))
    with pytest.raises(SettingsError, match="got none"):
        vectors.most_similar()
    with pytest.raises(DataError, match="'c' has no vector"):
        vectors.most_similar(["a", "c"])
    with pytest.raises(DataError, match="finite"):
        vectors.most_similar([("a", float("nan"))])
    with pytest.raises(DataError, match="finite"):
        vectors.most_similar(np.array([1, np.inf]))
    with pytest.raises(ShapeError, match="vector"):
        vectors.most_similar([np.ones(3)])
    for n in (0, True, 2.0):
        with pytest.raises(SettingsError, match="whole number"):
            vectors.most_similar("a", n=n)
