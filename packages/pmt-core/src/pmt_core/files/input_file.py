"""`InputFile`: a file from elsewhere, opened for reading and unpacked within limits."""

from __future__ import annotations

import hashlib
import io
import os
import stat
import zipfile
from dataclasses import dataclass
from typing import Any, BinaryIO, Self

from pmt_core.errors import DataError, FileProblem, PmtError
from pmt_core.files.gzip_members import GzipMembers
from pmt_core.files.zip_member import ZipMember

BYTE_ORDER_MARK = b"\xef\xbb\xbf"

_GZIP, _ZIP = b"\x1f\x8b", b"PK\x03\x04"
_ENCRYPTED = 1  # flag of a member of a .zip
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class FileLimits:
    """What a file from elsewhere may take when it is read.

    A compressed file of n bytes may expand to `allowance + expansion * n` bytes. Text compresses
    to a third or a tenth, so only a file made to fill the memory exceeds the default. A file that
    is not compressed has no such limit.

    Attributes:
        expansion: bytes that each stored byte may expand to.
        allowance: bytes that any compressed file may expand to.
        line: longest line in bytes; None: a line may be as long as the file.

    Examples:
        >>> from pmt_core import ARRAY_LIMITS, TEXT_LIMITS, FileLimits
        >>> TEXT_LIMITS.expanded(1000) - TEXT_LIMITS.allowance  # 16 bytes for each stored byte
        16000
        >>> ARRAY_LIMITS.expansion
        100
        >>> FileLimits(expansion=2, allowance=0).expanded(1000)
        2000
    """

    expansion: int = 16
    allowance: int = 4 << 20
    line: int | None = 1 << 20

    def expanded(self, stored: int) -> int:
        """Return the number of bytes that `stored` compressed bytes may expand to."""
        return self.allowance + self.expansion * stored


TEXT_LIMITS = FileLimits()
"""Limits of text files."""

ARRAY_LIMITS = FileLimits(expansion=100, allowance=64 << 20)
"""Limits of files of numbers, which may be mostly zeros and take less memory than text."""


def open_regular_file(path: str | os.PathLike[str]) -> io.BufferedReader:
    """Open a regular file for reading bytes. Raises FileProblem if that is impossible."""
    name = os.fspath(path)
    try:
        mode = os.stat(name).st_mode
        if stat.S_ISDIR(mode):
            raise FileProblem(f"cannot read {name!r}: it is a directory; name the file inside")
        if not stat.S_ISREG(mode):  # a pipe would block, a device may never end
            raise FileProblem(
                f"cannot read {name!r}: it is a device or a pipe, not a file; write its content "
                "to a file and name that"
            )
        return open(name, "rb")
    except FileNotFoundError as error:
        raise FileProblem(f"cannot read {name!r}: it does not exist; check the path") from error
    except FileProblem:
        raise
    except OSError as error:
        raise FileProblem.from_os_error("read", name, error) from error
    except ValueError as error:  # a NUL in the path
        raise FileProblem(f"cannot read {name!r}: {error}; check the path") from error


class InputFile:
    r"""A regular file opened for reading; gzip, and a zip of one file, are unpacked.

    The compression is detected from the first bytes. A context manager.

    Args:
        path: the file.
        limits: what it may expand to.
        hashed: compute the SHA-256 of the stored bytes while they are read.
        unpack: False: `stream` has the stored bytes, as they are.

    Attributes:
        path: as it was named.
        size: number of stored bytes.
        most: largest number of bytes that the content may have.
        limits: as given.
        stream: the content, unpacked; without the byte-order mark of UTF-8.

    Raises:
        FileProblem: the file is missing, a directory, a device, a pipe or unreadable.
        DataError: it is damaged or encrypted, expands beyond its limits, or is a zip file with
            several members. Reading `stream` may raise this, too.

    Examples:
        >>> import gzip
        >>> from pathlib import Path
        >>> from pmt_core import FileLimits, InputFile
        >>> _ = Path("log.gz").write_bytes(gzip.compress(b"0\n" * 1000))
        >>> with InputFile("log.gz") as file:
        ...     print(len(file.stream.read()), file.size < 60)
        2000 True
        >>> strict = FileLimits(expansion=1, allowance=0)
        >>> with InputFile("log.gz", strict) as file:  # doctest: +ELLIPSIS
        ...     file.stream.read()
        Traceback (most recent call last):
            ...
        pmt_core.errors.DataError: log.gz expands to more than ... bytes, many times its ...
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        limits: FileLimits = TEXT_LIMITS,
        *,
        hashed: bool = False,
        unpack: bool = True,
    ) -> None:
        self.path = os.fspath(path)
        self.limits = limits
        file = open_regular_file(path)
        self._raw = _StoredFile(file, self.path, hashed)
        self.size = self.most = os.fstat(file.fileno()).st_size
        self._is_zip = False
        try:
            stored = io.BufferedReader(self._raw, _BLOCK)
            self.stream = self._unpacked(stored) if unpack else stored
            if unpack and self.stream.peek(3)[:3] == BYTE_ORDER_MARK:
                self.stream.read(3)
        except BaseException:
            self.close()
            raise

    def sha256(self) -> str:
        """Return the SHA-256 of the stored file, in hexadecimal. Reads the rest of the file."""
        if self._is_zip or self._raw.sha256 is None:
            self._raw.restart()
        while self._raw.read(_BLOCK):
            pass
        digest = self._raw.sha256
        return digest.hexdigest() if digest is not None else ""

    def close(self) -> None:
        """Close the file."""
        self._raw.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _unpacked(self, stored: io.BufferedReader[Any]) -> io.BufferedReader[Any]:
        first = stored.peek(4)[:4]
        if first[:2] == _GZIP:
            most = self.limits.expanded(self.size)
            return self._limited(GzipMembers(stored), most, "gzip")
        if first == _ZIP:
            self._is_zip = True
            try:
                return self._member(stored)
            except (PmtError, MemoryError):
                raise
            except Exception as error:  # zipfile documents no complete list
                raise _damaged(self.path, "zip", error) from error
        return stored

    def _member(self, stored: io.BufferedReader[Any]) -> io.BufferedReader[Any]:
        archive = zipfile.ZipFile(stored)
        entries = [entry for entry in archive.infolist() if not entry.is_dir()]
        if len(entries) != 1:
            raise DataError(
                f"{self.path} holds {len(entries)} files, expected one: unpack it and name the file"
            )
        entry = entries[0]
        if entry.flag_bits & _ENCRYPTED:
            raise DataError(f"{self.path} is encrypted: unpack it first")
        if entry.compress_size > self.size:
            raise DataError(f"{self.path} is a damaged zip file: it is truncated; copy it again")
        if entry.compress_type not in _METHODS:
            raise DataError(
                f"{self.path} is compressed by method {entry.compress_type}, which is not read: "
                "unpack it and name the file"
            )
        source: Any = archive.open(entry)  # which checks the local header
        if entry.compress_type != zipfile.ZIP_STORED:
            source = ZipMember(stored, entry)
        return self._limited(source, self.limits.expanded(entry.compress_size), "zip")

    def _limited(self, source: Any, most: int, format: str) -> io.BufferedReader[Any]:
        self.most = most
        return io.BufferedReader(_LimitedReader(source, self.path, most, format), _BLOCK)


def _damaged(path: str, format: str, error: Exception) -> DataError:
    reason = str(error) or type(error).__name__
    return DataError(
        f"{path} is a truncated or damaged {format} file ({reason}): copy it again, or unpack it"
    )


class _StoredFile(io.RawIOBase):
    """A file whose bytes are hashed while they are read, and whose errors name the path."""

    def __init__(self, file: BinaryIO, path: str, hashed: bool) -> None:
        self._file = file
        self._path = path
        self.sha256 = hashlib.sha256() if hashed else None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def restart(self) -> None:
        self._file.seek(0)
        self.sha256 = hashlib.sha256()

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        try:
            size: int = self._file.readinto(buffer)  # type: ignore[attr-defined]
        except OSError as error:
            raise FileProblem.from_os_error("read", self._path, error) from error
        if self.sha256 is not None:
            self.sha256.update(memoryview(buffer)[:size])
        return size

    def close(self) -> None:
        self._file.close()
        super().close()


class _LimitedReader(io.RawIOBase):
    """The unpacked content of a file, up to a number of bytes."""

    def __init__(self, source: Any, path: str, most: int, format: str) -> None:
        self._source = source
        self._path = path
        self._most = most
        self._format = format
        self._count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        try:
            size: int = self._source.readinto(buffer)
        except (PmtError, MemoryError):
            raise
        except Exception as error:  # decoders of damaged data document no complete list
            raise _damaged(self._path, self._format, error) from error
        self._count += size
        if self._count > self._most:
            raise DataError(
                f"{self._path} expands to more than {self._most:,} bytes, many times its size, as "
                f"a {self._format} file made to fill the memory; if you trust it, unpack it and "
                "name the unpacked file"
            )
        return size
