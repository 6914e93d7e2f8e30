"""Tuning of malloc: freed memory stays with the process."""

from __future__ import annotations

import ctypes
import functools

# Parameters of glibc's mallopt(3), from <malloc.h>.
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -2, -3, -8


@functools.cache
def keep_freed_memory() -> bool:
    """Configure glibc's malloc to keep freed memory; return whether it could be configured.

    A training step allocates the same large arrays over and over. By default glibc returns them
    to the system when they are freed and requests them again, and the kernel zeroes every page
    each time: about a fifth of the time of a step (`benchmarks/steps/allocator.py`). With this
    setting, freed memory stays with the process, up to 1 GiB beyond its use, and threads share
    one heap. It lasts for the life of the process. Other C libraries (macOS, Windows, musl) are
    not changed.

    Examples:
        >>> from pmt_train import keep_freed_memory
        >>> keep_freed_memory() in (True, False)  # True if the C library is glibc
        True
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False
    mallopt.argtypes, mallopt.restype = (ctypes.c_int, ctypes.c_int), ctypes.c_int
    settings = [(_ARENA_MAX, 1), (_MMAP_THRESHOLD, 1 << 30), (_TRIM_THRESHOLD, 1 << 30)]
    return all([mallopt(name, value) == 1 for name, value in [*settings, (_TOP_PAD, 1 << 26)]])
