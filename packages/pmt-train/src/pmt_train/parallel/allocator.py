"""Keep the memory that arrays have freed, instead of giving it back after every operation."""

from __future__ import annotations

import ctypes
import functools

# Parameters of glibc's mallopt(3), from <malloc.h>.
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -2, -3, -8
_MIB = 1 << 20


@functools.cache
def keep_freed_memory() -> bool:
    """Ask the C library to hold on to freed memory. Returns whether it could be asked.

    A training step allocates the same large arrays again and again. By default glibc returns
    them to the system as soon as they are freed and asks for them anew, and the kernel zeroes
    every page each time: about a fifth of a step's time (`benchmarks/allocator.py`). With this,
    freed memory stays with the process, up to 1 GiB beyond what it uses, and threads share one
    heap. The setting lasts as long as the process. Other C libraries (macOS, Windows, musl) are
    left as they are.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False
    mallopt.argtypes, mallopt.restype = (ctypes.c_int, ctypes.c_int), ctypes.c_int
    settings = [
        (_ARENA_MAX, 1),
        (_MMAP_THRESHOLD, 1024 * _MIB),
        (_TRIM_THRESHOLD, 1024 * _MIB),
        (_TOP_PAD, 64 * _MIB),
    ]
    return all([mallopt(name, value) == 1 for name, value in settings])
