"""Input vectors of an update in overlapping blocks, and the context means of CBOW."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray


class InputBlocks:
    """The input vectors of r blocks of b words, each with the w words before and after it.

    A block has m = b + 2 w rows, and neighboring blocks overlap. The r b + 2 w vectors of an update
    are gathered once; the blocks are views of them. The views are made once, as making one takes
    as long as using it.

    Attributes:
        rows: (r b + 2 w, d) the vectors gathered last.
        vectors: (r, m, d) view of `rows`, read-only.
        changes: (r, m, d) buffer for what is to be added to them.
    """

    def __init__(self, blocks: int, block_words: int, window: int, dimension: int) -> None:
        r, b, m, d = blocks, block_words, block_words + 2 * window, dimension
        self.rows = np.zeros((r * b + 2 * window, d), np.float32)
        row, number = self.rows.strides
        self.vectors: NDArray[np.float32] = as_strided(
            self.rows, (r, m, d), (b * row, row, number), writeable=False
        )
        self.changes = np.zeros((r, m, d), np.float32)
        # A block's changes, b rows at a time: its first rows, then those shared with the next ones.
        starts = range(0, m, b)
        buffer = np.zeros(((r + len(starts) - 1) * b, d), np.float32)
        self._joined = buffer[: r * b + 2 * window]
        self._rest = buffer[r * b :]
        self._parts = [
            (buffer[start : start + r * b].reshape(r, b, d)[:, : m - start],
             self.changes[:, start : start + b])
            for start in starts
        ]  # fmt: skip

    def gather(self, table: NDArray[np.float32], rows: NDArray[np.integer]) -> None:
        """Fill `vectors` from the rows (r b + 2 w,) of a table (v, d)."""
        table.take(rows, axis=0, out=self.rows, mode="clip")

    def joined(self) -> NDArray[np.float32]:
        """Return `changes` by row, (r b + 2 w, d): the sum where blocks overlap."""
        (first, changes), *others = self._parts
        np.copyto(first, changes)
        self._rest[:] = 0
        for part, changes in others:
            part += changes
        return self._joined


@dataclass(frozen=True, slots=True, eq=False)
class ContextMeans:
    """The context means of CBOW as matrices, for u updates of r blocks of b words, m inputs each.

    Attributes:
        mean: (u, r, b, m): the context means are mean @ inputs.
        spread: (u, r, m, b): the gradient of the inputs is spread @ gradient of the means. The
            transpose of `mean` gives the exact gradient. With zeros and ones each input takes the
            whole error, as in the C program.
        predicted: (u, r, b) 1 for a word with context, 0 for one without, which is not predicted.
    """

    mean: NDArray[np.float32]
    spread: NDArray[np.float32]
    predicted: NDArray[np.float32]

    @staticmethod
    def of(
        context_mask: NDArray[np.float32], context_counts: NDArray[np.float32], *, share_error: bool
    ) -> ContextMeans:
        """Build the matrices; share_error: whether to use the exact gradient.

        context_mask: (u, r, b, m), 1 if the input is context of the word. context_counts: its sum
        over the inputs.
        """
        mean = context_mask * np.reciprocal(np.maximum(context_counts, 1))[..., np.newaxis]
        errors = mean if share_error else context_mask
        return ContextMeans(mean, errors.swapaxes(-1, -2), np.minimum(context_counts, 1))
