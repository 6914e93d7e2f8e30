"""Download of a file: complete or not at all, verified, resumed after interruptions."""

from __future__ import annotations

import hashlib
import http.client
import os
import re
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pmt_core import DataError, FileProblem, SettingsError
from pmt_train import progress_bar

_CHUNK = 1 << 16
_TIMEOUT = 30.0  # seconds without a byte
_ATTEMPTS = 3  # as long as each one receives something


def download(
    url: str, path: str | os.PathLike[str], *, sha256: str | None = None, quiet: bool = False
) -> bool:
    """Download `url` to the file `path`. Returns False if it was there already.

    The bytes are collected in `path` + ".part", which is renamed when all are there and the
    checksum is right. An interrupted transfer is resumed (HTTP Range), at once and, if that
    fails, by the next call.

    Args:
        url: address, http or https.
        path: target file.
        sha256: hexadecimal checksum. With it, a file that is there is verified, and replaced if
            it is another one; without it, a file that is there is kept.
        quiet: show no progress bar.

    Raises:
        FileProblem: if the server does not answer or refuses, or the disk does.
        DataError: if the checksum is wrong.
        SettingsError: for a URL that is not http(s).
    """
    if not re.match(r"https?://[^/]", url):
        raise SettingsError(f"expected a URL that begins with http:// or https://, got {url!r}")
    target = Path(path)
    if target.is_file() and (sha256 is None or _digest(target) == sha256):
        return False
    part = target.with_name(target.name + ".part")
    with _disk_problems(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        resumed = part.is_file() and part.stat().st_size > 0
        _collect(url, part, quiet)
        digest = _digest(part) if sha256 is not None else None
        if digest != sha256 and resumed:  # the first part may be that of another file
            part.unlink()
            _collect(url, part, quiet)
            digest = _digest(part)
        if digest != sha256:
            part.unlink()
            raise DataError(
                f"{url} is not the expected file: its SHA-256 is {digest}, expected {sha256}; "
                "nothing was saved. Try again, or another address"
            )
        os.replace(part, target)
    return True


def download_from_any(
    urls: list[str],
    path: str | os.PathLike[str],
    *,
    sha256: str | None = None,
    on_failure: Callable[[str], None] | None = None,
) -> bool:
    """Call `download` with each address until one succeeds.

    on_failure: called with the reason if an address fails and there is another one to try.
    Raises the error of the last address.
    """
    for i, url in enumerate(urls):
        try:
            return download(url, path, sha256=sha256)
        except (FileProblem, DataError) as error:
            if i == len(urls) - 1:
                raise
            if on_failure is not None:
                on_failure(f"{error}\ntrying the next address")
    raise SettingsError("there is no address to download from; give at least one")


class _BrokenOff(Exception):
    """The connection ended before the file did."""


def _collect(url: str, part: Path, quiet: bool) -> None:
    """Download the whole file into `part`, in as many transfers as it takes."""
    for attempt in range(1, _ATTEMPTS + 1):
        before = part.stat().st_size if part.is_file() else 0
        try:
            _transfer(url, part, before, quiet)
            return
        except _BrokenOff as error:
            size = part.stat().st_size
            if attempt == _ATTEMPTS or size <= before:
                raise FileProblem(
                    f"the download of {url} broke off ({error}); {size:,} bytes are kept and the "
                    "next try resumes there. Check the network"
                ) from error


def _transfer(url: str, part: Path, start: int, quiet: bool) -> None:
    """Append what the server sends from byte `start` on, or write all if it sends all."""
    with _response(url, start) as response:
        start = _first_byte(response) if response.status == 206 else 0
        length = response.headers.get("Content-Length", "")
        size = start + int(length) if length.isdecimal() else None
        done = start
        with open(part, "r+b" if start else "wb") as file:
            file.seek(start)
            file.truncate()
            name = part.name.removesuffix(".part")
            with progress_bar(size, name, unit="B", quiet=quiet) as bar:
                bar.unit_scale = True
                bar.update(done)
                for chunk in _chunks(response):
                    file.write(chunk)
                    done += len(chunk)
                    bar.update(len(chunk))
            file.flush()
            os.fsync(file.fileno())
    if size is not None and done < size:
        raise _BrokenOff(f"{done:,} of {size:,} bytes arrived")


def _chunks(response: Any) -> Iterator[bytes]:
    while True:
        try:
            chunk = response.read(_CHUNK)
        except http.client.IncompleteRead as error:
            yield error.partial
            raise _BrokenOff("the connection was closed") from error
        except (OSError, http.client.HTTPException) as error:
            raise _BrokenOff(str(error) or type(error).__name__) from error
        if not chunk:
            return
        yield chunk


def _response(url: str, start: int) -> Any:
    """Request the file from byte `start` on; return the response, open."""
    headers = {"User-Agent": "pmt", "Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
    try:
        response = urllib.request.urlopen(
            urllib.request.Request(url, headers=headers), timeout=_TIMEOUT
        )
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 416 and start:  # the part is as long as the file, or longer
            return _response(url, 0)
        raise FileProblem(
            f"cannot download {url}: the server answers {error.code} {error.reason}; check the "
            "address"
        ) from error
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", None) or str(error) or type(error).__name__
        raise FileProblem(
            f"cannot download {url}: {reason}; check the network, or download the file by other "
            "means and save it under the same path"
        ) from error
    if response.status == 206 and _first_byte(response) not in (0, start):
        response.close()
        raise FileProblem(f"cannot resume {url}: the server sends another part of it")
    return response


def _first_byte(response: Any) -> int:
    match = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
    return int(match[1]) if match else -1


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
