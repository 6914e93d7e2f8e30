"""Word vectors, in the formats of word2vec and GloVe."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from campaigns.fuzz.mutations.files import Files
from campaigns.fuzz.readers.reader import Reader
from campaigns.fuzz.readers.texts import hostile_texts, texts
from pmt_text import Vocabulary, embedding_matrix, load_word_vectors

_WORDS = ("the", "cat", "größe", "</s>", "3.5", "new_york")


def _rows() -> list[tuple[str, list[float]]]:
    rng = np.random.default_rng(1)
    return [(word, rng.normal(size=4).round(4).tolist()) for word in _WORDS]


def text_samples() -> Iterator[Files]:
    """Yield word vectors as text, with and without a header."""
    lines = [" ".join([word, *map(str, row)]) for word, row in _rows()]
    body = "\n".join(lines) + "\n"
    yield from texts(f"{len(lines)} 4\n{body}", body, body.replace(" ", "\t"))


def _binary_samples() -> Iterator[Files]:
    for end in (b"\n", b""):
        parts = [f"{len(_WORDS)} 4\n".encode()]
        parts += [word.encode() + b" " + struct.pack("<4f", *row) + end for word, row in _rows()]
        yield {"a.bin": b"".join(parts)}


def _binary_hostile() -> Iterator[Files]:
    for header in ("1000000000 300", "3 1000000000", "9" * 18 + " 1", "1 " + "9" * 18):
        yield {"a.bin": header.encode() + b"\na " + bytes(1000)}
    yield {"a.bin": b"x" * (1 << 20)}
    yield {"a.bin": b"a 1 2 3\n" + b"b" * (1 << 20)}


def _read(path: Path) -> None:
    vectors = load_word_vectors(path)
    load_word_vectors(path, limit=2)
    if len(vectors.words) > 1:
        vectors.neighbors(vectors.words[0], 2)
    vocabulary = Vocabulary.build([["the", "cat"]])
    matrix = np.zeros((len(vocabulary), vectors.matrix.shape[1]), np.float32)
    embedding_matrix(matrix, vocabulary, vectors)


VECTOR_READERS: Sequence[Reader] = (
    Reader(
        "vectors-text",
        lambda folder: _read(folder / "a.txt"),
        text_samples,
        ["pmt_text.load_word_vectors"],
        hostile_texts("a.txt"),
    ),
    Reader(
        "vectors-binary",
        lambda folder: _read(folder / "a.bin"),
        _binary_samples,
        ["pmt_text.load_word_vectors"],
        _binary_hostile,
    ),
)
