"""The binary format of word vectors, as the C program of word2vec and gensim write it.

A line `v d`, then for each word the word, a space and d little-endian float32.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import IO, Any, BinaryIO

import numpy as np

from pmt_core import DataError
from pmt_text.word_vectors.text_format import MAX_WORD, Block, UnicodeErrors, decoded_word
from pmt_text.word_vectors.word_vectors import WordVectors

_BLOCK = 2048  # words
_MAX_BLOCK = 1 << 22  # numbers of a block
_CHUNK = 1 << 20  # bytes


def read_binary_vectors(
    stream: io.BufferedReader[Any],
    path: str,
    words: int,
    width: int,
    offset: int,
    limit: int,
    errors: UnicodeErrors = "strict",
) -> Iterator[Block]:
    """Yield words and vectors (n, d), a block of words at a time.

    A line end before a word, as the C program writes it, is skipped. words, width: v and d of the
    header. offset: position of the first word in the file. limit: number of words to read; if all,
    nothing may follow them. errors: see `decoded_word`. Raises `DataError` that names the number of
    the word and the byte.
    """
    reader = _Reader(stream, path, words, width, offset, errors)
    block = min(_BLOCK, max(_MAX_BLOCK // width, 1))
    for start in range(0, limit, block):
        names, vectors = reader.block(min(block, limit - start), start + 1)
        bad = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
        if bad.size:
            raise DataError(
                f"{path}: word {start + bad[0] + 1}, {names[bad[0]]!r}: a number is not finite; "
                "the file is damaged, or the vectors diverged in training"
            )
        yield names, vectors
    if limit == words:
        reader.check_end()


class _Reader:
    """A buffered reader of words and vectors that knows its position."""

    def __init__(
        self,
        stream: io.BufferedReader[Any],
        path: str,
        words: int,
        width: int,
        offset: int,
        errors: UnicodeErrors,
    ) -> None:
        self._stream = stream
        self._path = path
        self._words = words
        self._width = width
        self._errors = errors
        self._buffer = b""
        self._position = 0  # in the buffer
        self._offset = offset  # of the buffer in the file

    def block(self, n: int, first: int) -> Block:
        """Return the next n words and their vectors (n, d). first: number of the first of them."""
        size = 4 * self._width
        names: list[str] = []
        rows: list[bytes] = []
        for number in range(first, first + n):
            space = self._buffer.find(b" ", self._position)
            end = space + 1 + size
            if space < 0 or end > len(self._buffer):
                space, end = self._read_more(number, size)
            word = self._buffer[self._position : space].lstrip(b"\n")
            if not word or len(word) > MAX_WORD:
                raise self._no_word(number)
            try:
                names.append(word.decode("utf-8"))
            except UnicodeDecodeError:
                names.append(decoded_word(word, self._where(number), self._errors))
            rows.append(self._buffer[space + 1 : end])
            self._position = end
        return names, np.frombuffer(b"".join(rows), "<f4").reshape(n, self._width)

    def check_end(self) -> None:
        """Raise DataError if anything but line ends follows."""
        rest = self._buffer[self._position :] + self._stream.read(_CHUNK)
        if rest.strip(b"\n"):
            raise DataError(
                f"{self._path}: the header says {self._words} words, but the file goes on behind "
                f"them (byte {self._offset + self._position}): it is damaged, or its header is "
                "wrong"
            )

    def _read_more(self, number: int, size: int) -> tuple[int, int]:
        """Read until a word and its numbers are in the buffer; return the ends of both."""
        while True:
            space = self._buffer.find(b" ", self._position)
            missing = space + 1 + size - len(self._buffer) if space >= 0 else 1
            if missing <= 0:
                return space, space + 1 + size
            if space < 0 and len(self._buffer) - self._position > MAX_WORD:
                raise self._no_word(number)
            chunk = self._stream.read(max(missing, _CHUNK))
            if not chunk:
                raise DataError(
                    f"{self._path}: the file ends within word {number} of {self._words} "
                    f"(byte {self._offset + len(self._buffer)}): it was cut off; copy it again"
                )
            self._buffer = self._buffer[self._position :] + chunk
            self._offset += self._position
            self._position = 0

    def _no_word(self, number: int) -> DataError:
        return DataError(
            f"{self._where(number)}: expected a word and a space; the width in the header may be "
            "wrong, or the file is damaged: copy it again"
        )

    def _where(self, number: int) -> str:
        byte = self._offset + self._position
        return f"{self._path}: word {number} of {self._words} (byte {byte})"


def write_binary_vectors(file: BinaryIO | IO[bytes], vectors: WordVectors) -> None:
    """Write the vectors as gensim does, without line ends between words."""
    file.write(f"{len(vectors)} {vectors.width}\n".encode())
    for start in range(0, len(vectors), _BLOCK):
        rows = vectors.matrix[start : start + _BLOCK].astype("<f4", copy=False)
        words = vectors.words[start : start + _BLOCK]
        pairs = zip(words, rows, strict=True)
        file.write(b"".join(word.encode("utf-8") + b" " + row.tobytes() for word, row in pairs))
