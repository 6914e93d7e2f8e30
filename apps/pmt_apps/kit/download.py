"""Fetching a file: whole or not at all, checked, going on where it broke off."""

from __future__ import annotations

import hashlib
import http.client
import os
import re
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pmt_core import DataError, FileProblem, SettingsError
from pmt_train import progress_bar

_CHUNK = 1 << 16
_TIMEOUT = 30.0  # seconds without a byte
_ATTEMPTS = 3  # that brought something; one that brings nothing is the last


def download(
    url: str, path: str | os.PathLike[str], *, sha256: str | None = None, quiet: bool = False
) -> bool:
    """Fetch `url` into the file `path`. Returns False where it was there already.

    The bytes are collected in `path` + ".part"; only when all are there and the checksum is right
    are they moved to `path` in one step. A transfer that breaks off is taken up again where it
    stopped (HTTP Range), at once and, if that fails, by the next call.

    sha256: hexadecimal; with it a file that is already there is checked, too, and fetched anew
    where it is another one. Without it a file that is there is left alone. quiet: no bar.

    Raises FileProblem where nothing answers, the server refuses, or the disk does; DataError where
    the bytes are not those of the checksum; SettingsError for a URL that is not http(s).
    """
    if not re.match(r"https?://[^/]", url):
        raise SettingsError(f"a URL to fetch from begins with http:// or https://, got {url!r}")
    target = Path(path)
    if target.is_file() and (sha256 is None or _digest(target) == sha256):
        return False
    part = target.with_name(target.name + ".part")
    with _disk_problems(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        resumed = part.is_file() and part.stat().st_size > 0
        _collect(url, part, quiet)
        found = _digest(part) if sha256 is not None else None
        if found != sha256 and resumed:  # its beginning came from somewhere else: all anew
            part.unlink()
            _collect(url, part, quiet)
            found = _digest(part)
        if found != sha256:
            part.unlink()
            raise DataError(
                f"{url} is not the file that was expected: its SHA-256 is {found}, expected "
                f"{sha256}; nothing was saved. Try again, or another address"
            )
        os.replace(part, target)
    return True


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a server said it will send.

    Attributes:
        body: to read from. start: place in the file of its first byte. size: of the whole file,
            None where the server does not tell.
    """

    body: Any
    start: int
    size: int | None


def _collect(url: str, part: Path, quiet: bool) -> None:
    """All bytes of the file into `part`, in as many transfers as it takes."""
    for attempt in range(_ATTEMPTS):
        before = part.stat().st_size if part.is_file() else 0
        try:
            _transfer(url, part, before, quiet)
            return
        except _BrokenOff as error:
            came = part.stat().st_size - before
            if attempt == _ATTEMPTS - 1 or came <= 0:
                raise FileProblem(
                    f"fetching {url} broke off ({error}); {part.stat().st_size:,} bytes are kept "
                    "and the next try goes on from there. Check the network"
                ) from error


class _BrokenOff(Exception):
    """The connection ended before the file did."""


def _transfer(url: str, part: Path, start: int, quiet: bool) -> None:
    with _asked(url, start) as answer, open(part, "r+b" if answer.start else "wb") as file:
        file.seek(answer.start)
        file.truncate()
        done = answer.start
        name = part.name.removesuffix(".part")
        with progress_bar(answer.size, name, unit="B", quiet=quiet) as bar:
            bar.unit_scale = True
            bar.update(done)
            for piece in _pieces(answer.body):
                file.write(piece)
                done += len(piece)
                bar.update(len(piece))
        file.flush()
        os.fsync(file.fileno())
    if answer.size is not None and done < answer.size:
        raise _BrokenOff(f"{done:,} of {answer.size:,} bytes came")


def _pieces(body: Any) -> Iterator[bytes]:
    while True:
        try:
            piece = body.read(_CHUNK)
        except http.client.IncompleteRead as error:
            yield error.partial
            raise _BrokenOff("the connection was closed") from error
        except (OSError, http.client.HTTPException) as error:
            raise _BrokenOff(str(error) or type(error).__name__) from error
        if not piece:
            return
        yield piece


@contextmanager
def _asked(url: str, start: int) -> Iterator[_Answer]:
    """The server's answer to "the file from byte `start` on"."""
    headers = {"User-Agent": "pmt", "Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
    request = urllib.request.Request(url, headers=headers)
    try:
        response = urllib.request.urlopen(request, timeout=_TIMEOUT)
    except urllib.error.HTTPError as error:
        with error:
            if error.code == 416 and start:  # what we have is all there is, or more
                with _asked(url, 0) as answer:
                    yield answer
                return
        raise FileProblem(
            f"cannot fetch {url}: the server answers {error.code} {error.reason}; check the address"
        ) from error
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", None) or str(error) or type(error).__name__
        raise FileProblem(
            f"cannot fetch {url}: {reason}; check the network, or fetch the file by other means "
            "and put it in its place"
        ) from error
    with response:
        first = _first_byte(response) if response.status == 206 else 0
        length = response.headers.get("Content-Length", "")
        size = first + int(length) if length.isdecimal() else None
        if first not in (0, start):
            raise FileProblem(f"cannot go on with {url}: the server sends another part of it")
        yield _Answer(response, first, size)


def _first_byte(response: Any) -> int:
    found = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
    return int(found[1]) if found else -1


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


def download_from_any(
    urls: list[str],
    path: str | os.PathLike[str],
    *,
    sha256: str | None = None,
    told: Callable[[str], None] | None = None,
) -> bool:
    """`download` from the first of several addresses that has the file.

    told: is given the reason whenever an address fails and there is another one to try.
    Raises the error of the last one.
    """
    for i, url in enumerate(urls):
        try:
            return download(url, path, sha256=sha256)
        except (FileProblem, DataError) as error:
            if i == len(urls) - 1:
                raise
            if told is not None:
                told(f"{error}\ntrying the next address")
    raise SettingsError("there is no address to fetch from; give at least one")
