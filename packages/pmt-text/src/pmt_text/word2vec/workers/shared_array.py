"""Arrays that several processes read and write."""

from __future__ import annotations

import contextlib
import mmap
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import numpy as np
from numpy.typing import DTypeLike, NDArray

__all__ = ["SharedArray"]


@dataclass(frozen=True, slots=True, eq=False)
class SharedArray:
    """Memory that goes when the last process that has it goes, however it ends.

    It never has a name in a file system: under Linux it is an anonymous file in memory (no bound
    by the size of /dev/shm), elsewhere under POSIX a temporary file that is deleted as soon as it
    is open, and its descriptor is inherited; under Windows a mapping that the system counts.

    Attributes:
        array: zeros at first. It stays good after `close`.
        handle: what `attach` wants in another process: a descriptor, to be passed on when the
            process is started, or a name.
    """

    array: NDArray[Any]
    handle: int | str

    @staticmethod
    def zeros(shape: Sequence[int], dtype: DTypeLike) -> SharedArray:
        """A new one."""
        size = max(int(np.prod(shape)) * np.dtype(dtype).itemsize, 1)
        handle: int | str
        if sys.platform == "win32":
            handle = f"pmt-{uuid4()}"
        elif sys.platform == "linux":
            handle = os.memfd_create("pmt")
            os.truncate(handle, size)
        else:
            with tempfile.TemporaryFile() as file:
                handle = os.dup(file.fileno())
            os.truncate(handle, size)
        return SharedArray(_mapped(handle, size, shape, dtype), handle)

    @staticmethod
    def attach(handle: int | str, shape: Sequence[int], dtype: DTypeLike) -> SharedArray:
        """The memory that another process made."""
        size = max(int(np.prod(shape)) * np.dtype(dtype).itemsize, 1)
        return SharedArray(_mapped(handle, size, shape, dtype), handle)

    @property
    def descriptors(self) -> list[int]:
        """To be passed on to a process that attaches it."""
        return [self.handle] if isinstance(self.handle, int) else []

    def describe(self) -> dict[str, Any]:
        """The arguments of `attach`, as JSON can hold them."""
        return {
            "handle": self.handle,
            "shape": list(self.array.shape),
            "dtype": self.array.dtype.str,
        }

    def close(self) -> None:
        """No more processes will attach it."""
        for descriptor in self.descriptors:
            os.close(descriptor)


def _mapped(handle: int | str, size: int, shape: Sequence[int], dtype: DTypeLike) -> NDArray[Any]:
    if sys.platform == "win32":
        memory = mmap.mmap(-1, size, tagname=str(handle))
    else:
        memory = mmap.mmap(int(handle), size)
        with contextlib.suppress(AttributeError, OSError):
            memory.madvise(mmap.MADV_HUGEPAGE)  # rows all over the table: fewer pages to look up
    count = int(np.prod(shape))
    return np.frombuffer(memory, dtype, count).reshape(shape)
