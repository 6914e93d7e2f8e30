"""`TextCorpus`: a text file of any size as a stream of words."""

from __future__ import annotations

import gzip
import io
import os
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from pmt_core import DataError, SettingsError
from pmt_text.files.errors import read_problems

__all__ = ["SENTENCE_END", "TextCorpus"]

# Stands between two sentences among the words. No word of a UTF-8 text can be this byte.
SENTENCE_END = b"\xff"

_BLOCK = 1 << 18
_LONGEST_WORD = 1 << 16  # bytes; what goes on longer without a space is no text
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_ENCRYPTED = 1  # flag of a member of a .zip
_KINDS = ("chunks", "lines")


class TextCorpus:
    """The words of a file, read as often as wanted; memory does not grow with the file.

    path: a UTF-8 text, plain, gzip (told by its first bytes) or a .zip with one file in it. Words
    are what stands between ASCII white space; nothing is folded or stripped.
    sentences: "chunks": line ends are spaces, and a sentence is `sentence_words` words (as for
    text8, which is one line); "lines": every line is a sentence, a longer one is cut there.

    Raises `FileProblem` (missing, a folder, unreadable) and `DataError` (empty, not a text,
    damaged), naming the path and the cure; `SettingsError` for the arguments.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        sentences: str = "chunks",
        sentence_words: int = 1000,
    ) -> None:
        if sentences not in _KINDS:
            raise SettingsError(f"sentences must be one of {', '.join(_KINDS)}, not {sentences!r}")
        if sentence_words < 2:
            raise SettingsError(f"sentence_words must be 2 or more, not {sentence_words}")
        self.path = os.fspath(path)
        self.sentences = sentences
        self.sentence_words = sentence_words

    def word_lists(self) -> Iterator[list[bytes]]:
        """All words in order, about a quarter of a megabyte of text at a time.

        In "lines" a `SENTENCE_END` stands at every line end. A word is never cut, a sentence may
        be.
        """
        by_line = self.sentences == "lines"
        some = False
        for text in self._blocks():
            words = text.replace(b"\n", b" \xff ").split() if by_line else text.split()
            if words:
                some = True
                yield words
        if not some:
            raise DataError(f"{self.path} holds no words: give a text")

    def _blocks(self) -> Iterator[bytes]:
        """The text in blocks that end at white space."""
        with read_problems(self.path), self._open() as stream:
            text = stream.read(_BLOCK)
            _check_sample(self.path, text)
            text = text.removeprefix(_BYTE_ORDER_MARK)
            while text:
                # Never read twice before a block is given away: a word is cut at most once.
                body, rest = _split_at_space(text)
                if len(rest) > _LONGEST_WORD:
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

    @contextmanager
    def _open(self) -> Iterator[IO[bytes]]:
        with open(self.path, "rb") as file:
            first = file.read(4)
            file.seek(0)
            if first == b"PK\x03\x04":
                with zipfile.ZipFile(file) as archive, archive.open(self._member(archive)) as text:
                    yield text
            elif first[:2] == b"\x1f\x8b":
                with gzip.GzipFile(fileobj=file, mode="rb") as text:
                    yield io.BufferedReader(text, _BLOCK)
            else:
                yield file

    def _member(self, archive: zipfile.ZipFile) -> str:
        entries = [entry for entry in archive.infolist() if not entry.is_dir()]
        if len(entries) != 1:
            raise DataError(
                f"{self.path} holds {len(entries)} files, one is wanted: unpack it and give the "
                "text"
            )
        if entries[0].flag_bits & _ENCRYPTED:
            raise DataError(f"{self.path} is encrypted: unpack it first")
        return entries[0].filename


def _split_at_space(text: bytes) -> tuple[bytes, bytes]:
    """All up to the last space or line end, and the rest."""
    cut = max(text.rfind(b" "), text.rfind(b"\n"), text.rfind(b"\t")) + 1
    return text[:cut], text[cut:]


def _check_sample(path: str, sample: bytes) -> None:
    if not sample:
        raise DataError(f"{path} is empty: give a text")
    if sample.startswith(_UTF_16):
        raise DataError(f"{path} is UTF-16 text: save it as UTF-8")
    if b"\0" in sample:
        raise DataError(f"{path} is a binary file: give a text (UTF-8), plain, .gz or .zip")
