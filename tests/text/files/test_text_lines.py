from __future__ import annotations

import gzip
import hashlib
import os
from pathlib import Path

import pytest

from pmt_core import DataError, FileProblem, SettingsError
from pmt_text import load_text
from pmt_text.files.text_lines import TextLines


def _read(path: Path) -> list[tuple[int, str | None]]:
    with TextLines(path) as lines:
        return list(lines)


@pytest.mark.parametrize("zipped", [False, True])
def test_lines_numbers_and_hash(tmp_path: Path, zipped: bool) -> None:
    data = b"\xef\xbb\xbfone\r\ntwo\n\n\xff\xfe bad\ncaf\xc3\xa9"
    stored = gzip.compress(data) if zipped else data
    path = tmp_path / "any.name"
    path.write_bytes(stored)
    with TextLines(path) as lines:
        assert list(lines) == [(1, "one"), (2, "two"), (3, ""), (4, None), (5, "café")]
        assert lines.sha256() == hashlib.sha256(stored).hexdigest()


def test_the_hash_is_of_the_whole_file_however_little_was_read(tmp_path: Path) -> None:
    data = b"line\n" * 1_000_000
    path = tmp_path / "long"
    path.write_bytes(data)
    with TextLines(path) as lines:
        assert next(iter(lines)) == (1, "line")
        assert lines.sha256() == hashlib.sha256(data).hexdigest()


def test_a_line_without_end_is_skipped_not_kept(tmp_path: Path) -> None:
    path = tmp_path / "long"
    path.write_bytes(b"a\n" + b"x" * 5_000_000 + b"\nb\n" + b"y" * 2_000_000)
    assert _read(path) == [(1, "a"), (2, None), (3, "b"), (4, None)]


def test_missing_and_folder(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match=r"gone\.tsv': it does not exist; check the path"):
        TextLines(tmp_path / "gone.tsv")
    with pytest.raises(FileProblem, match="is a directory"):
        TextLines(tmp_path)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may read everything")
def test_unreadable(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("x")
    path.chmod(0)
    with pytest.raises(FileProblem, match="cannot read"):
        TextLines(path)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "is empty"),
        (b"\x89PNG\r\n\x1a\n\0\0\0", "binary"),
        ("id\tqid1".encode("utf-16"), "UTF-16"),
        (gzip.compress(b"", mtime=0), "is empty"),
        (gzip.compress(os.urandom(5000))[:-3000], "binary|damaged gzip"),
        (b"\x1f\x8bnot gzip at all", "damaged gzip"),
    ],
)
def test_files_that_are_no_text(tmp_path: Path, data: bytes, says: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(data)
    with pytest.raises(DataError, match=says):
        _read(path)


def test_a_gzip_file_cut_short_is_found_out_while_reading(tmp_path: Path) -> None:
    path = tmp_path / "cut.gz"
    whole = b"".join(b"line %d\n" % i for i in range(300_000))
    path.write_bytes(gzip.compress(whole)[:-5000])
    with pytest.raises(DataError, match="damaged gzip"):
        _read(path)


# --- a text as one string ---


def test_a_text_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes("Erste Zeile\r\n\nñ\n".encode())
    corpus = load_text(path)
    assert corpus.text == "Erste Zeile\n\nñ\n"
    assert (corpus.lines, corpus.warning) == (3, "")
    zipped = tmp_path / "b.txt.gz"
    zipped.write_bytes(gzip.compress(b"one\ntwo"))
    assert load_text(zipped).text == "one\ntwo\n"
    path.write_bytes(b"good\nbad \xff\nfine\n")
    corpus = load_text(path)
    assert corpus.text == "good\nfine\n"
    assert f"{path}:2" in corpus.warning
    path.write_bytes(b"\n \n")
    with pytest.raises(DataError, match="blank lines"):
        load_text(path)
    path.write_bytes(b"\n\xe4 b\n\xe4 c\n")
    with pytest.raises(DataError, match=r"a\.txt:2: .* text in UTF-8: .* its encoding"):
        load_text(path)


def test_an_encoding_with_escapes_is_refused(tmp_path: Path) -> None:
    """It would turn the text "\\ud800" into half of a surrogate pair."""
    path = tmp_path / "a.txt"
    path.write_bytes(b"\\ud800 \\u000a\n")
    assert load_text(path).text == "\\ud800 \\u000a\n"
    for encoding in ("raw_unicode_escape", "unicode_escape", "utf-7", "utf-16", "none"):
        with pytest.raises(SettingsError, match="encoding"):
            load_text(path, encoding)


def test_a_text_may_be_one_line_of_any_length(tmp_path: Path) -> None:
    path = tmp_path / "text8"
    path.write_bytes(b"word " * 500_000)
    corpus = load_text(path)
    assert len(corpus.text) == 2_500_001
    assert (corpus.lines, corpus.warning) == (1, "")
