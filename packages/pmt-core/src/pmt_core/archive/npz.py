"""Read and write NumPy's `.npz` format: a zip file with one `.npy` member per array.

The reader checks every size that the file claims before it allocates memory.
"""

from __future__ import annotations

import os
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from pmt_core.archive.limits import MAX_META, check_name
from pmt_core.archive.npy import KINDS, read_array
from pmt_core.errors import ArchiveError
from pmt_core.files.input_file import FileLimits
from pmt_core.files.json_reader import parse_json

META_MEMBER = "__meta__.json"

_DAMAGED = "the file is damaged; fetch or save it again"
_LOCAL_HEADER = 30
_BAD_ZIP = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    zlib.error,
    struct.error,
    NotImplementedError,
    RuntimeError,
    EOFError,
    ValueError,
    OverflowError,
    IndexError,
)


def write_npz(file: BinaryIO, path: str, arrays: dict[str, NDArray[Any]], meta: str) -> None:
    """Write arrays, and metadata as JSON in the member `__meta__.json`."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        with archive.open(_member(META_MEMBER), "w") as member:
            member.write(meta.encode("utf-8"))
        for name, array in arrays.items():
            _check_dtype(array.dtype, name, path)
            with archive.open(_member(f"{name}.npy"), "w", force_zip64=True) as member:
                npy.write_array(member, array, allow_pickle=False)


def _member(name: str) -> zipfile.ZipInfo:
    """Return a member without a time, so that the same content gives the same bytes."""
    return zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))


def read_npz(
    file: BinaryIO, path: str, limits: FileLimits
) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Return the arrays and the metadata of an `.npz` file; see `load_archive`."""
    size = os.fstat(file.fileno()).st_size
    _check_magic(file, path, size)
    arrays: dict[str, NDArray[Any]] = {}
    meta: dict[str, Any] = {}
    with _damage(f"{path!r}"), zipfile.ZipFile(file) as archive:
        members = archive.infolist()
        _check_members(members, path, size, limits)
        for info in members:
            with _damage(f"{path!r}: member {info.filename!r}"):
                if info.filename == META_MEMBER:
                    meta = parse_json(
                        archive.read(info),
                        f"{path!r}: member {META_MEMBER!r}",
                        stored=size,
                        error=ArchiveError,
                    )
                else:
                    where = f"{path!r}: member {info.filename!r}"
                    with archive.open(info) as member:
                        array = read_array(member, info.file_size, where)
                    arrays[info.filename.removesuffix(".npy")] = array
    return arrays, meta


@contextmanager
def _damage(where: str) -> Iterator[None]:
    """Convert errors of zipfile and NumPy on damaged data to ArchiveError."""
    try:
        yield
    except ArchiveError:
        raise
    except _BAD_ZIP as error:
        raise ArchiveError(f"{where} cannot be read ({error}): {_DAMAGED}") from error


def _check_magic(file: BinaryIO, path: str, size: int) -> None:
    magic = file.read(4)
    file.seek(0)
    if magic not in (b"PK\x03\x04", b"PK\x05\x06"):
        what = "is empty" if size == 0 else f"starts with {magic!r}, not with b'PK\\x03\\x04'"
        raise ArchiveError(f"{path!r} is not an .npz file: it {what}; check the path and the name")


def _check_members(
    members: list[zipfile.ZipInfo], path: str, size: int, limits: FileLimits
) -> None:
    """Check the names, types, offsets and sizes of all members before any is read."""
    seen, expanded = set[str](), 0
    for info in members:
        name = info.orig_filename  # `filename` is cut at a NUL
        check_name(name, path)
        if name in seen:
            raise ArchiveError(f"{path!r}: member {name!r} occurs twice; {_DAMAGED}")
        seen.add(name)
        if name != META_MEMBER and not name.endswith(".npy"):
            raise ArchiveError(
                f"{path!r}: member {name!r} is no .npy array; this is a zip file, but no .npz"
            )
        if name == META_MEMBER and info.file_size > MAX_META:
            raise ArchiveError(f"{path!r}: {name!r} claims {info.file_size} bytes; {_DAMAGED}")
        _check_storage(info, path, size)
        if info.compress_type != zipfile.ZIP_STORED:
            expanded += info.file_size
    _check_overlap(members, path)
    if expanded > limits.expanded(size):
        raise ArchiveError(
            f"{path!r}: {size} compressed bytes claim to hold {expanded}, which is more than "
            f"{limits.expansion} times as many, as in a file made to fill the memory; if you trust "
            "it, raise the limits, or rewrite it uncompressed with np.savez"
        )


def _check_storage(info: zipfile.ZipInfo, path: str, size: int) -> None:
    where = f"{path!r}: member {info.filename!r}"
    if info.flag_bits & 0x1:
        raise ArchiveError(f"{where} is encrypted; write the archive without a password")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ArchiveError(
            f"{where} is compressed by method {info.compress_type}; only stored and deflated "
            "members are read: rewrite it with np.savez"
        )
    if info.header_offset + _LOCAL_HEADER + info.compress_size > size:
        raise ArchiveError(
            f"{where} claims {info.compress_size} bytes, the whole file has {size}: it is "
            "truncated or damaged; fetch or save it again"
        )
    if info.compress_type == zipfile.ZIP_STORED and info.compress_size != info.file_size:
        raise ArchiveError(
            f"{where} is stored in {info.compress_size} bytes but claims {info.file_size}; "
            f"{_DAMAGED}"
        )


def _check_overlap(members: list[zipfile.ZipInfo], path: str) -> None:
    """Refuse members that share bytes: a small file could expand without limit."""
    end = 0
    for info in sorted(members, key=lambda member: member.header_offset):
        if info.header_offset < end:
            raise ArchiveError(f"{path!r}: member {info.filename!r} overlaps another; {_DAMAGED}")
        end = info.header_offset + _LOCAL_HEADER + info.compress_size


def _check_dtype(dtype: np.dtype[Any], name: str, path: str) -> None:
    if dtype.hasobject or dtype.kind not in KINDS:
        raise ArchiveError(
            f"{path!r}: array {name!r} is of {dtype}; an .npz holds numbers, booleans and "
            "fixed-length text only (objects would need pickle)"
        )
