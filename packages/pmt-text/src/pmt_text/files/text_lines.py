"""Read a text file once, as numbered lines or as one string, with its SHA-256."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from pmt_core import TEXT_LIMITS, DataError, FileLimits, InputFile, SettingsError
from pmt_text.files.errors import check_text, dropped_warning
from pmt_text.files.line_numbers import LineNumbers

_SAMPLE = 1 << 16
_BLOCK = 1 << 18


def unusable_line(encoding: str = "utf-8", limits: FileLimits = TEXT_LIMITS) -> str:
    """Return the reason for which `TextLines` yields None for a line."""
    reason = f"not text in {encoding.upper()}"
    if limits.line is None:
        return reason
    most = "a megabyte" if limits.line == 1 << 20 else f"{limits.line:,} bytes"
    return f"{reason}, or longer than {most}"


class TextLines:
    """The lines of a text file, plain, gzip or a zip of one file (detected by its first bytes).

    A context manager. Iterating yields (number from 1, text without its line end), or
    (number, None) for a line that is not in the encoding or as long as `limits.line`. A byte-order
    mark at the beginning and CRLF line ends are removed. Memory does not grow with the file.

    Raises `FileProblem` if the file cannot be read, `DataError` if it is empty, not text, UTF-16,
    damaged, has CR line ends or expands beyond its limits, and `SettingsError` if the encoding is
    unknown or does not keep ASCII. encoding: one in which a line end is the byte 10: UTF-8,
    Latin-1, Windows-1252, ...
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        encoding: str = "utf-8",
        *,
        limits: FileLimits = TEXT_LIMITS,
    ) -> None:
        self.encoding = _checked(encoding)
        self._file = InputFile(path, limits, hashed=True)
        self.path = self._file.path
        self._max_length = limits.line
        try:
            check_text(self.path, self._file.stream.peek(_SAMPLE)[:_SAMPLE])
        except BaseException:
            self._file.close()
            raise

    def __iter__(self) -> Iterator[tuple[int, str | None]]:
        return enumerate(itertools.chain.from_iterable(self.line_blocks()), 1)

    def line_blocks(self) -> Iterator[list[str | None]]:
        """Iterate over the lines in blocks, for readers that work on many lines at once."""
        for block in self.blocks():
            yield decoded_lines(block, self.encoding, self._max_length)

    def blocks(self) -> Iterator[bytes]:
        """Iterate over the text in blocks of whole lines, each with a line end.

        A line that is too long is cut.
        """
        read, max_length = self._file.stream.read, self._max_length
        parts: list[bytes] = []
        length = 0  # of the parts, which have no line end
        while chunk := read(_BLOCK):
            end = chunk.rfind(b"\n") + 1
            if end:
                yield b"".join([*parts, chunk[:end]])
                parts, length = [chunk[end:]], len(chunk) - end
            elif max_length is None or length < max_length:
                parts.append(chunk)
                length += len(chunk)
        if length:
            yield b"".join([*parts, b"\n"])

    def sha256(self) -> str:
        """Return the SHA-256 of the stored file, in hexadecimal; reads the rest of the file."""
        return self._file.sha256()

    def __enter__(self) -> TextLines:
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()


def decoded_lines(block: bytes, encoding: str, max_length: int | None) -> list[str | None]:
    """Return the lines of a block without line ends; None for a line that cannot be used.

    block: ends with a line end. max_length: a line is shorter than this number of bytes; None: no
    limit.
    """
    if max_length is None or len(block) < max_length:
        try:
            text = block.decode(encoding)
        except UnicodeDecodeError:
            pass
        else:
            lines = text.replace("\r\n", "\n").split("\n")
            lines.pop()
            return list[str | None](lines)
    return [
        None if max_length is not None and len(line) >= max_length else _decoded(line, encoding)
        for line in block.removesuffix(b"\n").split(b"\n")
    ]


def _checked(encoding: str) -> str:
    """Return the encoding if Python knows it and it writes ASCII as ASCII."""
    text = "".join(map(chr, range(128))) + "\\ud800"  # raw_unicode_escape would decode it
    try:
        if text.encode(encoding) == text.encode("ascii") and text.encode().decode(encoding) == text:
            return encoding
    except (LookupError, UnicodeError):
        pass
    raise SettingsError(
        f"cannot read text in the encoding {encoding!r}: give one that Python knows and that keeps "
        "ASCII, e.g. utf-8, latin-1 or cp1252"
    )


def _decoded(line: bytes, encoding: str) -> str | None:
    try:
        return line.decode(encoding).removesuffix("\r")
    except UnicodeDecodeError:
        return None


@dataclass(frozen=True, slots=True)
class CorpusText:
    """A text, each line with a line feed at its end, and the account of its reading."""

    text: str
    lines: int
    sha256: str  # of the stored file
    warning: str  # which lines were dropped and why; empty if none was


def load_text(
    path: str | os.PathLike[str], encoding: str = "utf-8", *, limits: FileLimits = TEXT_LIMITS
) -> CorpusText:
    r"""Read a text file, plain, gzip or a zip of one file, as one string; CRLF becomes LF.

    A line may have any length: text8 is a single one. Lines that are not in the encoding are
    dropped and counted.

    Args:
        path: the file.
        encoding: one in which a line end is the byte 10: UTF-8, Latin-1, Windows-1252, ...
        limits: what a compressed file may expand to.

    Returns:
        `text`, `lines` (their number), `sha256` of the file, and a `warning` about dropped lines,
        empty if there are none.

    Raises:
        FileProblem: if the file cannot be read.
        DataError: if it is empty or damaged, or no text is left.
        SettingsError: if the encoding is unknown.

    Examples:
        >>> import gzip
        >>> from pathlib import Path
        >>> from pmt_text import load_text
        >>> _ = Path("poem.txt.gz").write_bytes(gzip.compress(b"one\r\ntwo\n\xff\n"))
        >>> poem = load_text("poem.txt.gz")
        >>> poem.text
        'one\ntwo\n'
        >>> poem.warning
        'poem.txt.gz:3: not text in UTF-8; line dropped'
    """
    texts: list[str] = []
    dropped = LineNumbers()
    count, is_blank = 0, True
    with TextLines(path, encoding, limits=replace(limits, line=None)) as lines:
        for block in lines.blocks():
            text, length, bad = _decoded_block(block, encoding)
            for i in bad:
                dropped.append(count + i)
            count += length
            if text:
                texts.append(text)
                is_blank = is_blank and text.isspace()
        digest = lines.sha256()
    if is_blank:
        raise DataError(_no_text(os.fspath(path), encoding, dropped))
    warning = ""
    if dropped:
        reason = f"not text in {encoding.upper()}"
        warning = dropped_warning(os.fspath(path), reason, dropped, "line")
    return CorpusText("".join(texts), count - len(dropped), digest, warning)


def _decoded_block(block: bytes, encoding: str) -> tuple[str, int, list[int]]:
    """Return the text of a block with LF line ends, its number of lines, and its bad lines."""
    try:
        text = block.decode(encoding)
    except UnicodeDecodeError:
        lines = decoded_lines(block, encoding, None)
        bad = [i for i, line in enumerate(lines, 1) if line is None]
        return "".join(f"{line}\n" for line in lines if line is not None), len(lines), bad
    return text.replace("\r\n", "\n"), block.count(b"\n"), []


def _no_text(path: str, encoding: str, dropped: Sequence[int]) -> str:
    if not dropped:
        return f"{path} has nothing but blank lines: give a file with text in it"
    return (
        f"{path}:{dropped[0]}: none of the lines that are not blank is text in {encoding.upper()}: "
        "save it as UTF-8, or name its encoding"
    )
