"""Read NumPy's `.npy` format: a header, which is a Python dictionary, and the numbers.

The reader checks the size that the header claims before it allocates memory.
"""

from __future__ import annotations

import io
import os
import warnings
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from pmt_core.archive.limits import ReadableInto, byte_count, read_into_array, reading, reshaped
from pmt_core.errors import ArchiveError
from pmt_core.files.input_file import open_regular_file

KINDS = "biufcSUmM"  # no objects, which need pickle, and no structures

_MAX_HEADER = 1 << 16
_MAX_AXIS = 1 << 63
_DAMAGED = "the file is damaged; fetch or save it again"


def load_npy(path: str | os.PathLike[str]) -> NDArray[Any]:
    """Read the array of an `.npy` file, writable and in the byte order of the machine.

    Raises:
        ArchiveError: the file is damaged, hostile or in another format, found before more memory
            is allocated than the size of the file justifies.
        FileProblem: the file cannot be read.

    Examples:
        >>> import numpy as np
        >>> from pmt_core import load_npy
        >>> np.save("x.npy", np.arange(3.0))
        >>> load_npy("x.npy")
        array([0., 1., 2.])
        >>> np.save("objects.npy", np.array([{}]), allow_pickle=True)
        >>> load_npy("objects.npy")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
            ...
        pmt_core.errors.ArchiveError: 'objects.npy' is an array of object, which is refused ...
    """
    where = repr(os.fspath(path))
    with open_regular_file(path) as file, reading(path):
        return read_array(file, os.fstat(file.fileno()).st_size, where)


def read_array(file: Any, size: int, where: str) -> NDArray[Any]:
    """Read an array of `size` bytes, header included. where: names it in messages."""
    start = file.read(_MAX_HEADER)
    header = io.BytesIO(start)  # limits what NumPy's parser can read
    shape, fortran, dtype = _parse_header(header, where)
    if dtype.hasobject or dtype.kind not in KINDS or dtype.itemsize == 0:
        raise ArchiveError(
            f"{where} is an array of {dtype}, which is refused (objects need pickle, and reading "
            "pickle can run code): save it again as numbers, booleans or fixed-length text"
        )
    rest = header.read()
    claimed = byte_count(shape, dtype.itemsize)
    actual = size - (len(start) - len(rest))
    if claimed != actual:
        raise ArchiveError(
            f"{where}: its header claims shape {shape} of {dtype}, {claimed} bytes, but {actual} "
            f"follow; {_DAMAGED}"
        )
    data = _Chained(rest, file)
    flat = read_into_array(data, dtype, claimed // dtype.itemsize)
    if flat.nbytes != claimed:
        raise ArchiveError(f"{where}: expected {claimed} bytes, read {flat.nbytes}; {_DAMAGED}")
    return reshaped(flat, shape, where, "F" if fortran else "C").astype(
        dtype.newbyteorder("="), copy=False
    )


def _parse_header(header: io.BytesIO, where: str) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of Python, on the text of a damaged header
            version = npy.read_magic(header)
            if version == (1, 0):
                shape, fortran, dtype = npy.read_array_header_1_0(header)
            elif version == (2, 0):
                shape, fortran, dtype = npy.read_array_header_2_0(header)
            else:
                raise ValueError(f"unknown version {version} of the .npy format")
    except Exception as error:  # parsing the header, which is Python text, may raise anything
        raise ArchiveError(f"{where} has no valid .npy header ({error}); {_DAMAGED}") from error
    if not all(type(size) is int and 0 <= size < _MAX_AXIS for size in shape):
        raise ArchiveError(f"{where}: its header claims an impossible shape; {_DAMAGED}")
    return shape, fortran, dtype


class _Chained:
    """A file: the bytes that were read already, then the rest."""

    def __init__(self, start: bytes, rest: ReadableInto) -> None:
        self._start = io.BytesIO(start)
        self._rest = rest

    def readinto(self, buffer: memoryview) -> int | None:
        return self._start.readinto(buffer) or self._rest.readinto(buffer)
