"""`SharedArray`: an array in memory that several processes read and write."""

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


@dataclass(frozen=True, slots=True, eq=False)
class SharedArray:
    """An array in memory that is freed with the last process that uses it, however it ends.

    The memory never has a name in a file system. Linux: an anonymous file in memory, not limited
    by the size of /dev/shm. Other POSIX systems: a temporary file that is deleted as soon as it is
    open. On both, its descriptor is inherited. Windows: a mapping that the system counts.

    Attributes:
        array: Zeros at first. It remains valid after `close`.
        handle: The argument of `attach` in another process: a descriptor, to be passed on when the
            process is started, or a name.
    """

    array: NDArray[Any]
    handle: int | str

    @staticmethod
    def zeros(shape: Sequence[int], dtype: DTypeLike) -> SharedArray:
        """Allocate an array of zeros."""
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
        """Map the memory that another process allocated."""
        size = max(int(np.prod(shape)) * np.dtype(dtype).itemsize, 1)
        return SharedArray(_mapped(handle, size, shape, dtype), handle)

    @property
    def descriptors(self) -> list[int]:
        """File descriptors to pass on to a process that attaches the array."""
        return [self.handle] if isinstance(self.handle, int) else []

    def describe(self) -> dict[str, Any]:
        """Return the arguments of `attach` as JSON values."""
        shape, dtype = list(self.array.shape), self.array.dtype.str
        return {"handle": self.handle, "shape": shape, "dtype": dtype}

    def close(self) -> None:
        """Close the descriptor: no further process can attach the array."""
        for descriptor in self.descriptors:
            os.close(descriptor)


def _mapped(handle: int | str, size: int, shape: Sequence[int], dtype: DTypeLike) -> NDArray[Any]:
    if sys.platform == "win32":
        memory = mmap.mmap(-1, size, tagname=str(handle))
    else:
        memory = mmap.mmap(int(handle), size)
        with contextlib.suppress(AttributeError, OSError):
            memory.madvise(mmap.MADV_HUGEPAGE)  # random rows: fewer page lookups
    count = int(np.prod(shape))
    return np.frombuffer(memory, dtype, count).reshape(shape)
