"""`TokenFile`: a corpus as numbers, in a temporary file."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from types import TracebackType
from typing import IO, Self

import numpy as np
from numpy.typing import NDArray

from pmt_core import FileProblem, StateError
from pmt_text.word2vec.corpus.encoded_text import TextPiece, text_pieces
from pmt_text.word2vec.corpus.text_corpus import TextCorpus
from pmt_text.word2vec.corpus.word_counts import WordCounts

__all__ = ["TokenFile"]

_BYTES = 4  # of a word


class TokenFile:
    """The pieces of a text, any of them at hand, for as many processes and epochs as want them.

    Looking up words is Python's work, a tenth of the time that learning from them takes: it is
    done once. Each word is an int32, its number, or ~number where it begins a sentence. The file is
    in the folder for temporary files (TMPDIR); memory holds a piece at a time.

    Attributes:
        path: as given. words: how many there are. piece_words: of a piece; the last has fewer.
    """

    def __init__(self, path: str, words: int, piece_words: int) -> None:
        self.path = path
        self.words = words
        self.piece_words = piece_words
        with _file_problems("read", path):
            # Unbuffered: every read is of a whole piece.
            self._file: FileIO = open(path, "rb", buffering=0)  # noqa: SIM115

    @classmethod
    def write(cls, corpus: TextCorpus, counts: WordCounts, piece_words: int) -> TokenFile:
        """Encode `corpus` with the numbers of `counts`.

        Raises `StateError` where the corpus is not the one that was counted, `FileProblem` where
        there is no room, and what `TextCorpus` raises.
        """
        handle, path = tempfile.mkstemp(prefix="pmt-word2vec-")
        try:
            with open(handle, "wb") as file:
                words = _write(file, text_pieces(corpus, counts, piece_words), path)
            if words != counts.kept:
                raise StateError(
                    f"{corpus.path} has {words} words of the vocabulary, {counts.kept} were "
                    "counted: train on the text that was counted"
                )
            return cls(path, words, piece_words)
        except BaseException:
            os.unlink(path)
            raise

    def __len__(self) -> int:
        """Number of pieces."""
        return -(-self.words // self.piece_words)

    def piece(self, number: int) -> TextPiece:
        """The piece of that number, from 0."""
        start = number * self.piece_words
        count = min(self.piece_words, self.words - start)
        marked = np.empty(count, np.int32)
        with _file_problems("read", self.path):
            self._file.seek(start * _BYTES)
            self._fill(marked)
        begins = marked < 0
        return TextPiece(
            number, np.where(begins, ~marked, marked), np.cumsum(begins, dtype=np.int32)
        )

    def forget_name(self) -> None:
        """All who read it have opened it: where the system allows, the file goes when they do.

        So not even a killed process leaves it behind.
        """
        if os.name == "posix":
            with suppress(FileNotFoundError):
                os.unlink(self.path)

    def close(self) -> None:
        """Give the file back."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Remove it."""
        self.close()
        with suppress(OSError):
            os.unlink(self.path)

    def _fill(self, array: NDArray[np.int32]) -> None:
        rest = array.view(np.uint8).data
        while rest:
            got = self._file.readinto(rest)
            if not got:
                raise StateError(f"{self.path} has become shorter: start again, with --resume")
            rest = rest[got:]


def _write(file: IO[bytes], pieces: Iterator[TextPiece], path: str) -> int:
    """Returns the number of words."""
    words, last = 0, -1
    with _file_problems("write", path):
        for piece in pieces:
            begins = np.diff(piece.sentences, prepend=np.int32(last)) != 0
            file.write(np.where(begins, ~piece.words, piece.words).astype(np.int32).tobytes())
            words += len(piece.words)
            last = int(piece.sentences[-1])
    return words


@contextmanager
def _file_problems(action: str, path: str) -> Iterator[None]:
    try:
        yield
    except FileProblem:
        raise  # of the corpus
    except OSError as error:
        raise FileProblem.from_os_error(action, path, error) from error
