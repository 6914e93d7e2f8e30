"""Files of word vectors: every bit comes back, and broken files are named."""

from __future__ import annotations

import gzip
import os
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pmt_core import DataError, FileProblem, SettingsError
from pmt_text import WordVectors, load_word_vectors, save_word_vectors

ODD = ["\u00a0", "a\u2003", "\ufeffb", "%s", "\t", "x\ry", "\x00", "12", "\u2028", "\U0001f642"]
WORDS = ["the", "of", "naïve", "東京", "a_b"]


def make(v: int = 5, d: int = 4, seed: int = 0) -> WordVectors:
    words = WORDS[:v] if v <= len(WORDS) else [f"w{i}" for i in range(v)]
    rng = np.random.default_rng(seed)
    return WordVectors(words, rng.normal(size=(v, d)).astype(np.float32))


def same(first: WordVectors, second: WordVectors) -> None:
    assert first.words == second.words
    assert second.matrix.dtype == np.float32
    np.testing.assert_array_equal(first.matrix, second.matrix)


@pytest.mark.parametrize("ending", ["bin", "txt", "vec"])
@pytest.mark.parametrize("v", [1, 5, 5000])  # 5,000 are several blocks
def test_a_file_gives_back_every_bit(tmp_path: Path, ending: str, v: int) -> None:
    vectors = make(v, 7)
    path = tmp_path / f"vectors.{ending}"
    save_word_vectors(path, vectors)
    same(vectors, load_word_vectors(path))
    assert os.listdir(tmp_path) == [path.name]


@pytest.mark.parametrize("ending", ["bin", "txt"])
def test_limit_and_gzip(tmp_path: Path, ending: str) -> None:
    vectors = make(5000, 3)
    path = tmp_path / f"v.{ending}"
    save_word_vectors(path, vectors)
    zipped = tmp_path / "v.gz"
    zipped.write_bytes(gzip.compress(path.read_bytes()))
    same(vectors, load_word_vectors(zipped))
    for limit in (1, 2048, 2049, 4999):
        loaded = load_word_vectors(zipped, limit=limit)
        same(WordVectors(vectors.words[:limit], vectors.matrix[:limit]), loaded)
    same(vectors, load_word_vectors(path, limit=5000))
    same(vectors, load_word_vectors(path, limit=9999))
    with pytest.raises(SettingsError, match="limit"):
        load_word_vectors(path, limit=0)


def test_the_forms_that_others_write(tmp_path: Path) -> None:
    """The C program ends a text line by a space and a binary vector by a line end."""
    expected = WordVectors(["</s>", "in"], np.array([[1, -0.5], [0.25, 3e-5]], np.float32))
    values = expected.matrix.astype("<f4")
    contents = {
        "c.txt": b"2 2\n</s> 1.000000 -0.500000 \nin 0.25 3e-05 \n",
        "c.bin": b"2 2\n</s> " + values[0].tobytes() + b"\nin " + values[1].tobytes() + b"\n",
        "glove.txt": b"</s> 1 -.5\nin .25 3e-5\n",
        "windows.txt": b"2 2\r\n</s> 1 -0.5\r\nin 0.25 0.00003\r\n\r\n",
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
        same(expected, load_word_vectors(tmp_path / name))


def loaded(path: Path, content: str | bytes, **options: Any) -> dict[str, list[float]]:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    vectors = load_word_vectors(path, **options)
    return dict(zip(vectors.words, vectors.matrix.tolist(), strict=True))


@pytest.mark.parametrize("header", ["", "2 2\n"])
def test_a_byte_order_mark_and_tabs_are_no_part_of_a_word(tmp_path: Path, header: str) -> None:
    expected = {"the": [1.0, 2.0], "cat": [3.0, 4.5]}
    for text in (
        "\ufeffthe 1 2\ncat 3 4.5\n",
        "\ufeffthe\t1\t2\r\ncat\t3\t4.5\r\n",
        "the\t1 2\ncat\t3 4.5\t\n",
        "the  1  2 \n cat 3 4.5",
    ):
        mark, rest = text[: text.startswith("\ufeff")], text.removeprefix("\ufeff")
        assert loaded(tmp_path / "v.txt", mark + header + rest) == expected


def test_a_word_may_have_blanks(tmp_path: Path) -> None:
    """As in glove.840B; the last numbers are the vector, also if the word ends with a number."""
    text = ". . . 1 2 3\nat name@host 4 5 6\ncat 7 8 9\nNew York\t1 1 1\nWindows 95 1 2 3\n"
    expected = {
        ". . .": [1, 2, 3],
        "at name@host": [4, 5, 6],
        "cat": [7, 8, 9],
        "New York": [1, 1, 1],
        "Windows 95": [1, 2, 3],
    }
    assert loaded(tmp_path / "v.txt", text) == expected
    assert loaded(tmp_path / "v.txt", "5 3\n" + text) == expected
    many = "".join(f"w w{i} {i} {i} {i}\n" for i in range(5000))
    assert len(loaded(tmp_path / "v.txt", text + many)) == 5005


def test_a_limit_above_the_number_of_words_reads_all(tmp_path: Path) -> None:
    path = tmp_path / "v.txt"
    assert loaded(path, "a 1 2\nb 3 4\n", limit=3) == {"a": [1, 2], "b": [3, 4]}
    assert loaded(path, "2 2\na 1 2\nb 3 4\n", limit=3) == {"a": [1, 2], "b": [3, 4]}
    with pytest.raises(DataError, match="header says 3 words, but the file ends after 2"):
        loaded(path, "3 2\na 1 2\nb 3 4\n", limit=3)


def test_a_zip_of_one_file_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "v.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("glove.txt", "a 1 2\nb 3 4\n")
    vectors = load_word_vectors(path)
    assert vectors.words == ("a", "b")


@pytest.mark.parametrize("start", [b"", b"3 2\n", b"a 1 2\n"])
@pytest.mark.parametrize("filler", [b"x", b" ", b"1 ", b"\n"])
def test_a_small_file_cannot_take_the_memory(tmp_path: Path, start: bytes, filler: bytes) -> None:
    path = tmp_path / "v.gz"
    path.write_bytes(gzip.compress(start + filler * (40_000_000 // len(filler))))
    tracemalloc.start()
    with pytest.raises(DataError, match=r"v\.gz(:\d:| expands)"):
        load_word_vectors(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 30e6


def test_lines_may_be_as_long_as_their_width_needs(tmp_path: Path) -> None:
    path = tmp_path / "v.txt"
    width = 200_000  # two megabytes a line; without a header the first is at most one
    row = " ".join(["0.12345678"] * width)
    assert len(loaded(path, f"2 {width}\na {row}\nb {row}\n")["b"]) == width
    with pytest.raises(DataError, match=r":1: a line of a megabyte"):
        loaded(path, f"a {row}\nb {row}\n")
    with pytest.raises(DataError, match=r":3: a line of more than 65,664 bytes"):
        loaded(path, f"2 2\na 1 2\nb {row}\n")


def test_of_a_repeated_word_the_first_vector_counts(tmp_path: Path) -> None:
    path = tmp_path / "v.txt"
    path.write_text("4 1\na 1\na 2\nb 3\na 4\n")
    same(WordVectors(["a", "b"], np.array([[1], [3]], np.float32)), load_word_vectors(path))


def test_a_header_cannot_ask_for_more_memory_than_the_file_accounts_for(tmp_path: Path) -> None:
    path = tmp_path / "v.bin"
    for header in (b"3 99999999999999", b"0 3", b"3 0"):
        path.write_bytes(header + b"\nword " + bytes(40))
        with pytest.raises(DataError, match=r"v\.bin:1: the header says"):
            load_word_vectors(path)
    for size, message in [(11, "within word 2 of 999999999999"), (7, "within word 1 of")]:
        path.write_bytes(b"999999999999 2\na " + np.ones(9, "<f4").tobytes()[:size])
        with pytest.raises(DataError, match=message):
            load_word_vectors(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("2 2\na 1 2\nb 1\n", r":3: expected a word and 2 numbers, .* got 1 numbers: 'b 1'"),
        ("2 2\na 1 2\nb 1 2 3 4\n", r":3: .* got 4 numbers"),  # two lines in one
        ("2 2\na 1 2 3\nb 1 2 3\n", r":2: .* 2 numbers, as the header says, got 3"),
        ("a 1 2\nb 1 2\nc 1\n", r":3: .* got 1 numbers"),
        ("2 2\na 1 2\nb 1 x\n", r":3: expected 2 finite numbers after the word, got '1 x'"),
        ("2 2\na 1 2\nb 1 nan\n", r":3: expected 2 finite numbers"),
        ("a 1 2\nb 1 2\nb 1 -inf\n", r":3: expected 2 finite numbers"),
        ("a 1 2\nb 1 2\nb 1 1e39\n", r":3: expected 2 finite numbers"),
        ("2 2\ra 1 2\rb 1 2\r", r"has CR line ends"),
        ("2 2\r\na 1 2\rb 1 2\rc 3 4\r", r"has CR line ends"),
        ("a 1 2\rb 1 2\r", r"has CR line ends"),
        ("2 2\na 1 2\n\nb 1 2\n", r":3: expected a word, got an empty line"),
        ("2 2\na 1 2\n 1 2\n", r":3: .* got no word"),
        ("3 2\na 1 2\nb 1 2\n", r"the header says 3 words, but the file ends after 2"),
        ("2 2\na 1 2\nb 1 2\nc 1 2\n", r"the header says 2 words, but more follow"),
        ("a word of prose\n", r":1: expected the number of words"),
        ("", "is empty"),
    ],
)
def test_broken_text_is_named_by_line(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "v.txt"
    path.write_text(content)
    with pytest.raises(DataError, match=message):
        load_word_vectors(path)


def test_broken_binary_is_named_by_word_and_byte(tmp_path: Path) -> None:
    path = tmp_path / "v.bin"
    save_word_vectors(path, make(3, 4))
    content = path.read_bytes()  # "3 4\n", then 20, 19 and 6 + 1 + 16 bytes

    def refused(data: bytes, message: str) -> None:
        path.write_bytes(data)
        with pytest.raises(DataError, match=message):
            load_word_vectors(path)

    refused(content[:-1], r"ends within word 3 of 3 \(byte 65\)")
    refused(content[:25], r"ends within word 2 of 3 \(byte 25\)")
    refused(content + b"x", r"goes on behind them \(byte 66\)")
    nan = np.float32(np.nan).tobytes()
    refused(content[:27] + nan + content[31:], "word 2, 'of': a number is not finite")
    refused(content[:24] + b"\xff" + content[25:], r"word 2 of 3 \(byte 24\): .* not UTF-8")
    zipped = gzip.compress(content)
    refused(zipped[:-9], "damaged gzip")


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match="does not exist"):
        load_word_vectors(tmp_path / "gone.bin")
    with pytest.raises(FileProblem, match="directory"):
        load_word_vectors(tmp_path)


def test_what_cannot_be_written_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "v.txt"
    save_word_vectors(path, make())
    before = path.read_bytes()
    for word in ("second words", "line\nend", "", "\ud800"):
        with pytest.raises(DataError, match="cannot be written"):
            save_word_vectors(path, WordVectors([word], np.zeros((1, 2))))
    assert path.read_bytes() == before
    with pytest.raises(SettingsError, match=r"ends in \.bin, \.txt, \.vec"):
        save_word_vectors(tmp_path / "v.csv", make())


@pytest.mark.parametrize("ending", ["bin", "txt"])
def test_words_of_odd_characters_come_back(tmp_path: Path, ending: str) -> None:
    """A text parted at ASCII white space has such words; they must not cost a trained model."""
    vectors = WordVectors(ODD, np.arange(2.0 * len(ODD)).reshape(-1, 2))
    path = tmp_path / f"v.{ending}"
    save_word_vectors(path, vectors)
    same(vectors, load_word_vectors(path))


@pytest.mark.oracle
@pytest.mark.parametrize("ending", ["bin", "txt"])
def test_gensim_reads_what_we_write_and_the_reverse(tmp_path: Path, ending: str) -> None:
    from gensim.models import KeyedVectors

    plain = make(400, 20)
    ours = WordVectors([*ODD, *plain.words[len(ODD) :]], plain.matrix)
    binary = ending == "bin"
    save_word_vectors(tmp_path / f"ours.{ending}", ours)
    theirs = KeyedVectors.load_word2vec_format(str(tmp_path / f"ours.{ending}"), binary=binary)
    np.testing.assert_array_equal(theirs.vectors, ours.matrix)
    theirs.save_word2vec_format(str(tmp_path / f"theirs.{ending}"), binary=binary)
    back = load_word_vectors(tmp_path / f"theirs.{ending}")
    same(ours, back)
    for word in ours.words[:50]:
        loaded = back.neighbors(word, 10)
        expected = theirs.most_similar(word, topn=10)
        assert [w for w, _ in loaded] == [w for w, _ in expected]
        np.testing.assert_allclose(
            [s for _, s in loaded], [s for _, s in expected], rtol=0, atol=1e-6
        )
