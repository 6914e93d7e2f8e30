"""`TextCorpus`: the words of a text file of any size, as a stream."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from pmt_core import TEXT_LIMITS, DataError, FileLimits, InputFile, SettingsError
from pmt_text.files.errors import check_text

# Separates two sentences in a list of words. No word of a UTF-8 text can be this byte.
SENTENCE_END = b"\xff"

_BLOCK = 1 << 18
_MAX_WORD_BYTES = 1 << 16  # a longer run without white space is not text
_KINDS = ("chunks", "lines")
_READINGS = ("spaces", "cased", "lower")
# Punctuation that is not within a word or number (O'Neill, 1,000), nor the point of an initial or
# abbreviation (J. Smith, the U.S.). The 's of a genitive is a word.
_PUNCTUATION = re.compile(r"[^\w\s](?:(?<=\w['\u2019])s(?!\w)|(?!\w)(?<!\b[A-Z]\.)|(?<!\w.))")
_ZERO = bytes.maketrans(b"123456789", b"000000000")


class TextCorpus:
    r"""The words of a text file, which can be read any number of times in constant memory.

    Words are separated by ASCII white space.

    Args:
        path: A UTF-8 text: plain, gzip (detected by its first bytes) or a .zip of one file.
        sentences: "chunks": a sentence is `sentence_words` words, and line ends are spaces (as for
            text8, which is one line). "lines": every line is a sentence; a line of more than
            `sentence_words` words is split.
        sentence_words: Maximum length of a sentence, 2 or more.
        reading: "spaces": words are what is between white space, as it is. "cased": punctuation
            is split off and digits are 0, as a tagger reads words. "lower": the same in lower case.
        limit: Read only the first `limit` words; None: all.
        limits: What a compressed file may expand to.

    Raises:
        SettingsError: An argument is out of range.

    Reading raises `FileProblem` (missing, a folder, unreadable) or `DataError` (empty, not a text,
    damaged); both name the path and the cure.

    Examples:
        >>> from pathlib import Path
        >>> from pmt_text import TextCorpus
        >>> _ = Path("text.txt").write_text("to be or\nnot to be\n")
        >>> list(TextCorpus("text.txt").word_lists())
        [[b'to', b'be', b'or', b'not', b'to', b'be']]
        >>> list(TextCorpus("text.txt", limit=2).word_lists())
        [[b'to', b'be']]
        >>> _ = Path("cased.txt").write_text("J. Smith's U.S. team won (by 10), didn't it?\n")
        >>> b" ".join(*TextCorpus("cased.txt", reading="cased").word_lists())
        b"J. Smith 's U.S. team won ( by 00 ) , didn't it ?"
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        sentences: str = "chunks",
        sentence_words: int = 1000,
        reading: str = "spaces",
        limit: int | None = None,
        limits: FileLimits = TEXT_LIMITS,
    ) -> None:
        if sentences not in _KINDS:
            raise SettingsError(f"sentences must be one of {', '.join(_KINDS)}, not {sentences!r}")
        if reading not in _READINGS:
            raise SettingsError(f"reading must be one of {', '.join(_READINGS)}, not {reading!r}")
        if sentence_words < 2:
            raise SettingsError(f"sentence_words must be 2 or more, not {sentence_words}")
        if limit is not None and limit < 1:
            raise SettingsError(f"limit is a number of words, 1 or more, got {limit}")
        self.path = os.fspath(path)
        self.sentences = sentences
        self.sentence_words = sentence_words
        self.reading = reading
        self.limit = limit
        self.limits = limits

    def word_lists(self) -> Iterator[list[bytes]]:
        """Iterate over all words in order, in lists of about a quarter of a megabyte of text.

        With `sentences="lines"`, `SENTENCE_END` follows the words of each line. A list may end
        within a sentence, but never within a word.
        """
        by_line = self.sentences == "lines"
        left = self.limit
        is_empty = True
        for block in self._blocks():
            text = block if self.reading == "spaces" else self._separated(block)
            words = text.replace(b"\n", b" \xff ").split() if by_line else text.split()
            if not words:
                continue
            is_empty = False
            if left is not None:
                count = len(words) - words.count(SENTENCE_END)
                if count >= left:
                    yield _first(words, left)
                    return
                left -= count
            yield words
        if is_empty:
            raise DataError(f"{self.path} holds no words: give a text")

    def _separated(self, block: bytes) -> bytes:
        """Return a text with white space around punctuation, 0 for digits, and its case."""
        # Bytes that are not UTF-8 come back as they were.
        text = block.translate(_ZERO).decode("utf-8", "surrogateescape")
        text = _PUNCTUATION.sub(r" \g<0> ", text)
        if self.reading == "lower":
            text = text.lower()
        return text.encode("utf-8", "surrogateescape")

    def _blocks(self) -> Iterator[bytes]:
        """Iterate over the text in blocks that end at white space."""
        with InputFile(self.path, self.limits) as file:
            stream = file.stream
            text = stream.read(_BLOCK)
            check_text(self.path, text)
            while text:
                # One block is read per block yielded, so a word is split at most once.
                body, rest = _split_at_space(text)
                if len(rest) > _MAX_WORD_BYTES:
                    raise DataError(
                        f"{self.path} has {len(rest)} bytes without a space: give a text whose "
                        "words are separated by spaces"
                    )
                if body:
                    yield body
                more = stream.read(_BLOCK)
                if not more:
                    if rest:
                        yield rest
                    return
                text = rest + more


def _first(words: list[bytes], count: int) -> list[bytes]:
    """Return the beginning of `words` up to the `count`-th that is not a sentence end."""
    for index, word in enumerate(words):
        count -= word != SENTENCE_END
        if not count:
            return words[: index + 1]
    return words


def _split_at_space(text: bytes) -> tuple[bytes, bytes]:
    """Split after the last white space."""
    cut = max(text.rfind(b" "), text.rfind(b"\n"), text.rfind(b"\t")) + 1
    return text[:cut], text[cut:]
