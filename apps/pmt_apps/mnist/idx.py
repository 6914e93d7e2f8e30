"""Reader for the idx format, in which MNIST is published (LeCun, Cortes & Burges 1998)."""

from __future__ import annotations

import gzip
import math
import os
import zlib
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from pmt_core import DataError, FileProblem, open_regular_file

__all__ = ["load_idx"]

_DTYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_GZIP = b"\x1f\x8b"
_CHUNK = 1 << 20
_MAX_AXES = 64


def load_idx(path: str | os.PathLike[str]) -> NDArray[Any]:
    """Load the array of an idx file; gzip compression is detected from the content.

    Format: two zero bytes, one byte for the type, one for the number of axes, 4 bytes for the
    length of each axis, then the elements in C order; all big-endian. The array has native byte
    order. Memory use is bounded by the size of the file, not by the shape in its header.

    Raises:
        FileProblem: the file cannot be read.
        DataError: it is not an idx file, is truncated, or has trailing bytes.
    """
    name = os.fspath(path)
    with open_regular_file(name) as file:
        is_gzip = file.read(2) == _GZIP
        file.seek(0)
        try:
            if not is_gzip:
                return _read(file, name)
            with gzip.GzipFile(fileobj=file) as unzipped:
                return _read(unzipped, name)  # type: ignore[arg-type]
        except EOFError as error:
            raise DataError(
                f"{name!r} ends in the middle of its gzip data: it is truncated; fetch it again"
            ) from error
        except (gzip.BadGzipFile, zlib.error) as error:
            raise DataError(f"{name!r} is damaged ({error}); fetch it again") from error
        except OSError as error:
            raise FileProblem.from_os_error("read", name, error) from error


def _read(file: BinaryIO, name: str) -> NDArray[Any]:
    magic = file.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in _DTYPES:
        actual = f"the bytes {magic.hex(' ')}" if magic else "an empty file"
        raise DataError(
            f"{name!r} is no idx file: expected two zero bytes, a type (08 for bytes) and the "
            f"number of axes at its beginning, got {actual}; MNIST files begin with 00 00 08"
        )
    dtype, axes = np.dtype(_DTYPES[magic[2]]), magic[3]
    if axes > _MAX_AXES:
        raise DataError(
            f"{name!r} has {axes} axes in its header, expected at most {_MAX_AXES}; fetch it again"
        )
    lengths = file.read(4 * axes)
    if len(lengths) < 4 * axes:
        raise DataError(f"{name!r} ends within its header: it is truncated; fetch it again")
    shape = tuple(int(n) for n in np.frombuffer(lengths, ">u4"))
    size = math.prod(shape) * dtype.itemsize
    data = _read_at_most(file, size + 1)
    if len(data) != size:
        actual, state = (
            ("only " + str(len(data)), "truncated") if len(data) < size else ("more", "damaged")
        )
        raise DataError(
            f"{name!r} has the shape {shape} in its header, {size} bytes, but {actual} follow: it "
            f"is {state}; fetch it again"
        )
    return np.frombuffer(data, dtype).reshape(shape).astype(dtype.newbyteorder("="), copy=False)


def _read_at_most(file: BinaryIO, size: int) -> bytearray:
    data = bytearray()
    while len(data) < size and (chunk := file.read(min(_CHUNK, size - len(data)))):
        data += chunk
    return data
