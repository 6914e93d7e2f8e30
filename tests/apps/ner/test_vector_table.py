"""The word vectors of a tagger: words in brackets have vectors, special tokens have none."""

from __future__ import annotations

import numpy as np

from pmt_apps.ner.data import vector_table
from pmt_text import SPECIAL_TOKENS, SentenceEncoder, TaggedSentence, WordVectors, fold_word


def test_only_special_tokens_have_no_vector() -> None:
    vectors = WordVectors(["<unk>", "unk", "<3", "cat"], np.eye(4) * 2)
    encoder = SentenceEncoder.learn(
        [TaggedSentence(("I", "<3", "Cats"), ("O", "O", "O"))],
        further_words=map(fold_word, vectors.words),
    )
    table = vector_table(encoder, vectors)
    n = len(SPECIAL_TOKENS)
    assert not table[:n].any()
    assert table[encoder.words.id_of(fold_word("<3"))].tolist() == [0, 0, 1, 0]
    assert table[encoder.words.id_of("cat")].tolist() == [0, 0, 0, 1]


def test_very_long_vectors_are_scaled_without_an_overflow() -> None:
    encoder = SentenceEncoder.learn([TaggedSentence(("cat", "dog"), ("O", "O"))])
    matrix = np.array([[3e38, 3e38], [0, 1e38]], np.float32)  # squares and lengths overflow
    table = vector_table(encoder, WordVectors(["cat", "dog"], matrix))
    rows = table[encoder.words.ids(["cat", "dog"])]
    mean = np.linalg.norm(matrix.astype(np.float64), axis=1).mean()
    np.testing.assert_allclose(rows, matrix / mean, rtol=1e-6)
