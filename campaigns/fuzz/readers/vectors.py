"""Word vectors, in the formats of word2vec and GloVe."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from campaigns.fuzz.mutations.files import Files
from campaigns.fuzz.readers.arrays import archive_bytes
from campaigns.fuzz.readers.reader import Reader
from campaigns.fuzz.readers.texts import hostile_texts, texts
from pmt_text import Vocabulary, embedding_matrix, load_subword_vectors, load_word_vectors

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


def _subword_arrays() -> tuple[dict[str, NDArray[np.float32]], dict[str, Any]]:
    rng = np.random.default_rng(2)
    arrays = {
        "vectors": rng.normal(size=(len(_WORDS), 4)).astype(np.float32),
        "buckets": rng.normal(size=(9, 4)).astype(np.float32),
    }
    meta = {"format": "pmt subword vectors", "words": list(_WORDS), "min_n": 3, "max_n": 4}
    return arrays, meta


def _subword_samples() -> Iterator[Files]:
    yield {"a.npz": archive_bytes(".npz", *_subword_arrays())}


def _subword_hostile() -> Iterator[Files]:
    arrays, meta = _subword_arrays()
    changes: tuple[dict[str, Any], ...] = (
        {"words": ["a"] * len(_WORDS)},
        {"words": []},
        {"words": [None] * len(_WORDS)},
        {"min_n": 10**9, "max_n": 10**9},
        {"min_n": -1},
        {"max_n": 1.5},
        {"format": 3},
    )
    for change in changes:
        yield {"a.npz": archive_bytes(".npz", arrays, meta | change)}
    for name, array in (
        ("vectors", np.zeros((0, 4), np.float32)),
        ("buckets", np.zeros((9, 0), np.float32)),
        ("buckets", np.full((9, 4), np.inf, np.float32)),
        ("vectors", np.array("text")),
    ):
        yield {"a.npz": archive_bytes(".npz", {**arrays, name: array}, meta)}


def _read_subwords(path: Path) -> None:
    vectors = load_subword_vectors(path)
    load_subword_vectors(path, limit=2)
    vectors.of(["the", "unseen", "", "größe"])


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
    Reader(
        "vectors-subwords",
        lambda folder: _read_subwords(folder / "a.npz"),
        _subword_samples,
        ["pmt_text.load_subword_vectors"],
        _subword_hostile,
    ),
)
