"""`save_archive` and `load_archive`: named arrays and metadata in a file, without pickle."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pmt_core.archive.limits import check_meta, check_name, reading
from pmt_core.archive.npz import read_npz, write_npz
from pmt_core.archive.safetensors import read_safetensors, write_safetensors
from pmt_core.errors import ArchiveError
from pmt_core.files.atomic_file import atomic_file
from pmt_core.files.input_file import ARRAY_LIMITS, FileLimits, open_regular_file

_WRITERS = {".npz": write_npz, ".safetensors": write_safetensors}


def save_archive(
    path: str | os.PathLike[str],
    arrays: Mapping[str, NDArray[Any]],
    meta: Mapping[str, Any] | None = None,
) -> None:
    """Write named arrays and metadata to a file, atomically. The same content gives the same bytes.

    Args:
        path: file whose name ends in ".npz" (NumPy's format, not compressed) or ".safetensors".
        arrays: numbers, booleans or (.npz only) fixed-length strings, of any shape.
        meta: what JSON can hold; dictionaries have string keys, and a tuple is loaded as a list.

    Raises:
        ArchiveError: if the file cannot hold a name, an array or the metadata.
        FileProblem: if the file cannot be written.

    Examples:
        >>> import numpy as np
        >>> from pmt_core import load_archive, save_archive
        >>> arrays = {"encoder/weight": np.zeros((2, 3), np.float32)}
        >>> save_archive("model.safetensors", arrays, {"epoch": 3})
        >>> load_archive("model.safetensors")[1]
        {'epoch': 3}
    """
    write = _WRITERS[_suffix(path)]
    prepared = {check_name(name, path): np.asarray(array) for name, array in arrays.items()}
    text = check_meta(meta or {}, path)
    with atomic_file(path) as file:
        write(file, os.fspath(path), prepared, text)


def load_archive(
    path: str | os.PathLike[str], *, limits: FileLimits = ARRAY_LIMITS
) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Read a file made by `save_archive`, or by another program in the same format.

    Args:
        path: file whose name ends in ".npz" or ".safetensors".
        limits: what the compressed members of an .npz may expand to, all together.

    Returns:
        The arrays by name, writable and in the byte order of the machine, and the metadata.

    Raises:
        ArchiveError: if the file is damaged or hostile, before more memory is allocated than the
            size of the file justifies.
        FileProblem: if the file cannot be read.

    Examples:
        >>> import numpy as np
        >>> from pmt_core import load_archive, save_archive
        >>> save_archive("run.npz", {"bias": np.array([1.0, 2.0])}, {"classes": ("yes", "no")})
        >>> arrays, meta = load_archive("run.npz")
        >>> arrays
        {'bias': array([1., 2.])}
        >>> meta
        {'classes': ['yes', 'no']}
    """
    suffix = _suffix(path)
    with open_regular_file(path) as file, reading(path):
        if suffix == ".npz":
            return read_npz(file, os.fspath(path), limits)
        return read_safetensors(file, os.fspath(path))


def _suffix(path: str | os.PathLike[str]) -> str:
    suffix = PurePath(path).suffix.lower()
    if suffix not in _WRITERS:
        raise ArchiveError(
            f"cannot infer the format of the archive from {os.fspath(path)!r}: "
            "the name must end in .npz or .safetensors"
        )
    return suffix
