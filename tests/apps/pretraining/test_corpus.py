"""The corpus of a pre-training: documents, their pieces, compressed text, limits."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from pretraining_text import corpus_of

from pmt_apps.pretraining import training
from pmt_core import DataError
from pmt_text import SEP


def test_documents_are_packed_with_a_separator_after_each(text: Path) -> None:
    corpus = corpus_of(text)
    ids = np.concatenate([corpus.train, corpus.dev])
    documents = np.split(ids, np.flatnonzero(ids == SEP) + 1)[:-1]
    assert len(documents) == 60
    assert [corpus.tokenizer.decode(part) for part in documents[:2]] == [
        "The cat sat on the mat. A dog ran.",
        "The dog sat on a log. A cat ran to the mat.",
    ]
    assert corpus.words == 25 * 30
    assert corpus.pieces_per_word == pytest.approx(len(ids) / corpus.words)


def test_without_empty_lines_each_line_is_a_document(tmp_path: Path) -> None:
    path = tmp_path / "lines.txt"
    path.write_text("the cat sat\nthe dog ran\n" * 50)
    corpus = corpus_of(path)
    assert np.count_nonzero(np.concatenate([corpus.train, corpus.dev]) == SEP) == 100


def test_words_are_encoded_as_the_whole_text_is(tmp_path: Path) -> None:
    path = tmp_path / "odd.txt"
    line = "Zürich's naïve co-op (est. 1999) costs $5.00…\tand\u00a0more 日本 x_y."
    path.write_text((line + "\n\n") * 20)
    corpus = corpus_of(path)
    ids = np.concatenate([corpus.train, corpus.dev])
    first = ids[: int(np.flatnonzero(ids == SEP)[0])]
    assert first.tolist() == corpus.tokenizer.encode(line).tolist()


def test_compressed_text_and_a_limit_of_words(text: Path, tmp_path: Path) -> None:
    packed = tmp_path / "corpus.gz"
    packed.write_bytes(gzip.compress(text.read_bytes()))
    plain, other = corpus_of(text), corpus_of(packed)
    np.testing.assert_array_equal(plain.train, other.train)
    assert corpus_of(text, limit=100).words == 100


def test_a_short_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "short.txt"
    path.write_text("only a few words\n")
    with pytest.raises(DataError, match="too few"):
        corpus_of(path)


def test_continuing_pieces_are_those_without_a_blank_before_them(text: Path) -> None:
    tokenizer = corpus_of(text).tokenizer
    continues = training.continuing_pieces(tokenizer)
    assert continues.shape == (len(tokenizer),)
    for word in ("cat", "catat", "Tht", "dogtheran"):
        first, *others = continues[tokenizer.encode(word)].tolist()
        assert not first
        assert all(others)
    assert continues.any()
