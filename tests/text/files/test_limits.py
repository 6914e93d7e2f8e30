"""Every reader of texts has the limits of `FileLimits`, and an argument that raises them."""

from __future__ import annotations

import gzip
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pmt_core import ARRAY_LIMITS, TEXT_LIMITS, DataError, FileLimits, JsonLimits
from pmt_text import (
    TextCorpus,
    WordPiece,
    load_analogies,
    load_conll,
    load_parallel,
    load_qqp,
    load_text,
    load_word_pairs,
    load_word_vectors,
)
from pmt_text.word_vectors.text_format import MAX_WORD, longest_line

SPECIALS = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n"


def words_of(path: Path, **options: Any) -> int:
    return sum(map(len, TextCorpus(path, **options).word_lists()))


def both(path: Path, **options: Any) -> object:
    return load_parallel(path, path, **options)


# A reader, the beginning of a file, and a piece of text that may follow any number of times.
READERS: dict[str, tuple[Callable[..., object], str, str]] = {
    "qqp": (load_qqp, "", "1\tone\ttwo\t7\n"),
    "parallel": (both, "", "one two\n"),
    "text": (load_text, "", "one two\n"),
    "corpus": (words_of, "", "one two\n"),
    "conll": (load_conll, "", "Lima B-LOC\n\n"),
    "vectors": (load_word_vectors, "", "word 1 2 3\n"),
    "vocabulary": (WordPiece.load, SPECIALS, "\n"),
    "analogies": (load_analogies, ": s\n", "a b c d\n"),
    "pairs": (load_word_pairs, "", "a\tb\t1\n"),
}


def test_the_document_has_the_numbers_of_the_program() -> None:
    text = (Path(__file__).parents[3] / "docs" / "limits.md").read_text(encoding="utf-8")
    text = " ".join(text.split())
    expansions = [
        f"{limits.expansion} n + {limits.allowance >> 20} MiB"
        for limits in (TEXT_LIMITS, ARRAY_LIMITS)
    ]
    json = JsonLimits()
    for words in (
        f"| {' | '.join(expansions)} |",
        f"a line is shorter than | {(TEXT_LIMITS.line or 0) >> 20} MiB |",
        f"{json.bytes >> 20} MiB; {json.elements:,} values, and one more for each "
        f"{json.bytes_per_element} bytes; {json.depth} levels",
        f"a line above {MAX_WORD >> 10} KiB + {longest_line(2) - longest_line(1)} bytes a number",
    ):
        assert words in text, words


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("packing", ["gzip", "zip"])
def test_a_compressed_file_may_expand_within_limits(
    tmp_path: Path, name: str, packing: str
) -> None:
    read, start, line = READERS[name]
    text = start + line * 20_000
    path = tmp_path / "packed"
    if packing == "gzip":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("text", text)
    read(path)
    few = FileLimits(expansion=2, allowance=1000)
    with pytest.raises(DataError, match="expands to more than"):
        read(path, limits=few)
    read(path, limits=FileLimits(expansion=2, allowance=len(text)))


@pytest.mark.parametrize("name", ["qqp", "parallel", "conll", "analogies", "pairs", "vocabulary"])
def test_a_line_may_be_as_long_as_the_limit(tmp_path: Path, name: str) -> None:
    read, start, _ = READERS[name]
    path = tmp_path / "text"
    word = "x" * 3000
    longer = {"analogies": f"{word} b c d\n", "pairs": f"{word}\tb\t1\n", "conll": f"{word} O\n\n"}
    path.write_text(start + longer.get(name, f"1\t{word}\ttwo\t7\n"))
    for limits in (FileLimits(line=4000), FileLimits(line=None)):
        read(path, limits=limits)
    with pytest.raises(DataError) as caught:
        read(path, limits=FileLimits(line=2000))
    if name in ("qqp", "parallel", "analogies", "vocabulary"):
        assert "longer than 2,000 bytes" in str(caught.value)
