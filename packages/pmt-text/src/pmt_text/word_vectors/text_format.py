"""The text format of word vectors: a line per word, the word and its numbers.

word2vec writes a line `v d` before them; GloVe does not. Blanks or tabs separate the fields. The
last d fields are the numbers, so a word may contain blanks (as in GloVe's glove.840B).
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator
from typing import IO, Any, BinaryIO, Literal, NoReturn

import numpy as np
from numpy.typing import NDArray

from pmt_core import DataError
from pmt_text.word_vectors.word_vectors import WordVectors

MAX_WORD = 1 << 16  # bytes

_MAX_NUMBER = 64  # bytes of a number and of the blank before it
_CHUNK = 1 << 20  # bytes
SAMPLED_LINES = 20  # lines of which the width is taken
_BLOCK = 2048  # words that are written at once
_BLANKS = b" \t\r"

UnicodeErrors = Literal["strict", "ignore", "replace"]
"""What to do with bytes of a word that are not UTF-8, as in `bytes.decode`."""

Block = tuple[list[str], NDArray[np.float32]]
"""Words and their vectors (n, d)."""


def longest_line(width: int) -> int:
    """Return the limit of a line's length in bytes, for vectors of `width` numbers."""
    return MAX_WORD + _MAX_NUMBER * width


def most_common_width(lines: list[bytes], preferred: int | None = None) -> int:
    """Return the number of numbers at the end of most of the first lines; 0 if they have none.

    A number before the vector belongs to the word ("Windows 95"), so single lines may have more.
    Of several widths that are equally common, it is the preferred one, or that of the first line.
    """
    counts = Counter(_number_count(line) for line in lines[:SAMPLED_LINES] if line.strip())
    most = max(counts.values(), default=0)
    if preferred is not None and counts[preferred] == most:
        return preferred
    return next((width for width, count in counts.items() if count == most), 0)


def _number_count(line: bytes) -> int:
    """Return the number of numbers at the end of a line; its first field is no number."""
    fields = [field for field in line.replace(b"\t", b" ").strip(_BLANKS).split(b" ") if field]
    count = 0
    while count < len(fields) - 1 and is_number(fields[-1 - count]):
        count += 1
    return count


def is_number(text: bytes) -> bool:
    """Return whether a field is a number, maybe one that is not finite."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def read_text_vectors(
    stream: io.BufferedReader[Any],
    path: str,
    width: int,
    first_line: int,
    errors: UnicodeErrors = "strict",
) -> Iterator[Block]:
    """Yield words and vectors (n, d), a block of lines at a time.

    Empty lines at the end are skipped. first_line: number of the next line. errors: see
    `decoded_word`. Raises `DataError` that names the line.
    """
    number, blank = first_line, 0
    for lines in _line_blocks(stream, path, longest_line(width), first_line):
        filled = [line for line in lines if line.strip()]
        if filled and (blank or filled != lines[: len(filled)]):
            empty = next(i for i, line in enumerate([b""] * blank + lines) if not line.strip())
            raise DataError(f"{path}:{number - blank + empty}: expected a word, got an empty line")
        blank += len(lines) - len(filled)
        if filled:
            yield _parsed(filled, path, width, number, errors)
        number += len(lines)


def _line_blocks(
    stream: io.BufferedReader[Any], path: str, max_length: int, number: int
) -> Iterator[list[bytes]]:
    """Yield lists of lines of about a megabyte; refuse a line of more than `max_length` bytes."""
    rest: list[bytes] = []
    size = 0  # of the rest, which has no line end
    while chunk := stream.read(_CHUNK):
        end = chunk.rfind(b"\n")
        if end < 0:
            rest.append(chunk)
            size += len(chunk)
            lines = []
        else:
            lines = b"".join([*rest, chunk[:end]]).split(b"\n")
            rest, size = [chunk[end + 1 :]], len(chunk) - end - 1
        if size > max_length or (lines and max(map(len, lines)) > max_length):
            long = next((i for i, line in enumerate(lines) if len(line) > max_length), len(lines))
            raise DataError(
                f"{path}:{number + long}: a line of more than {max_length:,} bytes; the file is "
                "damaged, or is no file of word vectors"
            )
        if lines:
            yield lines
        number += len(lines)
    if size:
        yield [b"".join(rest)]


def _parsed(lines: list[bytes], path: str, width: int, first: int, errors: UnicodeErrors) -> Block:
    parts = [line.rstrip().partition(b" ") for line in lines]
    words, rows = [part[0] for part in parts], [part[2] for part in parts]
    vectors = _numbers(rows, width) if all(words) and all(rows) else None
    if vectors is None:
        vectors = _parsed_from_the_end(lines, words, rows, width, path, first)
    names = [decoded_word(word, f"{path}:{n}", errors) for n, word in enumerate(words, first)]
    return names, vectors


def _parsed_from_the_end(
    lines: list[bytes], words: list[bytes], rows: list[bytes], width: int, path: str, first: int
) -> NDArray[np.float32]:
    """Return the vectors of lines with tabs, and with blanks in words; mends words and rows."""
    for i, line in enumerate(lines):
        if not words[i] or rows[i].count(b" ") != width - 1:
            words[i], rows[i] = _split(line, width) or _refuse(line, width, f"{path}:{first + i}")
    vectors = _numbers(rows, width)
    if vectors is None:
        for i, line in enumerate(lines):
            words[i], rows[i] = _split(line, width) or (words[i], rows[i])
        vectors = _numbers(rows, width)
    if vectors is None:
        bad = _first_bad(rows, width)
        raise DataError(
            f"{path}:{first + bad}: expected {width} finite numbers after the word, "
            f"got {_shortened(rows[bad])}"
        )
    return vectors


def _split(line: bytes, width: int) -> tuple[bytes, bytes] | None:
    """Return word and numbers of a line with tabs, repeated blanks or blanks in the word, or None.

    A word that ends with as many numbers as a vector has is none: a line end is missing.
    """
    word, *numbers = line.rsplit(None, width) or [b""]
    word = word.strip()
    if len(numbers) < width or sum(map(is_number, word.split()[1:])) >= max(width - 1, 2):
        return None
    return word, b" ".join(numbers)


def _refuse(line: bytes, width: int, where: str) -> NoReturn:
    count = sum(map(is_number, line.split()[1:]))
    starts_with_word = line[:1] not in (b" ", b"\t") or count >= width
    raise DataError(
        f"{where}: expected a word and {width} numbers, separated by blanks or tabs, "
        f"got {f'{count} numbers' if starts_with_word else 'no word'}: {_shortened(line)}"
    )


def _first_bad(rows: list[bytes], width: int) -> int:
    """Return the index of the first row that is not finite numbers; there is one."""
    start, count = 0, len(rows)
    while count > 1:
        half = count // 2
        if _numbers(rows[start : start + half], width) is None:
            count = half
        else:
            start, count = start + half, count - half
    return start


def _numbers(rows: list[bytes], width: int) -> NDArray[np.float32] | None:
    """Return the rows as an array (n, d), or None if one of them is not finite numbers."""
    try:
        text = [row.decode("ascii") for row in rows]
        array = np.loadtxt(text, np.float32, comments=None, delimiter=" ", ndmin=2)
    except ValueError:
        return None
    return array if array.shape == (len(rows), width) and np.isfinite(array).all() else None


def decoded_word(word: bytes, where: str, errors: UnicodeErrors = "strict") -> str:
    """Return a word as text.

    errors: of bytes that are not UTF-8, "strict" raises `DataError` that names the place, "ignore"
    leaves them out and "replace" puts U+FFFD in their place.
    """
    try:
        return word.decode("utf-8", errors)
    except UnicodeDecodeError as error:
        start = repr(word[:60])
        raise DataError(
            f"{where}: the word {start} is not UTF-8; convert the file, or load it with "
            "unicode_errors='replace' or 'ignore'"
        ) from error


def _shortened(line: bytes) -> str:
    text = line.rstrip().decode("utf-8", "replace")
    return repr(text if len(text) <= 60 else text[:57] + "...")


def write_text_vectors(file: BinaryIO | IO[bytes], vectors: WordVectors) -> None:
    """Write the vectors with nine digits, which restore each float32 exactly."""
    file.write(f"{len(vectors)} {vectors.width}\n".encode())
    line = " ".join(["%s"] + ["%.9g"] * vectors.width) + "\n"
    for start in range(0, len(vectors), _BLOCK):
        rows = vectors.matrix[start : start + _BLOCK].tolist()
        words = vectors.words[start : start + _BLOCK]
        text = "".join(line % (word, *row) for word, row in zip(words, rows, strict=True))
        file.write(text.encode("utf-8"))
