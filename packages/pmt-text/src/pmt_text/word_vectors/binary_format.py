"""The binary form of word vectors: a line `v d`, then word, space and d little-endian float32."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import IO, Any, BinaryIO

import numpy as np

from pmt_core import DataError
from pmt_text.word_vectors.text_format import Block, decoded_word
from pmt_text.word_vectors.word_vectors import WordVectors

__all__ = ["read_binary_vectors", "write_binary_vectors"]

_BLOCK = 2048  # words
_LARGEST = 1 << 22  # numbers of a block
_CHUNK = 1 << 20  # bytes
_LONGEST_WORD = 1 << 16  # bytes


def read_binary_vectors(
    stream: io.BufferedReader[Any], path: str, words: int, width: int, offset: int, wanted: int
) -> Iterator[Block]:
    """The words and vectors (n, d) of `stream`, a block of words at a time.

    words, width: v and d of the header. offset: place in the file of the first word, for errors.
    wanted: how many of the words to read; where it is all of them, nothing may come behind them.
    A line end before a word, as the C program writes it, is passed over.
    Raises `DataError` that names the word's number and the byte.
    """
    reader = _Reader(stream, path, offset)
    block = min(_BLOCK, max(_LARGEST // width, 1))
    for start in range(0, wanted, block):
        n = min(block, wanted - start)
        found: list[str] = []
        vectors = np.empty((n, width), np.float32)
        for i in range(n):
            found.append(reader.word(start + i + 1, words))
            vectors[i] = np.frombuffer(reader.take(4 * width, start + i + 1, words), "<f4")
        _check_finite(vectors, found, path, start)
        yield found, vectors
    if wanted == words:
        reader.check_end(words)


class _Reader:
    """Bytes of a stream, in order, through a buffer of its own; it knows where it is."""

    def __init__(self, stream: io.BufferedReader[Any], path: str, offset: int) -> None:
        self._stream = stream
        self._path = path
        self._buffer = b""
        self._place = 0  # in the buffer
        self._offset = offset  # of the buffer in the file

    def word(self, number: int, words: int) -> str:
        """What stands before the next space."""
        while True:
            space = self._buffer.find(b" ", self._place)
            if space >= 0 or len(self._buffer) - self._place > _LONGEST_WORD:
                break
            if not self._more():
                raise self._ends(number, words)
        where = f"{self._path}: word {number} of {words} (byte {self._offset + self._place})"
        word = self._buffer[self._place : space].lstrip(b"\n") if space >= 0 else b""
        if not word or len(word) > _LONGEST_WORD:
            raise DataError(
                f"{where}: expected a word and a space; the width in the header may be wrong, "
                "or the file is damaged: copy it again"
            )
        self._place = space + 1
        return decoded_word(word, where)

    def take(self, size: int, number: int, words: int) -> bytes:
        """The next `size` bytes."""
        while len(self._buffer) - self._place < size:
            if not self._more():
                raise self._ends(number, words)
        start = self._place
        self._place += size
        return self._buffer[start : self._place]

    def check_end(self, words: int) -> None:
        rest = self._buffer[self._place :] + self._stream.read(_CHUNK)
        if rest.strip(b"\n"):
            raise DataError(
                f"{self._path}: the header says {words} words, but the file goes on behind them "
                f"(byte {self._offset + self._place}): it is damaged, or its header is wrong"
            )

    def _more(self) -> bool:
        chunk = self._stream.read(_CHUNK)
        self._buffer = self._buffer[self._place :] + chunk
        self._offset += self._place
        self._place = 0
        return bool(chunk)

    def _ends(self, number: int, words: int) -> DataError:
        return DataError(
            f"{self._path}: the file ends within word {number} of {words} "
            f"(byte {self._offset + len(self._buffer)}): it was cut off; copy it again"
        )


def _check_finite(vectors: np.ndarray[Any, Any], words: list[str], path: str, start: int) -> None:
    bad = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
    if bad.size:
        raise DataError(
            f"{path}: word {start + bad[0] + 1}, {words[bad[0]]!r}: a number is not finite; "
            "the file is damaged, or the vectors diverged in training"
        )


def write_binary_vectors(file: BinaryIO | IO[bytes], vectors: WordVectors) -> None:
    """Write the vectors as gensim does: no line end between two words."""
    file.write(f"{len(vectors)} {vectors.width}\n".encode())
    for start in range(0, len(vectors), _BLOCK):
        rows = vectors.matrix[start : start + _BLOCK].astype("<f4", copy=False)
        words = vectors.words[start : start + _BLOCK]
        file.write(
            b"".join(
                word.encode("utf-8") + b" " + row.tobytes()
                for word, row in zip(words, rows, strict=True)
            )
        )
