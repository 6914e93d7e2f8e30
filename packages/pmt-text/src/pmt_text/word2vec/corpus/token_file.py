"""A corpus as token ids, in chunks: `TextChunk`, `encode_chunks` and `TokenFile`."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import repeat
from typing import IO

import numpy as np
from numpy.typing import NDArray

from pmt_core import FileProblem, StateError
from pmt_text.word2vec.corpus.text_corpus import SENTENCE_END, TextCorpus
from pmt_text.word2vec.corpus.word_counts import WordCounts

_UNKNOWN, _END = -1, -2
_TOKEN_BYTES = 4


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
    `words` is the number of tokens, `chunk_words` that of a chunk; the last one may be shorter.
    """

    def __init__(self, path: str, words: int, chunk_words: int) -> None:
        self.path = path
        self.words = words
        self.chunk_words = chunk_words
        with _file_problems("read", path):
            self._file = open(path, "rb", buffering=0)  # noqa: SIM115

    @classmethod
    def write(cls, corpus: TextCorpus, counts: WordCounts, chunk_words: int) -> TokenFile:
        """Encode a corpus by the ids of `counts`.

        Raises:
            StateError: The corpus is not the one that was counted.
            FileProblem: The disk is full. Errors of `TextCorpus` are passed on.
        """
        handle, path = tempfile.mkstemp(prefix="pmt-word2vec-")
        try:
            with open(handle, "wb") as file:
                words = _write(file, encode_chunks(corpus, counts, chunk_words), path)
            if words != counts.in_vocabulary:
                raise StateError(
                    f"{corpus.path} has {words} words of the vocabulary, {counts.in_vocabulary} "
                    "were counted: train on the text that was counted"
                )
            return cls(path, words, chunk_words)
        except BaseException:
            os.unlink(path)
            raise

    def __len__(self) -> int:
        """Number of chunks."""
        return -(-self.words // self.chunk_words)

    def chunk(self, number: int) -> TextChunk:
        """Read the chunk of an index, from 0."""
        start = number * self.chunk_words
        count = min(self.chunk_words, self.words - start)
        with _file_problems("read", self.path):
            self._file.seek(start * _TOKEN_BYTES)
            tokens = np.fromfile(self._file, np.int32, count)
        if len(tokens) < count:
            raise StateError(f"{self.path} has become shorter: start again, with --resume")
        begins = tokens < 0
        words, sentences = np.where(begins, ~tokens, tokens), np.cumsum(begins, dtype=np.int32)
        return TextChunk(number, words, sentences)

    def unlink(self) -> None:
        """Remove the name of the file, if the system allows that while it is open.

        The file then disappears with the last process that has it open, even if all are killed.
        """
        if os.name == "posix":
            with suppress(FileNotFoundError):
                os.unlink(self.path)

    def close(self) -> None:
        """Close and remove the file."""
        self._file.close()
        with suppress(OSError):
            os.unlink(self.path)


def _write(file: IO[bytes], chunks: Iterator[TextChunk], path: str) -> int:
    """Write the tokens; return their number."""
    words, last = 0, -1
    with _file_problems("write", path):
        for chunk in chunks:
            begins = np.diff(chunk.sentences, prepend=np.int32(last)) != 0
            file.write(np.where(begins, ~chunk.words, chunk.words).astype(np.int32).tobytes())
            words += len(chunk.words)
            last = int(chunk.sentences[-1])
    return words


@contextmanager
def _file_problems(action: str, path: str) -> Iterator[None]:
    try:
        yield
    except FileProblem:
        raise  # of the corpus
    except OSError as error:
        raise FileProblem.from_os_error(action, path, error) from error
