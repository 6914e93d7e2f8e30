"""Vectors of a file go into a model by word: the way every program takes them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pmt_core import RandomStream
from pmt_nn import Embedding
from pmt_text import (
    PAD,
    UNK,
    Vocabulary,
    WordVectors,
    embedding_matrix,
    load_word_vectors,
    save_word_vectors,
)


@pytest.mark.parametrize("trainable", [True, False])
def test_from_a_file_into_an_embedding(tmp_path: Path, trainable: bool) -> None:
    path = tmp_path / "vectors.bin"
    rng = np.random.default_rng(0)
    save_word_vectors(
        path, WordVectors(["the", "swim", "learn"], rng.normal(size=(3, 4)).astype(np.float32))
    )
    vectors = load_word_vectors(path)
    vocabulary = Vocabulary.build([["Learn", "to", "swim"]])
    first = RandomStream(1, "words").generator().normal(0, 0.1, (len(vocabulary), 4))
    matrix = first.copy()
    coverage = embedding_matrix(matrix, vocabulary, vectors, fold_case=True)
    assert (coverage.covered, coverage.missing) == (2, ("to",))
    layer = Embedding.from_vectors(matrix, trainable=trainable, padding=PAD)
    rows = layer(vocabulary.ids(["Learn", "swim", "to", "chess"])).data
    np.testing.assert_array_equal(rows[0], vectors["learn"])
    np.testing.assert_array_equal(rows[1], vectors["swim"])
    np.testing.assert_allclose(rows[2], first[vocabulary.id_of("to")], rtol=1e-6)
    np.testing.assert_allclose(rows[3], first[UNK], rtol=1e-6)
    assert layer.weight.requires_grad == trainable
