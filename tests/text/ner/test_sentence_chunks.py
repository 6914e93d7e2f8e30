"""Sentences joined and cut for reading."""

from __future__ import annotations

import numpy as np
import pytest

from pmt_core import SettingsError, ShapeError
from pmt_text import SentenceEncoder, TaggedSentence, sentence_chunks

SENTENCES = [
    TaggedSentence(tuple(f"w{i}{j}" for j in range(length)), ("O",) * length)
    for i, length in enumerate([3, 2, 4, 9, 1, 1])
]


@pytest.mark.parametrize(
    ("documents", "join", "max_length", "lengths"),
    [
        ([1, 1, 1, 1, 1, 1], 0, 20, [3, 2, 4, 9, 1, 1]),
        ([1, 1, 1, 1, 1, 1], 6, 20, [5, 4, 9, 2]),
        ([1, 1, 2, 2, 3, 3], 20, 20, [5, 13, 2]),
        ([0, 0, 0, 0, 0, 0], 20, 20, [3, 2, 4, 9, 1, 1]),
        ([1, 1, 1, 1, 1, 1], 0, 4, [3, 2, 4, 3, 3, 3, 1, 1]),
        ([1, 1, 1, 1, 1, 1], 4, 4, [3, 2, 4, 3, 3, 3, 2]),
        ([1, 1, 1, 1, 1, 1], 0, 8, [3, 2, 4, 5, 4, 1, 1]),
    ],
)
def test_parts(documents: list[int], join: int, max_length: int, lengths: list[int]) -> None:
    encoder = SentenceEncoder.learn(SENTENCES)
    encoded = encoder.encode(SENTENCES)
    chunks = sentence_chunks(encoded, documents, join, max_length)
    assert chunks.lengths.tolist() == lengths
    assert chunks.offsets[-1] == len(encoded.words)
    # every word comes once, in its order
    words = [
        word for i in range(len(chunks)) for word in chunks.batch(np.array([i])).words[0].tolist()
    ]
    assert words == encoded.words.tolist()


def test_what_cannot_be() -> None:
    encoded = SentenceEncoder.learn(SENTENCES).encode(SENTENCES)
    with pytest.raises(SettingsError, match="join"):
        sentence_chunks(encoded, [1] * 6, 5, 4)
    with pytest.raises(ShapeError, match="documents"):
        sentence_chunks(encoded, [1] * 5, 0, 4)
