"""Who is whose context, for blocks of consecutive words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import as_strided, sliding_window_view
from numpy.typing import NDArray

__all__ = ["ContextWindows"]


@dataclass(frozen=True, slots=True, eq=False)
class ContextWindows:
    """n words cut into r blocks of b, each seen with the w words before and behind it.

    Attributes:
        centres: (r, b) words; `pad` beyond the end.
        inputs: (r, b + 2 w) the same words with their neighbours; `pad` beyond the ends.
        sees: (r, b, b + 2 w) float32, 1 where the input is in the window of the centre, else 0.
    """

    centres: NDArray[np.int32]
    inputs: NDArray[np.int32]
    sees: NDArray[np.float32]

    @staticmethod
    def of(
        words: NDArray[np.int32],
        sentences: NDArray[np.int32],
        reach: NDArray[np.integer],
        window: int,
        block_words: int,
        pad: int,
    ) -> ContextWindows:
        """words, sentences, reach: (n,). A word sees those of its own sentence that are at most
        reach (1 ... window) places away, not itself.
        """
        n, b, m = len(words), block_words, block_words + 2 * window
        r = -(-n // b)
        padded = np.full(r * b + 2 * window, pad, np.int32)
        padded[window : window + n] = words
        inputs = sliding_window_view(padded, m)[::b]
        sees = np.zeros((r, b, m), np.float32)
        step = sees.itemsize
        # Row j of a block sees the columns j ... j + 2 w: a band, as rows of one array.
        band = as_strided(sees, (r, b, 2 * window + 1), (b * m * step, (m + 1) * step, step))
        band[:] = _within(sentences, reach, window, r * b).reshape(r, b, -1)
        return ContextWindows(padded[window : window + r * b].reshape(r, b), inputs, sees)

    @property
    def stretch(self) -> NDArray[np.int32]:
        """(r b + 2 w) the words in one row, with the neighbours before and behind them."""
        b = self.centres.shape[1]
        return np.concatenate([self.inputs[:, :b].reshape(-1), self.inputs[-1, b:]])

    def blocks(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """The vectors of `stretch`, (r b + 2 w, d), as those of `inputs`, (r, m, d): a view."""
        r, b = self.centres.shape
        m, d = self.inputs.shape[1], vectors.shape[1]
        row, number = vectors.strides
        return as_strided(vectors, (r, m, d), (b * row, row, number), writeable=False)

    def joined(self, updates: NDArray[np.float32]) -> NDArray[np.float32]:
        """Updates of `inputs`, (r, m, d), as those of `stretch`: where blocks overlap, the sum."""
        r, b = self.centres.shape
        m, d = updates.shape[1:]
        summed = np.zeros(((r + -(-(m - b) // b)) * b, d), np.float32)
        for start in range(0, m, b):  # the blocks' first b rows, then what overlaps the next ones
            part = updates[:, start : start + b]
            summed[start : start + r * b].reshape(r, b, d)[:, : part.shape[1]] += part
        return summed[: r * b + m - b]

    def parts(self, size: int) -> Iterator[ContextWindows]:
        """The same in parts of `size` blocks, the last one smaller."""
        for start in range(0, len(self.centres), size):
            part = slice(start, start + size)
            yield ContextWindows(self.centres[part], self.inputs[part], self.sees[part])


def _within(
    sentences: NDArray[np.int32], reach: NDArray[np.integer], window: int, length: int
) -> NDArray[np.bool_]:
    """(length, 2 window + 1): may the word see the one at distance -window ... window?"""
    n = len(sentences)
    padded = np.full(length + 2 * window, -1, np.int32)
    padded[window : window + n] = sentences
    own = padded[window : window + length]
    reaches = np.zeros(length, np.int8)
    reaches[:n] = reach
    distances = np.abs(np.arange(-window, window + 1, dtype=np.int8))
    near = (reaches[:, np.newaxis] >= distances) & (distances > 0)
    near &= sliding_window_view(padded, 2 * window + 1) == own[:, np.newaxis]
    return near
