"""Load and save word vectors, in the formats of word2vec, gensim and GloVe."""

from __future__ import annotations

import gzip
import io
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from pmt_core import DataError, SettingsError, atomic_file
from pmt_text.files.errors import check_at_least, read_problems
from pmt_text.word_vectors import formats
from pmt_text.word_vectors.word_vectors import WordVectors

_SAMPLE = 1 << 16
_GZIP_RATIO = 1032  # maximal compression ratio
_CONTROL = bytes(set(range(32)) - set(b"\t\n\r"))


def load_word_vectors(path: str | os.PathLike[str], *, limit: int | None = None) -> WordVectors:
    """Load word vectors: word2vec's text or binary format, or GloVe's text without a header.

    The format is detected from the content, gzip from its first bytes. If a word occurs several
    times, its first vector is taken, as in gensim. The memory is bounded by the size of the file,
    whatever its header says. limit: only the first `limit` words are loaded.

    Raises `FileProblem` if the file cannot be read, and `DataError` if it is damaged, which names
    the line, or the number of the word and the byte.
    """
    check_at_least(1, limit=limit)
    name = os.fspath(path)
    with read_problems(name), open(name, "rb") as stored:
        size = os.fstat(stored.fileno()).st_size
        if stored.peek(2)[:2] == b"\x1f\x8b":
            unzipped: Any = gzip.GzipFile(fileobj=stored, mode="rb")
            return _read(io.BufferedReader(unzipped, 1 << 20), name, size * _GZIP_RATIO, limit)
        return _read(stored, name, size, limit)


def save_word_vectors(path: str | os.PathLike[str], vectors: WordVectors) -> None:
    """Save word vectors, as binary if `path` ends in .bin, as text if it ends in .txt or .vec.

    The file is replaced atomically. Both formats restore each number exactly. Raises `DataError` if
    a word contains a space or a line end, `SettingsError` for another ending, and `FileProblem`.
    """
    text, binary = formats.write_text_vectors, formats.write_binary_vectors
    writers = {".bin": binary, ".txt": text, ".vec": text}
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
            f"the word {word!r} cannot be written: words are separated by spaces in the file; "
            "replace spaces, e.g. by _"
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
        blocks = formats.read_text_vectors(stream, path, width, 1)
        return _gathered(blocks, None, width, limit, path)
    words, width = header
    stream.readline()
    least = 2 * width + 1  # bytes of a word in the text format; the binary one needs 4 a number
    if words < 1 or width < 1 or least > room:
        raise DataError(
            f"{path}:1: the header says {words} words of {width} numbers, which this file cannot "
            "hold: it is damaged, or not a file of word vectors"
        )
    count = min(words, limit or words)
    if _is_text(sample[len(first) + 1 :], width):
        blocks = formats.read_text_vectors(stream, path, width, 2)
    else:
        blocks = formats.read_binary_vectors(stream, path, words, width, len(first) + 1, count)
    return _gathered(blocks, words, width, count, path, room // least)


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
    """Return whether the content after the header is text, by its first line or its bytes."""
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
    blocks: Iterable[formats.Block],
    header: int | None,
    width: int,
    count: int | None,
    path: str,
    room: int = 0,
) -> WordVectors:
    """Concatenate the blocks, without the later vectors of repeated words.

    header: number of words according to the header, if there is one. count: number of words to
    read; None for all. room: upper bound of the number of words, for which memory is reserved.
    """
    rows: dict[str, int] = {}
    matrix = np.empty((min(count or 0, room), width), np.float32)
    read = 0
    for words, vectors in blocks:
        rest = None if count is None else count - read
        if rest is not None and len(words) > rest and count == header:
            raise DataError(_miscounted(path, count, "but more follow"))
        start, new = len(rows), []
        for i, word in enumerate(words[:rest]):
            if word not in rows:
                rows[word] = len(rows)
                new.append(i)
        matrix = _with_room(matrix, len(rows))
        matrix[start : len(rows)] = vectors[new]
        read += len(words[:rest])
        if read == count and count != header:
            break
    if count is not None and read < count:
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
