"""Reading arrays in the idx form, in which MNIST is published (LeCun, Cortes & Burges 1998)."""

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
_MOST_AXES = 64


def load_idx(path: str | os.PathLike[str]) -> NDArray[Any]:
    """The array in an idx file, gzipped or not (told by its content, not by its name).

    The file: two zero bytes, one for the type, one for the number of axes, the length of each axis
    as 4 bytes, the elements in C order; all big-endian. The array comes in native byte order.

    Raises FileProblem where the file cannot be read, DataError where it is no idx file, is
    truncated or has bytes left over. Memory grows with what is there, not with what is claimed.
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
        came = f"the bytes {magic.hex(' ')}" if magic else "an empty file"
        raise DataError(
            f"{name!r} is no idx file: expected two zero bytes, a type (08 for bytes) and the "
            f"number of axes at its beginning, got {came}; MNIST's files begin 00 00 08"
        )
    dtype, axes = np.dtype(_DTYPES[magic[2]]), magic[3]
    if axes > _MOST_AXES:
        raise DataError(f"{name!r} claims {axes} axes, and arrays have {_MOST_AXES} at most")
    lengths = file.read(4 * axes)
    if len(lengths) < 4 * axes:
        raise DataError(f"{name!r} ends within its header: it is truncated; fetch it again")
    shape = tuple(int(n) for n in np.frombuffer(lengths, ">u4"))
    claimed = math.prod(shape) * dtype.itemsize
    data = _read_at_most(file, claimed + 1)
    if len(data) != claimed:
        came = f"only {len(data)} came" if len(data) < claimed else "more came"
        what = "truncated" if len(data) < claimed else "damaged"
        raise DataError(
            f"{name!r} claims the shape {shape} in its header, {claimed} bytes, but {came}: it is "
            f"{what}; fetch it again"
        )
    return np.frombuffer(data, dtype).reshape(shape).astype(dtype.newbyteorder("="), copy=False)


def _read_at_most(file: BinaryIO, size: int) -> bytearray:
    data = bytearray()
    while len(data) < size and (piece := file.read(min(_CHUNK, size - len(data)))):
        data += piece
    return data
