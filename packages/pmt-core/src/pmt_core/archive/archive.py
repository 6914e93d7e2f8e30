"""Named arrays and a little meta data in one file, without pickle: reading can run no code."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pmt_core.archive.atomic_file import atomic_file
from pmt_core.archive.limits import check_meta, check_name, open_regular_file
from pmt_core.archive.npz import read_npz, write_npz
from pmt_core.archive.safetensors import read_safetensors, write_safetensors
from pmt_core.errors import ArchiveError, FileProblem

__all__ = ["load_archive", "save_archive"]

_WRITERS = {".npz": write_npz, ".safetensors": write_safetensors}
_READERS = {".npz": read_npz, ".safetensors": read_safetensors}


def save_archive(
    path: str | os.PathLike[str],
    arrays: Mapping[str, NDArray[Any]],
    meta: Mapping[str, Any] | None = None,
) -> None:
    """Write named arrays, and meta data, to `path`; the old file stays whole until the new one is.

    path: ends in ".npz" (NumPy's own form, not compressed) or ".safetensors".
    arrays: numbers, booleans or (.npz only) fixed-length strings; any shape and memory order.
    meta: what JSON can hold: dictionaries with string keys, lists, strings, numbers, booleans,
    None; a tuple comes back as a list.
    The same content gives the same bytes.

    Raises `ArchiveError` for names, arrays or meta data that the file cannot hold, `FileProblem`
    where the file cannot be written.
    """
    write = _WRITERS[_suffix(path)]
    prepared = {check_name(name, path): np.asarray(array) for name, array in arrays.items()}
    text = check_meta(meta or {}, path)
    with atomic_file(path) as file:
        write(file, os.fspath(path), prepared, text)


def load_archive(
    path: str | os.PathLike[str],
) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Read what `save_archive` wrote, or another program's file of the same form.

    Returns (arrays by name, meta data). Arrays are writable and in the machine's byte order.
    Damaged or hostile files are refused with an `ArchiveError`, before more memory is taken than
    the file's own size can account for; `FileProblem` where the file cannot be read.
    """
    read = _READERS[_suffix(path)]
    with open_regular_file(path) as file:
        try:
            return read(file, os.fspath(path))
        except FileProblem:
            raise
        except OSError as error:
            raise FileProblem.from_os_error("read", path, error) from error
        except MemoryError as error:
            raise ArchiveError(
                f"{os.fspath(path)!r} holds more than there is memory for: {error}"
            ) from error


def _suffix(path: str | os.PathLike[str]) -> str:
    suffix = PurePath(path).suffix.lower()
    if suffix not in _WRITERS:
        raise ArchiveError(
            f"cannot tell the kind of archive from {os.fspath(path)!r}: "
            "the name must end in .npz or .safetensors"
        )
    return suffix
