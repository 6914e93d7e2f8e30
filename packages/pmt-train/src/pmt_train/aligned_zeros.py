"""Memory for flat buffers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

CACHE_LINE = 64
"""Bytes of a cache line, and of the widest vector register."""


def aligned_zeros(size: int, dtype: DTypeLike) -> NDArray[Any]:
    """`size` zeros in one piece whose first byte stands at the start of a cache line.

    The operating system hands out such memory page by page when it is first touched, so parts
    that nobody writes to cost nothing.
    """
    itemsize = np.dtype(dtype).itemsize
    memory = np.zeros(size * itemsize + CACHE_LINE, np.uint8)
    skip = -memory.ctypes.data % CACHE_LINE
    return memory[skip : skip + size * itemsize].view(dtype)
