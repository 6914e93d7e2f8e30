"""Parts of an array that fit into a core's cache.

A formula of several element-wise steps reads and writes its whole arrays at every step, and makes
scratch arrays of their size. Going through the steps block by block keeps a block in the cache
from the first step to the last, and the scratch small.

Blocks are not made smaller than needed for that: every NumPy call takes and gives up the
interpreter's lock, and many short calls in two threads wait for each other.
"""

from __future__ import annotations

from collections.abc import Iterator

_ELEMENTS = 1 << 17  # 512 KiB of float32: a few such blocks fit in a level-2 cache


def cache_blocks(n: int, width: int) -> Iterator[slice]:
    """Slices that together are range(n), each of about 131,072 / width rows, at least one."""
    rows = max(_ELEMENTS // max(width, 1), 1)
    return (slice(start, min(start + rows, n)) for start in range(0, n, rows))
