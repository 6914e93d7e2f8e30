"""Chunks of a long text, with the next token of each position as its label."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from pmt_core import IGNORE_LABEL, DataError, RandomStream
from pmt_text.files.errors import check_at_least


@dataclass(frozen=True, slots=True)
class TextChunkBatch:
    """A batch of chunks of a text, (b, t).

    Examples:
        >>> import numpy as np
        >>> from pmt_text import TextChunkBatch
        >>> ids = np.array([[5, 6, 7], [8, 9, 5]])
        >>> batch = TextChunkBatch(ids, labels=np.array([[6, 7, 8], [9, 5, 6]]))
        >>> len(batch), batch.shard(1, 2).labels
        (2, array([[9, 5, 6]]))
    """

    ids: NDArray[np.int64]
    labels: NDArray[np.int64]  # the token after each of them; `IGNORE_LABEL` if there is none

    def __len__(self) -> int:
        return len(self.ids)

    def shard(self, i: int, n: int) -> TextChunkBatch:
        """Return part i of n: neighboring chunks."""
        part = slice(len(self) * i // n, len(self) * (i + 1) // n)
        return TextChunkBatch(self.ids[part], self.labels[part])


class RandomChunks:
    """Batches of chunks that begin at random positions of a text.

    Batch i of epoch e is a function of (stream, e, i) alone, so an interrupted epoch can be
    resumed. Chunks overlap and repeat: an epoch is not one pass through the text.

    Args:
        ids: the text, (n,) int64.
        length: t, the tokens of a chunk.
        batch_size: b, the chunks of a batch.
        batches: batches of an epoch.
        stream: names the random positions.

    Raises:
        DataError: if the text has fewer than length + 1 tokens.
        SettingsError: if a size is below 1.

    Examples:
        >>> import numpy as np
        >>> from pmt_core import RandomStream
        >>> from pmt_text import RandomChunks
        >>> text = np.arange(100)
        >>> chunks = RandomChunks(text, length=4, batch_size=2, batches=3, stream=RandomStream(0))
        >>> batch = next(iter(chunks))
        >>> batch.ids.shape
        (2, 4)
        >>> np.array_equal(batch.labels, batch.ids + 1)  # in this text, the next token is one more
        True
    """

    def __init__(
        self,
        ids: NDArray[np.integer],
        length: int,
        batch_size: int,
        batches: int,
        stream: RandomStream,
    ) -> None:
        check_at_least(1, length=length, batch_size=batch_size, batches=batches)
        if len(ids) < length + 1:
            raise DataError(
                f"a text of {len(ids)} tokens has no chunk of {length} and the token after it; "
                "give more text, or shorter chunks"
            )
        self._chunks = sliding_window_view(ids, length + 1)
        self.batch_size, self.batches, self._stream = batch_size, batches, stream

    def __len__(self) -> int:
        return self.batches

    def __iter__(self) -> Iterator[TextChunkBatch]:
        return self.epoch(0)

    def epoch(self, number: int) -> Iterator[TextChunkBatch]:
        """Yield the batches of one epoch."""
        rng = self._stream.child("epoch", number).generator()
        for _ in range(self.batches):
            rows = self._chunks[rng.integers(0, len(self._chunks), self.batch_size)]
            rows = rows.astype(np.int64, copy=False)
            yield TextChunkBatch(rows[:, :-1], rows[:, 1:])


class ConsecutiveChunks:
    """Batches of consecutive chunks: each token except the first is a label exactly once.

    Args:
        ids: the text, (n,) int64.
        length: t, the tokens of a chunk.
        batch_size: b, the chunks of a batch; the last batch may have fewer.

    Raises:
        DataError: if the text has fewer than two tokens.
        SettingsError: if a size is below 1.

    Examples:
        >>> import numpy as np
        >>> from pmt_text import ConsecutiveChunks
        >>> chunks = ConsecutiveChunks(np.array([5, 6, 7, 8, 9, 10]), length=3, batch_size=8)
        >>> batch = next(iter(chunks))
        >>> batch.ids
        array([[ 5,  6,  7],
               [ 8,  9, 10]])
        >>> batch.labels  # each token but the first; -100 after the end
        array([[   6,    7,    8],
               [   9,   10, -100]])
    """

    def __init__(self, ids: NDArray[np.integer], length: int, batch_size: int) -> None:
        check_at_least(1, length=length, batch_size=batch_size)
        if len(ids) < 2:
            raise DataError(f"a text of {len(ids)} token(s) has no next token; give more text")
        n = -(-(len(ids) - 1) // length)
        padded = np.full(n * length + 1, IGNORE_LABEL, np.int64)
        padded[: len(ids)] = ids
        inputs = padded[:-1]
        self._ids = np.where(inputs == IGNORE_LABEL, 0, inputs).reshape(n, length)
        self._labels = padded[1:].reshape(n, length)
        self.batch_size = batch_size

    def __len__(self) -> int:
        return -(-len(self._ids) // self.batch_size)

    def __iter__(self) -> Iterator[TextChunkBatch]:
        for start in range(0, len(self._ids), self.batch_size):
            part = slice(start, start + self.batch_size)
            yield TextChunkBatch(self._ids[part], self._labels[part])
