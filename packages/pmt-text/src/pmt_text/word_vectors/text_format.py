"""The text form of word vectors: a line `v d`, then a line per word, all parted by one space."""

from __future__ import annotations

import io
from collections.abc import Iterator
from itertools import islice
from typing import IO, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from pmt_core import DataError
from pmt_text.word_vectors.word_vectors import WordVectors

__all__ = ["read_text_vectors", "write_text_vectors"]

_BLOCK = 2048  # words

Block = tuple[list[str], NDArray[np.float32]]


def read_text_vectors(
    stream: io.BufferedReader[Any], path: str, width: int, first_line: int
) -> Iterator[Block]:
    """The words and vectors (n, d) of the lines of `stream`, a block of lines at a time.

    first_line: number of the next line. Empty lines at the end are passed over.
    Raises `DataError` that names the line.
    """
    number, blank = first_line, 0
    while lines := list(islice(stream, _BLOCK)):
        filled = [line for line in lines if line.strip()]
        if filled and (blank or filled != lines[: len(filled)]):
            empty = next(i for i, line in enumerate([b""] * blank + lines) if not line.strip())
            raise DataError(f"{path}:{number - blank + empty}: expected a word, got an empty line")
        blank += len(lines) - len(filled)
        if filled:
            yield _parsed(filled, path, width, number)
        number += len(lines)


def _parsed(lines: list[bytes], path: str, width: int, first: int) -> Block:
    words, rows = [], []
    for number, line in enumerate(lines, start=first):
        word, _, rest = line.rstrip().partition(b" ")
        if not word or rest.count(b" ") != width - 1:
            got = f"{rest.count(b' ') + 1 if rest else 0} numbers" if word else "no word"
            raise DataError(
                f"{path}:{number}: expected a word and {width} numbers, parted by one space, "
                f"got {got}: {_shown(line)}"
            )
        words.append(decoded_word(word, f"{path}:{number}"))
        rows.append(rest)
    vectors = _numbers(rows, width)
    if vectors is None:
        bad = next(i for i, row in enumerate(rows) if _numbers([row], width) is None)
        raise DataError(
            f"{path}:{first + bad}: expected {width} finite numbers after the word, "
            f"got {_shown(rows[bad])}"
        )
    return words, vectors


def _numbers(rows: list[bytes], width: int) -> NDArray[np.float32] | None:
    """Rows of numbers as an array (n, d); None where one is not a finite number."""
    try:
        text = [row.decode("ascii") for row in rows]
        found = np.loadtxt(text, np.float32, comments=None, delimiter=" ", ndmin=2)
    except ValueError:
        return None
    return found if found.shape == (len(rows), width) and np.isfinite(found).all() else None


def decoded_word(word: bytes, where: str) -> str:
    """The word as text. Raises `DataError` that names the place."""
    try:
        return word.decode("utf-8")
    except UnicodeDecodeError as error:
        raise DataError(f"{where}: the word {word!r} is not UTF-8; convert the file") from error


def _shown(line: bytes) -> str:
    text = line.rstrip().decode("utf-8", "replace")
    return repr(text if len(text) <= 60 else text[:57] + "...")


def write_text_vectors(file: BinaryIO | IO[bytes], vectors: WordVectors) -> None:
    """Write the vectors; nine digits give every float32 back to the bit."""
    file.write(f"{len(vectors)} {vectors.width}\n".encode())
    form = " ".join(["%s"] + ["%.9g"] * vectors.width) + "\n"
    for start in range(0, len(vectors), _BLOCK):
        rows = vectors.matrix[start : start + _BLOCK].tolist()
        words = vectors.words[start : start + _BLOCK]
        text = "".join(form % (word, *row) for word, row in zip(words, rows, strict=True))
        file.write(text.encode("utf-8"))
