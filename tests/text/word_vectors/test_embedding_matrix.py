from __future__ import annotations

import numpy as np
import pytest

from pmt_core import ShapeError
from pmt_text import SPECIAL_TOKENS, Vocabulary, WordVectors, embedding_matrix

VECTORS = WordVectors(
    ["paris", "in", "Rome", "unused"], np.array([[1, 2], [3, 4], [5, 6], [7, 8]], np.float32)
)
VOCABULARY = Vocabulary([*SPECIAL_TOKENS, "in", "Paris", "rome", "Rome"])


def test_rows_of_known_words_are_written_and_no_others() -> None:
    matrix = np.full((9, 2), -1.0)
    coverage = embedding_matrix(matrix, VOCABULARY, VECTORS)
    assert matrix.tolist() == [[-1, -1]] * 5 + [[3, 4], [-1, -1], [-1, -1], [5, 6]]
    assert (coverage.words, coverage.covered, coverage.missing) == (4, 2, ("Paris", "rome"))
    assert coverage.share == 0.5
    assert str(coverage) == "2 of 4 words have a vector (50.0%)"


def test_lower_case_stands_in_for_a_word_without_a_vector() -> None:
    matrix = np.zeros((9, 2), np.float32)
    coverage = embedding_matrix(matrix, VOCABULARY, VECTORS, fold_case=True)
    assert matrix[5:].tolist() == [[3, 4], [1, 2], [0, 0], [5, 6]]
    assert coverage.missing == ("rome",)  # "Rome" is its upper case, not the other way round


def test_special_tokens_keep_their_rows_and_other_words_in_brackets_have_vectors() -> None:
    vectors = WordVectors(["<unk>", "<3", "in", "<pad>"], np.arange(8.0).reshape(4, 2))
    matrix = np.full((7, 2), -1.0)
    coverage = embedding_matrix(matrix, Vocabulary([*SPECIAL_TOKENS, "<3", "</s>"]), vectors)
    assert matrix.tolist() == [[-1, -1]] * 5 + [[2, 3], [-1, -1]]
    assert (coverage.words, coverage.covered, coverage.missing) == (2, 1, ("</s>",))


def test_plain_words_and_shapes() -> None:
    matrix = np.zeros((2, 2))
    assert embedding_matrix(matrix, ["in", "at"], VECTORS).covered == 1
    for shape in ((3, 2), (2, 3)):
        with pytest.raises(ShapeError, match=r"fill a matrix \(2, 2\)"):
            embedding_matrix(np.zeros(shape), ["in", "at"], VECTORS)
