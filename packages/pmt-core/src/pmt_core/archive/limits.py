"""Limits of all archives: names, metadata, sizes; and reading within them."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from pmt_core.errors import ArchiveError, FileProblem
from pmt_core.files.json_reader import JSON_DIGITS

MAX_META = 64 << 20


class ReadableInto(Protocol):
    """A file that reads into memory."""

    def readinto(self, buffer: memoryview, /) -> int | None:
        """Fill the beginning of the buffer; return the number of bytes, 0 at the end."""


_MAX_NAME = 4096
_CHUNK = 1 << 20


@contextmanager
def reading(path: str | os.PathLike[str]) -> Iterator[None]:
    """Convert errors of the disk to FileProblem, and lack of memory to ArchiveError."""
    try:
        yield
    except FileProblem:
        raise
    except OSError as error:
        raise FileProblem.from_os_error("read", path, error) from error
    except MemoryError as error:
        raise ArchiveError(
            f"{os.fspath(path)!r} holds more than there is memory for: {error}"
        ) from error


def check_name(name: object, path: str | os.PathLike[str]) -> str:
    """Return the name of an array if it is valid; raise ArchiveError if not.

    A name that could lead out of a folder as a path is invalid: other programs may unpack archives.
    """
    if not isinstance(name, str) or not name:
        raise ArchiveError(f"{os.fspath(path)!r}: an array's name must be text, not {name!r}")
    if {"\\", "\0"} & set(name) or name[1:2] == ":" or {"", ".", ".."} & set(name.split("/")):
        raise ArchiveError(
            f"{os.fspath(path)!r}: member {name!r} is refused, as a path it could lead out of a "
            "folder it is unpacked to; names have no '..', empty part, backslash, drive or NUL"
        )
    if not name.isprintable():
        raise ArchiveError(f"{os.fspath(path)!r}: member {name!r} has unprintable characters")
    if len(name) > _MAX_NAME:
        raise ArchiveError(f"{os.fspath(path)!r}: member {name[:40]!r}... has too long a name")
    return name


def check_meta(meta: Mapping[str, Any], path: str | os.PathLike[str]) -> str:
    """Return metadata as JSON. Raises ArchiveError that names an entry JSON cannot hold."""
    if not isinstance(meta, Mapping):
        raise ArchiveError(f"{os.fspath(path)!r}: meta must be a dictionary, not {type(meta)}")
    try:
        _check_json(meta, "meta", path)
        text = json.dumps(meta, ensure_ascii=False)
        if not text.isprintable():
            text = json.dumps(meta)  # e.g. half a surrogate pair, which has no UTF-8 encoding
    except RecursionError as error:
        name = os.fspath(path)
        raise ArchiveError(f"{name!r}: meta is nested too deeply, or in itself") from error
    if 4 * len(text) > MAX_META and len(text.encode()) > MAX_META:
        raise ArchiveError(
            f"{os.fspath(path)!r}: meta takes {len(text.encode())} bytes as JSON, more than "
            f"{MAX_META}: store large data as arrays"
        )
    return text


def _check_json(value: object, where: str, path: str | os.PathLike[str]) -> None:
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise ArchiveError(
                    f"{os.fspath(path)!r}: {where} has the key {key!r}; JSON has only text keys"
                )
            _check_json(item, f"{where}[{key!r}]", path)
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            _check_json(item, f"{where}[{index}]", path)
    elif isinstance(value, float) and not math.isfinite(value):
        raise ArchiveError(
            f"{os.fspath(path)!r}: {where} is {value}, which JSON has no number for: store None, "
            "text, or an array"
        )
    elif isinstance(value, int) and abs(value) >= 10**JSON_DIGITS:
        raise ArchiveError(
            f"{os.fspath(path)!r}: {where} is an integer of more than {JSON_DIGITS} digits, which "
            "is not read back: store it as text"
        )
    elif not (value is None or isinstance(value, str | int | float)):
        raise ArchiveError(
            f"{os.fspath(path)!r}: {where} is of {type(value).__module__}.{type(value).__name__}, "
            "which JSON cannot hold: use int(), float(), .tolist(), or store it as an array"
        )


def byte_count(shape: tuple[int, ...], itemsize: int) -> int:
    """Return the size of an array in bytes, in integers that do not overflow."""
    return math.prod(shape) * itemsize


def read_into_array(file: ReadableInto, dtype: np.dtype[Any], count: int) -> NDArray[Any]:
    """Read `count` elements from a file; fewer if the file ends before.

    Reads in chunks into the array, so that the data is in memory once. Booleans other than 0 and
    1, for which NumPy's results are undefined, become True.
    """
    array = np.empty(count, dtype)
    buffer = array.view(np.uint8).data if count else memoryview(b"")
    done = 0
    while done < len(buffer):
        size = file.readinto(buffer[done : done + _CHUNK])
        if not size:
            return array[: done // dtype.itemsize]
        done += size
    return array.view(np.uint8) != 0 if dtype == np.bool_ else array


def reshaped(
    flat: NDArray[Any], shape: tuple[int, ...], where: str, order: Literal["C", "F"] = "C"
) -> NDArray[Any]:
    """Return the array in the shape of its header.

    Sizes beyond 64 bits, or more axes than NumPy has, are possible beside an axis of size 0.
    """
    try:
        return flat.reshape(shape, order=order)
    except (ValueError, OverflowError) as error:
        raise ArchiveError(
            f"{where} has the impossible shape {_short(shape)}: the file is damaged; fetch or "
            "save it again"
        ) from error


def _short(shape: tuple[int, ...]) -> str:
    text = str(shape)
    return text if len(text) <= 100 else f"{text[:100]}..."
