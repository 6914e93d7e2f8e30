"""`BlockClasses`: blocks with different numbers of rows, in classes that are padded to the same."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_CLASSES = 3  # of more classes there is less padding, but there are more products


class BlockClasses:
    """The r blocks of an update by decreasing number of rows, cut into classes.

    The blocks of a class are padded to the rows of its largest one, so that products of all of
    them are one call. All rows are one behind the other.

    Args:
        r: Number of blocks.
    """

    def __init__(self, r: int) -> None:
        c = min(_CLASSES, r)
        bounds = [i * r // c for i in range(c + 1)]
        self._firsts, self._counts = bounds[:-1], np.diff(bounds).tolist()

    def layout(self, sizes: NDArray[np.integer]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Return the rows of a block for each class (u, c), and the first row of each block.

        sizes: (u, r) rows of the blocks of u updates, decreasing. The first rows are (u, r + 1):
        the last column has the number of all rows.
        """
        widths = sizes[:, self._firsts].astype(np.intp)
        starts = np.zeros((len(sizes), sizes.shape[1] + 1), np.intp)
        np.cumsum(np.repeat(widths, self._counts, axis=1), axis=1, out=starts[:, 1:])
        return widths, starts

    def of_rows(self, rows: NDArray[Any], widths: list[int]) -> list[NDArray[Any]]:
        """Return for each class of k blocks a view (k, width, x) of all rows (o, x)."""
        views = []
        first = 0
        for k, width in zip(self._counts, widths, strict=True):
            last = first + k * width
            views.append(rows[first:last].reshape(k, width, rows.shape[1]))
            first = last
        return views

    def of_blocks(self, blocks: NDArray[Any]) -> list[NDArray[Any]]:
        """Return for each class of k blocks a view (k, ...) of all blocks (r, ...)."""
        pairs = zip(self._firsts, self._counts, strict=True)
        return [blocks[first : first + k] for first, k in pairs]


def slices(ends: list[int]) -> list[slice]:
    """Return consecutive slices that end there, the first one from 0."""
    return [slice(start, end) for start, end in zip([0, *ends[:-1]], ends, strict=True)]
