"""The binary format of word vectors, as the C program of word2vec and gensim write it.

A line `v d`, then for each word the word, a space and d little-endian float32.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import IO, Any, BinaryIO

import numpy as np

from pmt_core import DataError
from pmt_text.word_vectors.text_format import MAX_WORD, Block, decoded_word
from pmt_text.word_vectors.word_vectors import WordVectors

_BLOCK = 2048  # words
_MAX_BLOCK = 1 << 22  # numbers of a block
_CHUNK = 1 << 20  # bytes


def read_binary_vectors(
    stream: io.BufferedReader[Any], path: str, words: int, width: int, offset: int, limit: int
) -> Iterator[Block]:
    """Yield words and vectors (n, d), a block of words at a time.

    A line end before a word, as the C program writes it, is skipped. words, width: v and d of the
    header. offset: position of the first word in the file. limit: number of words to read; if all,
    nothing may follow them. Raises `DataError` that names the number of the word and the byte.
    """
    reader = _Reader(stream, path, offset)
    block = min(_BLOCK, max(_MAX_BLOCK // width, 1))
    for start in range(0, limit, block):
        n = min(block, limit - start)
        names: list[str] = []
        vectors = np.empty((n, width), np.float32)
        for i in range(n):
            names.append(reader.word(start + i + 1, words))
            vectors[i] = np.frombuffer(reader.take(4 * width, start + i + 1, words), "<f4")
        bad = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
        if bad.size:
            raise DataError(
                f"{path}: word {start + bad[0] + 1}, {names[bad[0]]!r}: a number is not finite; "
                "the file is damaged, or the vectors diverged in training"
            )
        yield names, vectors
    if limit == words:
        reader.check_end(words)


class _Reader:
    """A buffered reader of bytes that knows its position."""

    def __init__(self, stream: io.BufferedReader[Any], path: str, offset: int) -> None:
        self._stream = stream
        self._path = path
        self._buffer = b""
        self._position = 0  # in the buffer
        self._offset = offset  # of the buffer in the file

    def word(self, number: int, words: int) -> str:
        """Return the bytes before the next space as text."""
        while True:
            space = self._buffer.find(b" ", self._position)
            if space >= 0 or len(self._buffer) - self._position > MAX_WORD:
                break
            if not self._more():
                raise self._ends(number, words)
        where = f"{self._path}: word {number} of {words} (byte {self._offset + self._position})"
        word = self._buffer[self._position : space].lstrip(b"\n") if space >= 0 else b""
        if not word or len(word) > MAX_WORD:
            raise DataError(
                f"{where}: expected a word and a space; the width in the header may be wrong, "
                "or the file is damaged: copy it again"
            )
        self._position = space + 1
        return decoded_word(word, where)

    def take(self, size: int, number: int, words: int) -> bytes:
        """Return the next `size` bytes."""
        while (missing := size - len(self._buffer) + self._position) > 0:
            if not self._more(missing):
                raise self._ends(number, words)
        start = self._position
        self._position += size
        return self._buffer[start : self._position]

    def check_end(self, words: int) -> None:
        rest = self._buffer[self._position :] + self._stream.read(_CHUNK)
        if rest.strip(b"\n"):
            raise DataError(
                f"{self._path}: the header says {words} words, but the file goes on behind them "
                f"(byte {self._offset + self._position}): it is damaged, or its header is wrong"
            )

    def _more(self, size: int = 0) -> bool:
        chunk = self._stream.read(max(size, _CHUNK))
        self._buffer = self._buffer[self._position :] + chunk
        self._offset += self._position
        self._position = 0
        return bool(chunk)

    def _ends(self, number: int, words: int) -> DataError:
        return DataError(
            f"{self._path}: the file ends within word {number} of {words} "
            f"(byte {self._offset + len(self._buffer)}): it was cut off; copy it again"
        )


def write_binary_vectors(file: BinaryIO | IO[bytes], vectors: WordVectors) -> None:
    """Write the vectors as gensim does, without line ends between words."""
    file.write(f"{len(vectors)} {vectors.width}\n".encode())
    for start in range(0, len(vectors), _BLOCK):
        rows = vectors.matrix[start : start + _BLOCK].astype("<f4", copy=False)
        words = vectors.words[start : start + _BLOCK]
        pairs = zip(words, rows, strict=True)
        file.write(b"".join(word.encode("utf-8") + b" " + row.tobytes() for word, row in pairs))
