"""The lines of a text file with their numbers, read once, and the hash of the file."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
from collections.abc import Iterator
from types import TracebackType
from typing import IO, Any

from pmt_core import DataError, SettingsError
from pmt_text.files.errors import read_problems

__all__ = ["TextLines", "unusable_line"]

_LONGEST_LINE = 1 << 20  # bytes; a longer one is no line of text and must not fill the memory
_SAMPLE = 1 << 16
_BLOCK = 1 << 20
_OTHER_BYTE_ORDER_MARKS = (b"\xff\xfe", b"\xfe\xff")


def unusable_line(encoding: str = "utf-8") -> str:
    """In words, why `TextLines` gives None for a line."""
    return f"not text in {encoding.upper()}, or longer than a megabyte"


class TextLines:
    """Reads a text file, plain or gzip (told by its first bytes), as numbered lines.

    A context manager. Iterating gives (number from 1, text without its line end), or
    (number, None) for a line that is not in the encoding, or longer than `longest` (see
    `unusable_line`). A byte-order mark at the beginning and CRLF line ends are taken off.
    `sha256()` is that of the whole file as it is stored. Memory does not grow with the file.

    encoding: one of those in which a line end is the byte 10: UTF-8, Latin-1, Windows-1252, ...
    longest: most bytes of a line; None: any number, for texts without line ends.
    Raises `FileProblem` (missing, a folder, unreadable) and `DataError` (empty, not a text file,
    UTF-16, a damaged gzip stream), all naming the path and the cure; `SettingsError` for an
    encoding that cannot be.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        encoding: str = "utf-8",
        *,
        longest: int | None = _LONGEST_LINE,
    ) -> None:
        self.path = os.fspath(path)
        self._longest = -1 if longest is None else longest
        self.encoding = _checked(encoding)
        self._raw = _HashingReader(self.path)
        try:
            self._stream = self._open()
        except BaseException:
            self._raw.close()
            raise

    def _open(self) -> io.BufferedReader[Any]:
        stored = io.BufferedReader(self._raw, _BLOCK)
        stream: io.BufferedReader[Any] = stored
        if stored.peek(2)[:2] == b"\x1f\x8b":
            unzipped = gzip.GzipFile(fileobj=stored, mode="rb")
            stream = io.BufferedReader(unzipped, _BLOCK)
        with read_problems(self.path):
            sample = stream.peek(_SAMPLE)[:_SAMPLE]
        if not sample:
            raise DataError(f"{self.path} is empty: give a file with text in it")
        if sample.startswith(_OTHER_BYTE_ORDER_MARKS):
            raise DataError(f"{self.path} is UTF-16 text: save it as UTF-8")
        if b"\0" in sample:
            raise DataError(f"{self.path} is a binary file: give a text file (UTF-8)")
        return stream

    def __iter__(self) -> Iterator[tuple[int, str | None]]:
        with read_problems(self.path):
            number = 0
            while line := self._stream.readline(self._longest):
                number += 1
                if len(line) == self._longest and not line.endswith(b"\n"):
                    self._skip_line()
                    yield number, None
                else:
                    yield number, _decoded(line, self.encoding, first=number == 1)

    def _skip_line(self) -> None:
        while rest := self._stream.readline(self._longest):
            if rest.endswith(b"\n"):
                return

    def sha256(self) -> str:
        """The SHA-256 of the file, in hexadecimal; what has not been read yet is read for it."""
        with read_problems(self.path):
            while self._raw.read(_BLOCK):
                pass
        return self._raw.sha256.hexdigest()

    def __enter__(self) -> TextLines:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._raw.close()


class _HashingReader(io.RawIOBase):
    """A file opened for reading that hashes every byte on its way."""

    def __init__(self, path: str) -> None:
        self._path = path
        self.sha256 = hashlib.sha256()
        self._file: IO[bytes] | None = None
        with read_problems(path):
            self._file = open(path, "rb", buffering=0)  # noqa: SIM115 (closed by close)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        if self._file is None:
            return 0
        size: int = self._file.readinto(buffer)  # type: ignore[attr-defined]
        self.sha256.update(memoryview(buffer)[:size])
        return size

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
        super().close()


def _checked(encoding: str) -> str:
    """The encoding, where it is known and writes ASCII as ASCII."""
    ascii_ = "".join(map(chr, range(128)))
    try:
        if ascii_.encode(encoding) == ascii_.encode("ascii"):
            return encoding
    except (LookupError, UnicodeError):
        pass
    raise SettingsError(
        f"cannot read text in the encoding {encoding!r}: give one that Python knows and that keeps "
        "ASCII, e.g. utf-8, latin-1 or cp1252"
    )


def _decoded(line: bytes, encoding: str, first: bool) -> str | None:
    try:
        text = line.decode(encoding)
    except UnicodeDecodeError:
        return None
    text = text.removesuffix("\n").removesuffix("\r")
    return text.removeprefix("\ufeff") if first else text
