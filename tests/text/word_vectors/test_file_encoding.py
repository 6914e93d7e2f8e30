"""Files of word vectors whose words are not UTF-8: refused, or read without those bytes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pmt_core import DataError, SettingsError
from pmt_text import load_word_vectors


def test_a_word_that_is_not_utf8_is_named_by_line(tmp_path: Path) -> None:
    path = tmp_path / "v.txt"
    path.write_bytes("2 2\na 1 2\nna\xefve 1 2\n".encode("latin-1"))
    with pytest.raises(DataError, match=r":3: the word .* is not UTF-8"):
        load_word_vectors(path)


# Bytes of a word that are not UTF-8: an e acute in Latin-1, and a character that was cut off.
CUT = [b"caf\xe9", b"cafe", b"\xe6\x9d\xb1\xe4\xba", b"ok", b"caf"]
NUMBERS = np.arange(10, dtype="<f4").reshape(5, 2)


def files_of_cut_words(folder: Path) -> list[Path]:
    """Write the same words and vectors as text, without a header, and as binary."""
    lines = [b"%s %d %d\n" % (word, *row) for word, row in zip(CUT, NUMBERS, strict=True)]
    pairs = zip(CUT, NUMBERS, strict=True)
    contents = {
        "v.txt": b"5 2\n" + b"".join(lines),
        "glove.txt": b"".join(lines),
        "v.bin": b"5 2\n" + b"".join(word + b" " + row.tobytes() for word, row in pairs),
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return [folder / name for name in contents]


def test_bytes_that_are_not_utf8_are_left_out_or_replaced(tmp_path: Path) -> None:
    for path in files_of_cut_words(tmp_path):
        with pytest.raises(DataError, match=r"not UTF-8; .* unicode_errors='replace'"):
            load_word_vectors(path)
        replaced = load_word_vectors(path, unicode_errors="replace")
        assert replaced.words == ("caf\ufffd", "cafe", "東\ufffd", "ok", "caf")
        np.testing.assert_array_equal(replaced.matrix, NUMBERS)
        ignored = load_word_vectors(path, unicode_errors="ignore")
        assert ignored.words == ("caf", "cafe", "東", "ok")  # "caf" occurs twice then
        np.testing.assert_array_equal(ignored.matrix, NUMBERS[:4])
        with pytest.raises(SettingsError, match="unicode_errors is one of strict, ignore, replace"):
            load_word_vectors(path, unicode_errors="xmlcharrefreplace")


@pytest.mark.oracle
@pytest.mark.filterwarnings("ignore:unclosed file", "ignore:Exception ignored")  # gensim's
@pytest.mark.parametrize("errors", ["ignore", "replace"])
def test_gensim_decodes_alike(tmp_path: Path, errors: str) -> None:
    from gensim.models import KeyedVectors

    for path in files_of_cut_words(tmp_path):
        theirs = KeyedVectors.load_word2vec_format(
            str(path),
            binary=path.suffix == ".bin",
            no_header=path.name == "glove.txt",
            unicode_errors=errors,
        )
        ours = load_word_vectors(path, unicode_errors=errors)
        names = [name for name in theirs.index_to_key if name is not None]  # of repeated words
        assert list(ours.words) == names
        np.testing.assert_array_equal(ours.matrix, theirs.vectors[: len(names)])
