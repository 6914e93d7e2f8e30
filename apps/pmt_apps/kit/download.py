"""Download of a file: complete or not at all, verified, resumed after interruptions."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pmt_apps.kit.http_response import BrokenOff, Deadline, HttpResponse
from pmt_core import DataError, FileProblem, SettingsError
from pmt_train import progress_bar

_ATTEMPTS = 3  # as long as each one receives something


@dataclass(frozen=True, slots=True)
class _Expected:
    """What is known of a file before it is downloaded; `None` is unknown."""

    sha256: str | None
    size: int | None
    max_bytes: int

    @property
    def most(self) -> int:
        """The largest number of bytes that the file can have."""
        return self.max_bytes if self.size is None else self.size


def download(
    url: str,
    path: str | os.PathLike[str],
    *,
    sha256: str | None = None,
    size: int | None = None,
    max_bytes: int = 1 << 30,
    seconds: float = 3600.0,
    quiet: bool = False,
) -> bool:
    """Download `url` to the file `path`. Returns False if it was there already.

    The bytes are collected in `path` + ".part", which is renamed when all are there and size and
    checksum are right. An interrupted transfer is resumed (HTTP Range), at once and, if that
    fails and the checksum is known, by the next call. Redirects lead to http and https only.

    Args:
        url: address, http or https.
        path: target file.
        sha256: hexadecimal checksum. With it, a file that is there is verified, and replaced if
            it is another one; without it, a file that is there is kept.
        size: number of bytes; None if unknown.
        max_bytes: most bytes of a file of unknown size.
        seconds: most seconds of the download; with a checksum, what has arrived by then is kept.
        quiet: show no progress bar.

    Raises:
        FileProblem: if the server does not answer, refuses or takes too long, or the disk does.
        DataError: if the size or the checksum is wrong, or the file is too long.
        SettingsError: for a URL that is not http(s).
    """
    expected = _Expected(sha256, size, max_bytes)
    if not re.match(r"https?://[^/]", url):
        raise SettingsError(f"expected a URL that begins with http:// or https://, got {url!r}")
    target = Path(path)
    if target.is_file() and (expected.sha256 is None or _digest(target) == expected.sha256):
        return False
    part = target.with_name(target.name + ".part")
    with _disk_problems(target), Deadline(seconds) as deadline:
        target.parent.mkdir(parents=True, exist_ok=True)
        if expected.sha256 is None:
            part.unlink(missing_ok=True)  # it may be the beginning of another file
        transfer = _Transfer(url, part, expected, deadline, quiet)
        if not transfer.is_complete():
            is_resumed = part.is_file() and part.stat().st_size > 0
            transfer.run()
            if is_resumed and not transfer.is_complete():  # two files were spliced
                part.unlink()
                transfer.run()
            transfer.check()
        os.replace(part, target)
    return True


def download_from_any(
    urls: list[str],
    path: str | os.PathLike[str],
    *,
    sha256: str | None = None,
    size: int | None = None,
    on_failure: Callable[[str], None] | None = None,
) -> bool:
    """Call `download` with each address until one succeeds.

    on_failure: called with the reason if an address fails and there is another one to try.
    Raises the error of the last address.
    """
    for i, url in enumerate(urls):
        try:
            return download(url, path, sha256=sha256, size=size)
        except (FileProblem, DataError) as error:
            if i == len(urls) - 1:
                raise
            if on_failure is not None:
                on_failure(f"{error}\ntrying the next address")
    raise SettingsError("there is no address to download from; give at least one")


@dataclass(frozen=True, slots=True)
class _Transfer:
    """Collects the file of one address in the file `part`."""

    url: str
    part: Path
    expected: _Expected
    deadline: Deadline
    quiet: bool

    def is_complete(self) -> bool:
        """Return whether the part is the file that is expected, as far as that is known."""
        if not self.part.is_file():
            return False
        size = self.part.stat().st_size
        if size == 0 or (self.expected.size is not None and size != self.expected.size):
            return False
        return self.expected.sha256 is None or _digest(self.part) == self.expected.sha256

    def check(self) -> None:
        """Remove the part and raise DataError if it is not the file that is expected."""
        if self.is_complete():
            return
        size, digest = self.part.stat().st_size, _digest(self.part)
        self.part.unlink()
        if size == 0:
            raise self._other("an empty file arrived")
        if self.expected.size not in (None, size):
            raise self._other(f"{size:,} bytes arrived, expected {self.expected.size:,}")
        raise self._other(f"its SHA-256 is {digest}, expected {self.expected.sha256}")

    def run(self) -> None:
        """Download the whole file, in as many transfers as it takes."""
        for attempt in range(1, _ATTEMPTS + 1):
            before = self.part.stat().st_size if self.part.is_file() else 0
            if before >= self.expected.most:  # no beginning of the file
                self.part.unlink()
                before = 0
            try:
                self._append(before)
                return
            except BrokenOff as error:
                size = self.part.stat().st_size
                if self.deadline.is_over:
                    self._give_up(f"was not complete after {self.deadline.seconds:g} seconds", size)
                if attempt == _ATTEMPTS or size <= before:
                    self._give_up(f"broke off ({error})", size)

    def _give_up(self, reason: str, size: int) -> None:
        saved = f"{size:,} bytes are kept and the next try resumes there"
        if self.expected.sha256 is None:
            self.part.unlink()
            saved = "nothing was saved"
        raise FileProblem(f"the download of {self.url} {reason}; {saved}. Check the network")

    def _append(self, start: int) -> None:
        """Append what the server sends from byte `start` on, or write all if it sends all."""
        allow_plain = self.expected.sha256 is not None
        with HttpResponse(self.url, start, self.deadline, allow_plain=allow_plain) as response:
            self._check_size(response.end)
            done = response.start
            with open(self.part, "r+b" if done else "wb") as file:
                file.seek(done)
                file.truncate()
                name = self.part.name.removesuffix(".part")
                with progress_bar(response.end, name, unit="B", quiet=self.quiet) as bar:
                    bar.unit_scale = True
                    bar.update(done)
                    for chunk in response.chunks():
                        done += len(chunk)
                        self._check_end(done)
                        file.write(chunk)
                        bar.update(len(chunk))
                        if self.deadline.is_over:
                            raise BrokenOff("the time is over")
                file.flush()
                os.fsync(file.fileno())
        size = response.end if self.expected.size is None else self.expected.size
        if (size is not None and done < size) or self.deadline.is_over:
            raise BrokenOff(f"{done:,} of {size or 0:,} bytes arrived")

    def _check_size(self, size: int | None) -> None:
        """Raise DataError if the Content-Length is that of another file."""
        expected = self.expected
        if size is not None and expected.size not in (None, size):
            raise self._other(f"its Content-Length is {size:,}, expected {expected.size:,}")
        if size is not None and size > expected.most:
            raise self._other(f"its Content-Length is {size:,}, more than {expected.most:,}")

    def _check_end(self, done: int) -> None:
        """Remove the part and raise DataError if the server sends too much."""
        if done > self.expected.most:
            self.part.unlink()
            raise self._other(f"it has more than {self.expected.most:,} bytes")

    def _other(self, difference: str) -> DataError:
        return DataError(
            f"{self.url} is not the expected file: {difference}; nothing was saved. Try again, or "
            "another address"
        )


def _digest(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _disk_problems(path: Path) -> Iterator[None]:
    try:
        yield
    except FileProblem:
        raise
    except OSError as error:
        raise FileProblem.from_os_error("write", path, error) from error
