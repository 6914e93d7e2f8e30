"""Load and save word vectors, in the formats of word2vec, gensim and GloVe."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, get_args

import numpy as np

from pmt_core import TEXT_LIMITS, DataError, FileLimits, InputFile, SettingsError, atomic_file
from pmt_text.files.errors import check_at_least, check_line_ends
from pmt_text.word_vectors.binary_format import read_binary_vectors, write_binary_vectors
from pmt_text.word_vectors.text_format import (
    SAMPLED_LINES,
    Block,
    UnicodeErrors,
    is_number,
    most_common_width,
    read_text_vectors,
    write_text_vectors,
)
from pmt_text.word_vectors.word_vectors import WordVectors

_SAMPLE = 1 << 20
_CONTROL = bytes(set(range(32)) - set(b"\t\n\r"))


def load_word_vectors(
    path: str | os.PathLike[str],
    *,
    limit: int | None = None,
    unicode_errors: UnicodeErrors = "strict",
    limits: FileLimits = TEXT_LIMITS,
) -> WordVectors:
    r"""Load word vectors: word2vec's text or binary format, or GloVe's text without a header.

    The format is detected from the content, gzip and a zip of one file from the first bytes. In
    text, blanks or tabs separate a word and its d numbers; the word may contain blanks. If a word
    occurs several times, its first vector is taken, as in gensim. The memory is bounded by the size
    of the file, whatever its header says. A line may have 64 KB and 64 bytes a number; without a
    header, the first has at most a megabyte.

    Args:
        path: the file.
        limit: number of words to load, the first ones; None: all.
        unicode_errors: what to do with bytes of a word that are not UTF-8, as in gensim: "strict"
            raises DataError, "ignore" leaves them out, "replace" puts U+FFFD in their place. Words
            that become equal are one repeated word.
        limits: what a compressed file may expand to.

    Raises:
        FileProblem: if the file cannot be read.
        DataError: if it is damaged; names the line, or the number of the word and the byte.
        SettingsError: if the limit is below 1, or `unicode_errors` unknown.

    Examples:
        >>> from pathlib import Path
        >>> from pmt_text import load_word_vectors
        >>> _ = Path("glove.txt").write_text("cat 1.0 0.5\ndog 0.5 1.0\n")
        >>> vectors = load_word_vectors("glove.txt")
        >>> vectors.words, vectors.matrix
        (('cat', 'dog'), array([[1. , 0.5],
               [0.5, 1. ]], dtype=float32))
    """
    check_at_least(1, limit=limit)
    if unicode_errors not in get_args(UnicodeErrors):
        raise SettingsError(
            f"unicode_errors is one of {', '.join(get_args(UnicodeErrors))}, got {unicode_errors!r}"
        )
    with InputFile(path, limits) as file:
        return _read(file, limit, unicode_errors)


def save_word_vectors(path: str | os.PathLike[str], vectors: WordVectors) -> None:
    """Save word vectors, as binary if `path` ends in .bin, as text if it ends in .txt or .vec.

    Both formats restore each number exactly.

    Args:
        path: the file, which is replaced atomically.
        vectors: of the words.

    Raises:
        DataError: if a word contains a space or a line end.
        SettingsError: for another ending.
        FileProblem: if the file cannot be written.

    Examples:
        >>> import numpy as np
        >>> from pathlib import Path
        >>> from pmt_text import WordVectors, load_word_vectors, save_word_vectors
        >>> vectors = WordVectors(["cat", "dog"], np.array([[1.0, 0.5], [0.5, 1.0]]))
        >>> save_word_vectors("vectors.txt", vectors)
        >>> print(Path("vectors.txt").read_text().rstrip())
        2 2
        cat 1 0.5
        dog 0.5 1
        >>> save_word_vectors("vectors.bin", vectors)
        >>> load_word_vectors("vectors.bin")["dog"]
        array([0.5, 1. ], dtype=float32)
    """
    text = write_text_vectors
    writers = {".bin": write_binary_vectors, ".txt": text, ".vec": text}
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


def _read(file: InputFile, limit: int | None, errors: UnicodeErrors) -> WordVectors:
    stream, path = file.stream, file.path
    sample = stream.peek(_SAMPLE)
    if not sample:
        raise DataError(f"{path} is empty: give a file of word vectors")
    first, _, content = sample.partition(b"\n")
    header = _header(first)
    if header is None:
        check_line_ends(path, sample)
        width = _width_without_header(sample, path)
        blocks = read_text_vectors(stream, path, width, 1, errors)
        return _gathered(blocks, None, width, limit, path)
    words, width = header
    is_text = _is_text(content, width)
    least = (2 if is_text else 4) * width + 1  # bytes of a word
    if words < 1 or width < 1 or least > file.most:
        raise DataError(
            f"{path}:1: the header says {words} words of {width} numbers, which this file cannot "
            "hold: it is damaged, or not a file of word vectors"
        )
    stream.readline()
    count = min(words, limit or words)
    if is_text:
        check_line_ends(path, sample)
        _check_width(content, width, path)
        blocks = read_text_vectors(stream, path, width, 2, errors)
    else:
        blocks = read_binary_vectors(stream, path, words, width, len(first) + 1, count, errors)
    return _gathered(blocks, words, width, count, path, file.most // least)


def _header(line: bytes) -> tuple[int, int] | None:
    parts = line.split()
    if len(parts) == 2 and all(part.isdigit() and len(part) < 19 for part in parts):
        return int(parts[0]), int(parts[1])
    return None


def _width_without_header(sample: bytes, path: str) -> int:
    if b"\n" not in sample and len(sample) > _SAMPLE // 2:
        raise DataError(f"{path}:1: a line of a megabyte; expected word vectors, a word a line")
    width = most_common_width(_whole_lines(sample))
    if width < 2:
        raise DataError(
            f"{path}:1: expected the number of words and of numbers per word (`71290 100`), or a "
            f"word and its vector, got {sample[:60].decode('utf-8', 'replace')!r}"
        )
    return width


def _check_width(content: bytes, width: int, path: str) -> None:
    """Check the width of the header; with a smaller one, numbers would be taken as words."""
    if (read := most_common_width(_whole_lines(content), width)) > width:
        raise DataError(
            f"{path}:2: expected a word and {width} numbers, as the header says, got {read} "
            "numbers; mend the first line of the file"
        )


def _whole_lines(sample: bytes) -> list[bytes]:
    """Return the first lines of a sample: its only line, or all but the last, which may be cut."""
    lines = sample.split(b"\n", SAMPLED_LINES)
    return lines[:-1] or lines


def _is_text(content: bytes, width: int) -> bool:
    """Return whether the content after the header is text, by its first line or its bytes."""
    line, *_ = content.split(b"\n", 1)
    parts = line.split()
    if len(parts) > width and all(map(is_number, parts[-width:])):
        return True
    has_controls = len(content) != len(content.translate(None, _CONTROL))
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return not has_controls


def _gathered(
    blocks: Iterable[Block],
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
    if header is not None and count is not None and read < count:
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
