"""Streaming a text, counting it, and encoding it in chunks."""

from __future__ import annotations

import gzip
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from pmt_core import DataError, FileProblem, SettingsError
from pmt_text import TextCorpus, WordCounts, count_words
from pmt_text.word2vec.corpus.token_file import encode_chunks


def words_of(corpus: TextCorpus) -> list[bytes]:
    return [word for words in corpus.word_lists() for word in words]


@pytest.fixture
def long_text(tmp_path: Path) -> tuple[Path, list[str]]:
    """Several blocks of text, with lines, tabs and letters of several bytes."""
    rng = np.random.default_rng(0)
    vocabulary = [f"w{i}é" for i in range(500)] + ["λόγος", "x"]
    words = [vocabulary[i] for i in rng.zipf(1.3, 400_000) % len(vocabulary)]
    spaces = np.array([" ", "\n", "\t", "\r\n", "  "])[rng.integers(0, 5, len(words))]
    path = tmp_path / "long.txt"
    path.write_bytes("".join(w + s for w, s in zip(words, spaces, strict=True)).encode())
    assert path.stat().st_size > 2 << 20
    return path, words


def test_streamed_words_are_those_of_the_whole_text(long_text) -> None:
    path, words = long_text
    assert [word.decode() for word in words_of(TextCorpus(path))] == words


def test_gzip_and_zip_give_the_same_words(long_text, tmp_path: Path) -> None:
    path, words = long_text
    with gzip.open(tmp_path / "odd-name", "wb") as packed:
        packed.write(path.read_bytes())
    with zipfile.ZipFile(tmp_path / "text8.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(path, "text8")
    for name in ("odd-name", "text8.zip"):
        assert [word.decode() for word in words_of(TextCorpus(tmp_path / name))] == words


def test_counts_are_those_of_a_plain_loop(long_text) -> None:
    path, words = long_text
    expected = Counter(words)
    counts = count_words(TextCorpus(path), min_count=20)
    assert dict(zip(counts.words, counts.counts.tolist(), strict=True)) == {
        word: count for word, count in expected.items() if count >= 20
    }
    assert counts.total == len(words)
    assert counts.in_vocabulary == sum(count for count in expected.values() if count >= 20)
    assert np.all(np.diff(counts.counts) <= 0)
    top = count_words(TextCorpus(path), min_count=1, max_words=7)
    assert top.words == counts.words[:7]


def test_bounded_memory_keeps_the_frequent_words(tmp_path: Path) -> None:
    rare = [f"r{i}" for i in range(300_000)]
    text = " ".join(f"the of {word}" for word in rare)
    path = tmp_path / "text.txt"
    path.write_text(text)
    counts = count_words(TextCorpus(path), min_count=2, max_distinct=50_000)
    assert counts.words == ["of", "the"]
    assert counts.counts.tolist() == [300_000, 300_000]


@pytest.mark.parametrize(
    ("words", "counts", "total"),
    [(["a", "a"], [2, 1], 3), (["a"], [2, 1], 3), (["a", "b"], [1, 2], 3), ([], [], 3),
     (["a", "b"], [2, 0], 3), (["a", "b"], [2, 1], 2)],
)  # fmt: skip
def test_inconsistent_counts_are_refused(words, counts, total) -> None:
    with pytest.raises(DataError):
        WordCounts(words, counts, total)


def test_chunks_have_one_length_and_sentence_ids(tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    path.write_text("a b rare a\nb b\n\n" + "a " * 12 + "\nb a")
    corpus = TextCorpus(path, sentences="lines", sentence_words=5)
    counts = count_words(corpus, min_count=2)
    chunks = list(encode_chunks(corpus, counts, 4))
    assert [chunk.number for chunk in chunks] == list(range(len(chunks)))
    assert [len(chunk.words) for chunk in chunks] == [4, 4, 4, 4, 3]
    words = np.concatenate([chunk.words for chunk in chunks])
    text = [counts.words[i] for i in words]
    assert text == ["a", "b", "a", "b", "b"] + ["a"] * 12 + ["b", "a"]
    sentences = np.concatenate([chunk.sentences for chunk in chunks])
    _, lengths = np.unique(sentences, return_counts=True)
    assert lengths.tolist() == [3, 2, 5, 5, 2, 2]


def test_sentences_do_not_depend_on_where_a_block_ends(long_text) -> None:
    path, _ = long_text
    for kind in ("chunks", "lines"):
        corpus = TextCorpus(path, sentences=kind, sentence_words=7)
        counts = count_words(corpus, min_count=1)
        sentences = np.concatenate([p.sentences for p in encode_chunks(corpus, counts, 1000)])
        text = path.read_bytes()
        lines = text.split(b"\n") if kind == "lines" else [text]
        expected = [
            min(7, n - start)
            for n in (len(line.split()) for line in lines)
            for start in range(0, n, 7)
        ]
        assert np.unique(sentences, return_counts=True)[1].tolist() == expected


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b" \n ", "no words"),
        ("a b".encode("utf-16"), "UTF-16"),
        (b"ab\0c", "binary"),
        (b"PK\x03\x04 no zip", "zip"),
        (b"\x1f\x8b no gzip", "gzip"),
        (b"x" * 300_000, "without a space"),
        (b"\xe9t\xe9 " * 50, "UTF-8"),
        (b"one two three", "min_count"),
    ],
)
def test_unusable_files_are_named(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "text.bin"
    path.write_bytes(content)
    with pytest.raises(DataError, match=message) as caught:
        count_words(TextCorpus(path))
    assert str(path) in str(caught.value)


def test_missing_files_folders_and_crowded_archives(tmp_path: Path) -> None:
    for path in (tmp_path / "missing", tmp_path):
        with pytest.raises(FileProblem):
            count_words(TextCorpus(path))
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as archive:
        archive.writestr("a", "a b")
        archive.writestr("b", "a b")
    with pytest.raises(DataError, match="2 files"):
        count_words(TextCorpus(tmp_path / "two.zip"))


@pytest.mark.parametrize("reading", ["cased", "lower"])
def test_punctuation_is_split_off_alike_in_every_block(tmp_path: Path, reading: str) -> None:
    """Ends of words, initials, abbreviations, genitives and numbers, and bytes that are no text."""
    line = "J. Ö. Smith’s U.S. (e.g. 1,000.5%) «Ärzte»: don't--O'Neill's; 3/4.\n"
    expected = "J. Ö . Smith ’s U.S. ( e.g . 0,000.0 % ) « Ärzte » : don't - - O'Neill 's ; 0/0 ."
    if reading == "lower":
        expected = expected.lower()
    path = tmp_path / "text.txt"
    repeats = 3 * (1 << 18) // len(line.encode()) + 1  # of several blocks
    path.write_bytes(line.encode() * repeats + b"bad\xe9 end")
    words = words_of(TextCorpus(path, reading=reading))
    assert b" ".join(words[:-3]).decode() == " ".join([expected] * repeats)
    assert words[-3:] == [b"bad", b"\xe9", b"end"]
    with pytest.raises(SettingsError, match="reading must be one of"):
        TextCorpus(path, reading="upper")
