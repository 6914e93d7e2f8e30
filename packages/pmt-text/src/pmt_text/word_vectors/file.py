"""Files of word vectors, in the forms that word2vec, gensim and GloVe have."""

from __future__ import annotations

import gzip
import io
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from pmt_core import DataError, SettingsError, atomic_file
from pmt_text.files.errors import read_problems
from pmt_text.word_vectors.binary_format import read_binary_vectors, write_binary_vectors
from pmt_text.word_vectors.text_format import Block, read_text_vectors, write_text_vectors
from pmt_text.word_vectors.word_vectors import WordVectors

__all__ = ["load_word_vectors", "save_word_vectors"]

_SAMPLE = 1 << 16
_GZIP_RATIO = 1032  # no gzip stream grows more than that
_CONTROL = bytes(set(range(32)) - set(b"\t\n\r"))


def load_word_vectors(path: str | os.PathLike[str], *, limit: int | None = None) -> WordVectors:
    """The word vectors of a file: word2vec's text or binary form, or GloVe's text without header.

    The form is told by the content, gzip by its first bytes. limit: read the first so many words
    alone. Of a word that stands several times the first vector counts, as gensim does it.

    Raises `FileProblem` (missing, a folder, unreadable) and `DataError` that names the line, or
    the word's number and the byte, and the cure. No more memory is taken than the size of the file
    can account for.
    """
    if limit is not None and limit < 1:
        raise SettingsError(f"limit is a number of words, 1 or more, got {limit}")
    name = os.fspath(path)
    with read_problems(name), open(name, "rb") as stored:
        size = os.fstat(stored.fileno()).st_size
        if stored.peek(2)[:2] == b"\x1f\x8b":
            unzipped: Any = gzip.GzipFile(fileobj=stored, mode="rb")
            return _read(io.BufferedReader(unzipped, 1 << 20), name, size * _GZIP_RATIO, limit)
        return _read(stored, name, size, limit)


def save_word_vectors(path: str | os.PathLike[str], vectors: WordVectors) -> None:
    """Write word vectors: the binary form where `path` ends in .bin, text for .txt and .vec.

    The old file stays whole until the new one is. Both forms give every number back to the bit.
    Raises `DataError` for a word that the forms cannot hold (one with a space or a line end in
    it), `SettingsError` for another ending, `FileProblem`.
    """
    writers = {
        ".bin": write_binary_vectors,
        ".txt": write_text_vectors,
        ".vec": write_text_vectors,
    }
    write = writers.get(Path(path).suffix)
    if write is None:
        raise SettingsError(
            f"word vectors are written to a file that ends in {', '.join(writers)}; "
            f"got {os.fspath(path)!r}"
        )
    for word in vectors.words:
        _check_writable(word)
    with atomic_file(path) as file:
        write(file, vectors)


def _check_writable(word: str) -> None:
    if not word or " " in word or "\n" in word:
        raise DataError(
            f"the word {word!r} cannot be written: a file of word vectors parts words by spaces; "
            "replace them, e.g. by _"
        )
    try:
        word.encode("utf-8")
    except UnicodeEncodeError as error:
        raise DataError(f"the word {word!r} cannot be written as UTF-8") from error


def _read(stream: io.BufferedReader[Any], path: str, room: int, limit: int | None) -> WordVectors:
    sample = stream.peek(_SAMPLE)[:_SAMPLE]
    if not sample:
        raise DataError(f"{path} is empty: give a file of word vectors")
    first, *_ = sample.split(b"\n", 1)
    header = _header(first)
    if header is None:
        width = _width_without_header(first, path)
        return _gathered(read_text_vectors(stream, path, width, 1), None, width, limit, path)
    words, width = header
    stream.readline()
    least = 2 * width + 1  # bytes of a word: as text; the binary form has 4 a number
    if words < 1 or width < 1 or least > room:
        raise DataError(
            f"{path}:1: the header says {words} words of {width} numbers, which this file cannot "
            "hold: it is damaged, or not a file of word vectors"
        )
    wanted = min(words, limit or words)
    if _is_text(sample[len(first) + 1 :], width):
        blocks = read_text_vectors(stream, path, width, 2)
    else:
        blocks = read_binary_vectors(stream, path, words, width, len(first) + 1, wanted)
    return _gathered(blocks, words, width, wanted, path, room // least)


def _header(line: bytes) -> tuple[int, int] | None:
    parts = line.split()
    if len(parts) == 2 and all(part.isdigit() and len(part) < 19 for part in parts):
        return int(parts[0]), int(parts[1])
    return None


def _width_without_header(line: bytes, path: str) -> int:
    parts = line.split()
    if len(parts) < 3 or not all(map(_is_number, parts[1:])):
        raise DataError(
            f"{path}:1: expected the number of words and of numbers per word (`71290 100`), or a "
            f"word and its vector, got {line[:60].decode('utf-8', 'replace')!r}"
        )
    return len(parts) - 1


def _is_text(content: bytes, width: int) -> bool:
    """Whether what follows the header is text: tried on its first line, else by its bytes."""
    line, *_ = content.split(b"\n", 1)
    parts = line.split()
    if len(parts) == width + 1 and all(map(_is_number, parts[1:])):
        return True
    has_controls = len(content) != len(content.translate(None, _CONTROL))
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return not has_controls


def _is_number(text: bytes) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _gathered(
    blocks: Iterable[Block],
    header: int | None,
    width: int,
    wanted: int | None,
    path: str,
    room: int = 0,
) -> WordVectors:
    """All blocks in one, a repeated word's first vector kept.

    header: number of words there should be. wanted: number to read. None: as many as come.
    room: no more words than that can come; memory is taken for them at once.
    """
    rows: dict[str, int] = {}
    matrix = np.empty((min(wanted or 0, room), width), np.float32)
    read = 0
    for words, vectors in blocks:
        rest = None if wanted is None else wanted - read
        if rest is not None and len(words) > rest and wanted == header:
            raise DataError(_miscounted(path, wanted, "but more follow"))
        start, new = len(rows), []
        for i, word in enumerate(words[:rest]):
            if word not in rows:
                rows[word] = len(rows)
                new.append(i)
        matrix = _with_room(matrix, len(rows))
        matrix[start : len(rows)] = vectors[new]
        read += len(words[:rest])
        if read == wanted and wanted != header:
            break
    if wanted is not None and read < wanted:
        raise DataError(_miscounted(path, header, f"but the file ends after {read}"))
    return WordVectors(list(rows), matrix[: len(rows)])


def _miscounted(path: str, header: int | None, what: str) -> str:
    return (
        f"{path}: the header says {header} words, {what}: the file was cut off or put together; "
        "copy it again, or mend its first line"
    )


def _with_room(matrix: Any, rows: int) -> Any:
    if rows <= len(matrix):
        return matrix
    larger = np.empty((max(rows, 2 * len(matrix)), matrix.shape[1]), np.float32)
    larger[: len(matrix)] = matrix
    return larger
