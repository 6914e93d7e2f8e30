"""`SubwordInputs`: input vectors that are means of table rows: of the word and of its n-grams."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pmt_core import ShapeError, check_sizes
from pmt_nn.word2vec.scatter_add import RowGroups

_GROUP = 8  # rows that are summed at once


class SubwordInputs:
    """Word vectors as means of parts: a row of a table for the word itself and for each n-gram.

    Words that share n-grams learn together, and a word that never occurred has the mean of its
    n-grams (Bojanowski et al. 2017). The parts of a word move by the whole change of its vector,
    so the vector itself does, too, as if it were a row of its own.

    Args:
        offsets, rows: (v + 1,), (p,) the parts of word i are the rows from offsets[i] to
            offsets[i + 1].
        pad: The last row of the table, of zeros. The word v is padding: its vector is zero.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import SubwordInputs
        >>> offsets, rows = np.array([0, 2, 4]), np.array([0, 2, 1, 2])  # row 2 is shared
        >>> inputs = SubwordInputs(offsets, rows, pad=3)
        >>> table = np.array([[1, 0], [3, 0], [0, 2], [0, 0]], np.float32)
        >>> inputs.compose(table, np.array([0, 1]))
        array([[0.5, 1. ],
               [1.5, 1. ]], dtype=float32)
        >>> inputs.groups([np.array([0, 1])])[0].add(table, np.array([[1, 1], [2, 2]], np.float32))
        >>> table
        array([[2., 1.],
               [5., 2.],
               [3., 5.],
               [0., 0.]], dtype=float32)
    """

    def __init__(
        self, offsets: NDArray[np.integer], rows: NDArray[np.integer], *, pad: int
    ) -> None:
        check_sizes("SubwordInputs", least=0, pad=pad)
        counts = np.diff(offsets)
        if offsets[:1].tolist() != [0] or offsets[-1] != len(rows) or counts.min(initial=1) < 1:
            raise ShapeError(
                f"expected offsets that increase from 0 to the {len(rows)} rows, got "
                f"{offsets[:1].tolist()} to {offsets[-1:].tolist()}"
            )
        if len(rows) and not 0 <= rows.min() <= rows.max() < pad:
            raise ShapeError(f"expected rows of 0 ... {pad - 1}, got {rows.min()} to {rows.max()}")
        self._pad = pad
        self._offsets = np.append(offsets, offsets[-1])  # the word v has no part
        self._rows = rows.astype(np.int32)
        self._counts = np.append(counts, 0)
        # Rows in groups of eight; the last group of a word is filled up with the padding row.
        sizes = -(-counts // _GROUP)
        starts = np.cumsum(sizes) - sizes
        self._group_counts, self._group_starts = np.append(sizes, 0), np.append(starts, 0)
        self._groups = np.full((int(sizes.sum()), _GROUP), pad, np.int32)
        number = np.arange(len(rows)) - np.repeat(offsets[:-1], counts)
        self._groups.reshape(-1)[np.repeat(starts, counts) * _GROUP + number] = rows

    def compose(self, table: NDArray[np.float32], words: NDArray[np.integer]) -> NDArray[Any]:
        """Return the vectors (n, d) of words (n,): the means of their rows of the table."""
        sizes = self._group_counts.take(words)
        order = np.argsort(-sizes, kind="stable")
        sizes = sizes[order]
        starts = self._group_starts.take(words[order])
        vectors = np.zeros((len(words), table.shape[1]), table.dtype)
        sums = np.zeros_like(vectors)
        for k in range(int(sizes.max(initial=0))):
            n = int(np.searchsorted(-sizes, -k))  # words with more than k groups
            rows = self._groups.take(starts[:n] + k, axis=0)
            sums[:n] += table.take(rows, axis=0, mode="clip").sum(axis=1)
        vectors[order] = sums
        vectors /= np.maximum(self._counts.take(words), 1).astype(table.dtype)[:, np.newaxis]
        return vectors

    def groups(self, words: Sequence[NDArray[np.integer]]) -> list[RowGroups]:
        """Return for each update with words (n,) how their changes (n, d) are added to a table."""
        counts = [self._counts.take(of_update) for of_update in words]
        width = max((int(count.sum()) for count in counts), default=0)
        rows = np.full((len(words), max(width, 1)), self._pad, np.int32)
        changes = np.zeros(rows.shape, np.int32)
        for i, (of_update, count) in enumerate(zip(words, counts, strict=True)):
            starts = np.cumsum(count) - count
            total = int(count.sum())
            index = np.repeat(self._offsets.take(of_update) - starts, count) + np.arange(total)
            rows[i, :total] = self._rows.take(index)
            changes[i, :total] = np.repeat(np.arange(len(count)), count)
        return RowGroups.of_updates(rows, self._pad, changes)

    def busiest_share(self, frequencies: NDArray[np.floating]) -> float:
        """Return how much the vector of any word moves at most if all words move.

        It is a share of the sum of all moves: word j moves by its frequency (v,), and moves word i
        by the share of the parts of i that both have.
        """
        counts = self._counts[:-1]
        moved = np.bincount(self._rows, np.repeat(frequencies, counts), self._pad)
        shares = np.add.reduceat(moved.take(self._rows), self._offsets[:-2]) / counts
        return float(shares.max() / frequencies.sum())
