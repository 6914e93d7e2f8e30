"""`ContextBands`: context means of CBOW and their gradients, as products with banded matrices."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from pmt_nn.word2vec.kernel import WindowArrays


class ContextBands:
    """The n context means of an update, and the n + 2 w input vectors they are means of.

    Word p has the inputs p ... p + 2 w, so the matrix of the means has a band of 2 w + 1 numbers in
    each row, and so has its transpose. Both are stored for s rows at a time, with the s + 2 w
    columns that these rows need, and multiplied with overlapping views of the vectors.

    Args:
        n: Words of an update, a multiple of s.
        s: Rows of a block.
        window: w, the maximum window size.
        d: Dimension of the vectors.
        share_error: Whether to use the exact gradient of the mean, see `ContextMeans`.

    Attributes:
        changes: (n, d) buffer for the changes of the means, which `spread` reads.
    """

    def __init__(self, n: int, s: int, window: int, d: int, *, share_error: bool) -> None:
        self._s, self._window, self._share_error = s, window, share_error
        self._inputs = np.zeros((n + 2 * window, d), np.float32)
        self._vectors = overlapping(self._inputs, n // s, s, window)
        self.changes, self._words = padded_words(n, s, window, d)

    def gather(self, table: NDArray[np.float32], rows: NDArray[np.integer]) -> None:
        """Read the input vectors from the rows (n + 2 w,) of a table (v, d)."""
        table.take(rows, axis=0, out=self._inputs, mode="clip")

    def prepare(self, windows: WindowArrays) -> None:
        """Compute the matrices of the u updates of a chunk."""
        near = context_band(windows, self._window)
        counts = windows.context_counts.reshape(*near.shape[:2], 1)
        means = near * np.reciprocal(np.maximum(counts, 1))
        self._mean = band_blocks(means, self._s)
        self._spread = transposed_blocks(means if self._share_error else near, self._s)

    def means(self, i: int) -> NDArray[np.float32]:
        """Return the context means (n, d) of update i; zeros for a word without context."""
        means: NDArray[np.float32] = self._mean[i] @ self._vectors
        return means.reshape(-1, means.shape[2])

    def spread(self, i: int) -> NDArray[np.float32]:
        """Return the changes of the inputs (n + 2 w, d) of update i, for those of the means."""
        changes: NDArray[np.float32] = self._spread[i] @ self._words
        return changes.reshape(-1, changes.shape[2])[: len(self._inputs)]


def context_band(windows: WindowArrays, window: int) -> NDArray[np.float32]:
    """Return the mask of contexts (u, n, 2 window + 1) of n words, around each word."""
    u, r, b = windows.centers.shape
    mask = np.ascontiguousarray(windows.context_mask)  # (u, r, b, m)
    item, m, length = mask.itemsize, mask.shape[3], 2 * window + 1
    strides = (b * m * item, (m + 1) * item, item)
    return as_strided(mask, (u * r, b, length), strides).reshape(u, r * b, length)


def band_blocks(band: NDArray[np.float32], s: int) -> NDArray[np.float32]:
    """Return (u, n / s, s, s + l - 1) matrices with a band (u, n, l): row i begins in column i."""
    u, n, length = band.shape
    m = s + length - 1
    blocks = np.zeros((u, n // s, s, m), np.float32)
    item = blocks.itemsize
    strides = (n * m * item, s * m * item, (m + 1) * item, item)
    as_strided(blocks, (u, n // s, s, length), strides)[:] = band.reshape(u, n // s, s, length)
    return blocks


def transposed_blocks(band: NDArray[np.float32], s: int) -> NDArray[np.float32]:
    """Return the transposed matrices as `band_blocks` of n + l - 1 rows and some of zeros.

    Input x is in the contexts of the words x - l + 1 ... x. So row x has them in columns x ...
    x + l - 1 if the words are preceded by l - 1 rows of padding, see `padded_words`.
    """
    u, n, length = band.shape
    inputs = -(-(n + length - 1) // s) * s
    padded = np.zeros((u, inputs + length, length), np.float32)
    padded[:, length - 1 : length - 1 + n] = band
    # Number t of the words of input x is row x + t here, and has the input in column l - 1 - t.
    item = padded.itemsize
    strides = (padded.strides[0], length * item, (length - 1) * item)
    return band_blocks(as_strided(padded[:, :, length - 1 :], (u, inputs, length), strides), s)


def padded_words(
    n: int, s: int, window: int, d: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return a buffer (n, d) for vectors of the words of an update, and views for their product.

    The views are the second factor of `transposed_blocks`.
    """
    blocks = -(-(n + 2 * window) // s)
    padded = np.zeros((blocks * s + 2 * window, d), np.float32)
    return padded[2 * window : 2 * window + n], overlapping(padded, blocks, s, window)


def overlapping(rows: NDArray[np.float32], r: int, s: int, window: int) -> NDArray[np.float32]:
    """Return a view (r, s + 2 window, d) of rows (r s + 2 window, d): s rows, and their context."""
    row, item = rows.strides
    shape = (r, s + 2 * window, rows.shape[1])
    view: NDArray[np.float32] = as_strided(rows, shape, (s * row, row, item), writeable=False)
    return view
