"""Who is whose context, for blocks of consecutive words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import as_strided, sliding_window_view
from numpy.typing import NDArray

__all__ = ["ContextWindows"]


@dataclass(frozen=True, slots=True, eq=False)
class ContextWindows:
    """Words cut into u updates of r blocks of b, each block seen with the w words before and
    behind it: m = b + 2 w.

    Attributes:
        centers: (u, r, b) words; `pad` beyond the end.
        stretches: (u, r b + 2 w) the words of an update in one row, with those before and behind.
        sees: (u, r, b, m) float32, 1 where the word is in the window of the center, else 0.
        seen: (u, r, b) float32, how many the center sees.
    """

    centers: NDArray[np.int32]
    stretches: NDArray[np.int32]
    sees: NDArray[np.float32]
    seen: NDArray[np.float32]

    @staticmethod
    def of(
        words: NDArray[np.int32],
        sentences: NDArray[np.int32],
        reach: NDArray[np.integer],
        window: int,
        size: tuple[int, int],
        pad: int,
    ) -> ContextWindows:
        """words, sentences, reach: (n,). A word sees those of its own sentence that are at most
        reach (1 ... window) places away, not itself. size: (b, r).
        """
        n, (b, r) = len(words), size
        m = b + 2 * window
        u = -(-n // (r * b))
        length = u * r * b
        padded = np.full(length + 2 * window, pad, np.int32)
        padded[window : window + n] = words
        stretches = sliding_window_view(padded, r * b + 2 * window)[:: r * b][:u]
        sees = np.zeros((u * r, b, m), np.float32)
        step = sees.itemsize
        # Row j of a block sees the columns j ... j + 2 w: a band, as rows of one array.
        band = as_strided(sees, (u * r, b, 2 * window + 1), (b * m * step, (m + 1) * step, step))
        near = _within(sentences, reach, window, length).astype(np.float32)
        band[:] = near.reshape(u * r, b, -1)
        centers = padded[window : window + length].reshape(u, r, b)
        seen = (near @ np.ones(2 * window + 1, np.float32)).reshape(u, r, b)
        return ContextWindows(centers, stretches, sees.reshape(u, r, b, m), seen)


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
