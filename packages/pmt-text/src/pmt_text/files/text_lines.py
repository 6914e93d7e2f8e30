"""Read a text file once, as numbered lines or as one string, with its SHA-256."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

from pmt_core import DataError, SettingsError
from pmt_text.files.errors import check_text, dropped_warning, read_problems

_MAX_LINE = 1 << 20  # bytes; a longer one is no line of text and must not fill the memory
_SAMPLE = 1 << 16
_BLOCK = 1 << 20


def unusable_line(encoding: str = "utf-8") -> str:
    """Return the reason for which `TextLines` yields None for a line."""
    return f"not text in {encoding.upper()}, or longer than a megabyte"


class TextLines:
    """The lines of a text file, plain or gzip (detected by its first bytes).

    A context manager. Iterating yields (number from 1, text without its line end), or
    (number, None) for a line that is not in the encoding or is longer than `max_length`. A
    byte-order mark at the beginning and CRLF line ends are removed. Memory does not grow with the
    file.

    Raises `FileProblem` if the file cannot be read, `DataError` if it is empty, not text, UTF-16 or
    damaged gzip, and `SettingsError` if the encoding is unknown or does not keep ASCII. encoding:
    one in which a line end is the byte 10: UTF-8, Latin-1, Windows-1252, ... max_length: maximal
    number of bytes of a line; None for texts without line ends.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        encoding: str = "utf-8",
        *,
        max_length: int | None = _MAX_LINE,
    ) -> None:
        self.path = os.fspath(path)
        self._max_length = -1 if max_length is None else max_length
        self.encoding = _checked(encoding)
        self._raw = _HashingReader(self.path)
        try:
            self._stream = self._open()
        except BaseException:
            self._raw.close()
            raise

    def _open(self) -> io.BufferedReader[Any]:
        stream: io.BufferedReader[Any] = io.BufferedReader(self._raw, _BLOCK)
        if stream.peek(2)[:2] == b"\x1f\x8b":
            stream = io.BufferedReader(gzip.GzipFile(fileobj=stream, mode="rb"), _BLOCK)
        with read_problems(self.path):
            sample = stream.peek(_SAMPLE)[:_SAMPLE]
        check_text(self.path, sample)
        return stream

    def __iter__(self) -> Iterator[tuple[int, str | None]]:
        with read_problems(self.path):
            number = 0
            while line := self._stream.readline(self._max_length):
                number += 1
                if len(line) == self._max_length and not line.endswith(b"\n"):
                    self._skip_line()
                    yield number, None
                else:
                    yield number, _decoded(line, self.encoding, first=number == 1)

    def _skip_line(self) -> None:
        while rest := self._stream.readline(self._max_length):
            if rest.endswith(b"\n"):
                return

    def sha256(self) -> str:
        """Return the SHA-256 of the stored file, in hexadecimal; reads the rest of the file."""
        with read_problems(self.path):
            while self._raw.read(_BLOCK):
                pass
        return self._raw.sha256.hexdigest()

    def __enter__(self) -> TextLines:
        return self

    def __exit__(self, *error: object) -> None:
        self._raw.close()


class _HashingReader(io.RawIOBase):
    """A file opened for reading that hashes each byte it reads."""

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
    """Return the encoding if Python knows it and it writes ASCII as ASCII."""
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


@dataclass(frozen=True, slots=True)
class CorpusText:
    """A text, each line with a line feed at its end, and the account of its reading."""

    text: str
    lines: int
    sha256: str  # of the stored file
    warning: str  # which lines were dropped and why; empty if none was


def load_text(path: str | os.PathLike[str], encoding: str = "utf-8") -> CorpusText:
    """Read a text file, plain or gzip, as one string; CRLF becomes LF.

    A line may have any length: text8 is a single one. Lines that are not in the encoding are
    dropped and counted. Raises the errors of `TextLines`, and DataError if no text is left.
    """
    texts: list[str] = []
    dropped: list[int] = []
    with TextLines(path, encoding, max_length=None) as lines:
        for number, line in lines:
            if line is None:
                dropped.append(number)
            else:
                texts.append(line)
        digest = lines.sha256()
    if not any(line.strip() for line in texts):
        raise DataError(_no_text(os.fspath(path), encoding, dropped))
    warning = ""
    if dropped:
        reason = f"not text in {encoding.upper()}"
        warning = dropped_warning(os.fspath(path), reason, dropped, "line")
    return CorpusText("".join(f"{line}\n" for line in texts), len(texts), digest, warning)


def _no_text(path: str, encoding: str, dropped: list[int]) -> str:
    if not dropped:
        return f"{path} has nothing but blank lines: give a file with text in it"
    return (
        f"{path}:{dropped[0]}: none of the lines that are not blank is text in {encoding.upper()}: "
        "save it as UTF-8, or name its encoding"
    )
