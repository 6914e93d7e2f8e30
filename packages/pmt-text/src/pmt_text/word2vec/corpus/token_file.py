"""A corpus as token ids, in chunks: `TextChunk`, `encode_chunks` and `TokenFile`."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from pmt_core import FileProblem, StateError
from pmt_text.word2vec.corpus.text_corpus import SENTENCE_END, TextCorpus
from pmt_text.word2vec.corpus.word_counts import WordCounts

_UNKNOWN, _END = -1, -2
_TOKEN_BYTES = 4
_PREFIX = "pmt-word2vec-"


@dataclass(frozen=True, slots=True, eq=False)
class TextChunk:
    """Consecutive tokens of a corpus; words outside of the vocabulary are left out.

    `words` (n,) are word ids, `sentences` (n,) non-decreasing sentence ids. `number` is the index
    of the chunk in the text, from 0.
    """

    number: int
    words: NDArray[np.int32]
    sentences: NDArray[np.int32]


def encode_chunks(corpus: TextCorpus, counts: WordCounts, chunk_words: int) -> Iterator[TextChunk]:
    """Iterate over the corpus in chunks of `chunk_words` tokens; the last one may be shorter.

    Memory holds a quarter of a megabyte of text and one chunk at a time.
    """
    ids = {word.encode(): number for word, number in counts.ids.items()}
    ids[SENTENCE_END] = _END
    words, sentences = np.empty(0, np.int32), np.empty(0, np.int32)
    number, last, length = 0, 0, 0
    for block in corpus.word_lists():
        tokens = np.fromiter(map(ids.get, block, repeat(_UNKNOWN)), np.int32, len(block))
        token_sentences, last, length = _sentences(tokens, last, length, corpus.sentence_words)
        known = tokens >= 0
        words = np.concatenate([words, tokens[known]])
        sentences = np.concatenate([sentences, token_sentences[known]])
        whole = len(words) // chunk_words * chunk_words
        for start in range(0, whole, chunk_words):
            part = slice(start, start + chunk_words)
            yield TextChunk(number, words[part], sentences[part])
            number += 1
        words, sentences = words[whole:], sentences[whole:]
    if len(words):
        yield TextChunk(number, words, sentences)


def _sentences(
    tokens: NDArray[np.int32], last: int, length: int, max_length: int
) -> tuple[NDArray[np.int32], int, int]:
    """Return the sentence id of each token; a sentence begins after `_END` or `max_length` words.

    last, length: sentence id before, and words of its line so far; returned for what follows.
    """
    position = np.arange(1, len(tokens) + 1)
    is_end = tokens == _END
    line_start = np.maximum.accumulate(np.where(is_end, position, 0))
    in_line = position - line_start + np.where(line_start == 0, length, 0)  # from 1; 0 at an end
    begins = is_end | ((in_line - 1) % max_length == 0) & (in_line > 1)
    numbers = (last + np.cumsum(begins)).astype(np.int32)
    return numbers, int(numbers[-1]), int(in_line[-1])


class TokenFile:
    """A temporary file with the token ids of a corpus, for random access to its chunks.

    Looking words up in a dictionary takes a tenth of the time that training on them takes, so it is
    done once for all epochs and processes. Each token is an int32: its word id, or ~id at the
    beginning of a sentence. The file is in the folder for temporary files (TMPDIR) and kept open.

    POSIX: the file has no name, and disappears with the last process that has it open, even if all
    are killed. Windows: it has a name; files that a killed process left are removed by `write`.

    `words` is the number of tokens, `chunk_words` that of a chunk; the last one may be shorter.

    Attributes:
        handle: The argument of `attach` in another process: a file descriptor, to be passed on when
            the process is started, or a path.
    """

    def __init__(self, file: IO[bytes], handle: int | str, words: int, chunk_words: int) -> None:
        self._file = file
        self.handle = handle
        self.words = words
        self.chunk_words = chunk_words

    @classmethod
    def write(cls, corpus: TextCorpus, counts: WordCounts, chunk_words: int) -> TokenFile:
        """Encode a corpus by the ids of `counts`.

        Raises:
            StateError: The corpus is not the one that was counted.
            FileProblem: The disk is full. Errors of `TextCorpus` are passed on.
        """
        _remove_left_overs()
        with _file_problems("write"):
            file, handle = _temporary_file()
        tokens = cls(file, handle, 0, chunk_words)
        try:
            tokens.words = _write(file, encode_chunks(corpus, counts, chunk_words))
            if tokens.words != counts.in_vocabulary:
                raise StateError(
                    f"{corpus.path} has {tokens.words} words of the vocabulary, "
                    f"{counts.in_vocabulary} were counted: train on the text that was counted"
                )
        except BaseException:
            tokens.close()
            raise
        return tokens

    @classmethod
    def attach(cls, handle: int | str, words: int, chunk_words: int) -> TokenFile:
        """Open the file that another process wrote, by its `handle`."""
        with _file_problems("read"):
            source = os.dup(handle) if isinstance(handle, int) else handle
            file = open(source, "rb")  # noqa: SIM115
        return cls(file, handle, words, chunk_words)

    @property
    def descriptors(self) -> list[int]:
        """File descriptors to pass on to a process that attaches the file."""
        return [self.handle] if isinstance(self.handle, int) else []

    def __len__(self) -> int:
        """Number of chunks."""
        return -(-self.words // self.chunk_words)

    def chunk(self, number: int) -> TextChunk:
        """Read the chunk of an index, from 0."""
        start = number * self.chunk_words
        count = min(self.chunk_words, self.words - start)
        with _file_problems("read"):
            tokens = np.frombuffer(self._read(start * _TOKEN_BYTES, count * _TOKEN_BYTES), np.int32)
        begins = tokens < 0
        words, sentences = np.where(begins, ~tokens, tokens), np.cumsum(begins, dtype=np.int32)
        return TextChunk(number, words, sentences)

    def _read(self, start: int, size: int) -> bytes:
        """Read bytes without moving the position, which all processes share."""
        if sys.platform == "win32":
            self._file.seek(start)
            data = self._file.read(size)
        else:
            data = os.pread(self._file.fileno(), size, start)
        if len(data) < size:
            raise StateError("the temporary file of tokens has become shorter: use --resume")
        return data

    def close(self) -> None:
        """Close the file; it is removed if no other process has it open."""
        self._file.close()
        if isinstance(self.handle, str):
            with suppress(OSError):
                os.unlink(self.handle)


def _temporary_file() -> tuple[IO[bytes], int | str]:
    """Create a file; return it and its `TokenFile.handle`."""
    if sys.platform == "win32":
        descriptor, path = tempfile.mkstemp(prefix=_PREFIX)
        return open(descriptor, "w+b"), path
    file = tempfile.TemporaryFile(prefix=_PREFIX)  # noqa: SIM115
    return file, file.fileno()


def _remove_left_overs() -> None:
    """Windows: remove the files of killed processes; it refuses to remove an open one."""
    if sys.platform == "win32":
        for path in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
            with suppress(OSError):
                path.unlink()


def _write(file: IO[bytes], chunks: Iterator[TextChunk]) -> int:
    """Write the tokens; return their number."""
    words, last = 0, -1
    with _file_problems("write"):
        for chunk in chunks:
            begins = np.diff(chunk.sentences, prepend=np.int32(last)) != 0
            file.write(np.where(begins, ~chunk.words, chunk.words).astype(np.int32).tobytes())
            words += len(chunk.words)
            last = int(chunk.sentences[-1])
        file.flush()
    return words


@contextmanager
def _file_problems(action: str) -> Iterator[None]:
    try:
        yield
    except FileProblem:
        raise  # of the corpus
    except OSError as error:
        where = tempfile.tempdir or "temporary files (TMPDIR)"
        raise FileProblem.from_os_error(action, where, error) from error
