"""Windows of a long text, for a model that guesses each next token."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from pmt_core import DataError, RandomStream, SettingsError

__all__ = ["NO_LABEL", "ConsecutiveChunks", "RandomChunks", "TextChunkBatch"]

NO_LABEL = -100
"""Stands in the labels where a window has no token; `cross_entropy` ignores it."""


@dataclass(frozen=True, slots=True)
class TextChunkBatch:
    """Windows of a text.

    Attributes:
        ids: (b, t), what is read.
        labels: (b, t), the token after each of them; NO_LABEL where there is none.
    """

    ids: NDArray[np.int64]
    labels: NDArray[np.int64]

    def __len__(self) -> int:
        """Number of windows."""
        return len(self.ids)

    def shard(self, i: int, n: int) -> TextChunkBatch:
        """Part `i` of `n`: neighboring windows."""
        part = slice(len(self) * i // n, len(self) * (i + 1) // n)
        return TextChunkBatch(self.ids[part], self.labels[part])


class RandomChunks:
    """Batches of windows that begin anywhere in a text; an epoch is so many batches.

    Batch i of epoch e is a function of (stream, e, i) alone, so that an interrupted epoch can be
    taken up again. The windows overlap and repeat: an epoch is not once through the text.

    ids: (n,), the text. length: t, tokens of a window. batch_size: windows of a batch. batches: of
    an epoch. Raises DataError for a text that has not length + 1 tokens.
    """

    def __init__(
        self,
        ids: NDArray[np.int64],
        length: int,
        batch_size: int,
        batches: int,
        stream: RandomStream,
    ) -> None:
        if min(length, batch_size, batches) < 1:
            raise SettingsError(
                "length, batch_size and batches are 1 or more, got "
                f"{length}, {batch_size} and {batches}"
            )
        if len(ids) < length + 1:
            raise DataError(
                f"a text of {len(ids)} tokens has no window of {length} and the token after it; "
                "give more text, or shorter windows"
            )
        self._windows = sliding_window_view(ids, length + 1)
        self.batch_size = batch_size
        self.batches = batches
        self._stream = stream

    def __len__(self) -> int:
        """Number of batches in an epoch."""
        return self.batches

    def __iter__(self) -> Iterator[TextChunkBatch]:
        """Epoch 0."""
        return self.epoch(0)

    def epoch(self, number: int) -> Iterator[TextChunkBatch]:
        """The batches of one epoch."""
        rng = self._stream.child("epoch", number).generator()
        for _ in range(self.batches):
            rows = self._windows[rng.integers(0, len(self._windows), self.batch_size)]
            yield TextChunkBatch(rows[:, :-1], rows[:, 1:])


class ConsecutiveChunks:
    """A text cut into windows, so that each token but the first is a label exactly once.

    ids: (n,), the text. length: t, tokens of a window. batch_size: windows of a batch; the last
    may have fewer. Raises DataError for a text of fewer than two tokens.
    """

    def __init__(self, ids: NDArray[np.int64], length: int, batch_size: int) -> None:
        if min(length, batch_size) < 1:
            raise SettingsError(
                f"length and batch_size are 1 or more, got {length} and {batch_size}"
            )
        if len(ids) < 2:
            raise DataError(f"a text of {len(ids)} token(s) has nothing to guess; give more")
        n = -(-(len(ids) - 1) // length)
        padded = np.full(n * length + 1, NO_LABEL, np.int64)
        padded[: len(ids)] = ids
        self._read = np.where(padded[:-1] == NO_LABEL, 0, padded[:-1]).reshape(n, length)
        self._labels = padded[1:].reshape(n, length)
        self.batch_size = batch_size

    def __len__(self) -> int:
        """Number of batches."""
        return -(-len(self._read) // self.batch_size)

    def __iter__(self) -> Iterator[TextChunkBatch]:
        """All batches, in the order of the text."""
        for start in range(0, len(self._read), self.batch_size):
            part = slice(start, start + self.batch_size)
            yield TextChunkBatch(self._read[part], self._labels[part])
