"""`InputBlocks`: the input vectors of an update, and what is to be added to them."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

__all__ = ["InputBlocks"]


class InputBlocks:
    """r blocks of b words, each with the w words before and behind it: m = b + 2 w.

    Neighboring blocks overlap. Their vectors are gathered once, as one stretch of r b + 2 w, and
    the blocks are views of it; made once, since making a view takes as long as using it.

    Attributes:
        vectors: (r, m, d) those gathered last, not to be written to.
        changes: (r, m, d) to be filled with what is to be added.
    """

    def __init__(self, blocks: int, block_words: int, window: int, dimension: int) -> None:
        r, b, d = blocks, block_words, dimension
        m = b + 2 * window
        self._stretch = np.zeros((r * b + 2 * window, d), np.float32)
        row, number = self._stretch.strides
        self.vectors: NDArray[np.float32] = as_strided(
            self._stretch, (r, m, d), (b * row, row, number), writeable=False
        )
        self.changes = np.zeros((r, m, d), np.float32)
        # A block's changes a b-th of the block at a time: its own rows, then those of the next one.
        starts = range(0, m, b)
        whole = np.zeros(((r + len(starts) - 1) * b, d), np.float32)
        self._joined = whole[: r * b + 2 * window]
        self._rest = whole[r * b :]
        self._parts = [
            (whole[start : start + r * b].reshape(r, b, d)[:, : m - start],
             self.changes[:, start : start + b])
            for start in starts
        ]  # fmt: skip

    def gather(self, table: NDArray[np.float32], stretch: NDArray[np.integer]) -> None:
        """Fill `vectors`. table: (v, d); stretch: (r b + 2 w,) rows."""
        table.take(stretch, axis=0, out=self._stretch, mode="clip")

    def joined(self) -> NDArray[np.float32]:
        """`changes` of the stretch, (r b + 2 w, d): where blocks overlap, the sum."""
        (own, changes), *others = self._parts
        np.copyto(own, changes)
        self._rest[:] = 0
        for part, changes in others:
            part += changes
        return self._joined
