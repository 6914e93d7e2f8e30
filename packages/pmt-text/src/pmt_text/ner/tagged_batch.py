"""A batch of tagged sentences as rectangular arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pmt_core import SettingsError

__all__ = ["TaggedBatch"]


@dataclass(frozen=True, slots=True, eq=False)
class TaggedBatch:
    """b sentences of up to t words, padded on the right; u different spellings of up to c letters.

    Spellings are kept once each, as a batch holds many words twice: what is computed of the
    letters is computed u times and then looked up by `spelling_ids`.

    words: (b, t) int64, ids of the folded words; 0, the id of ``<pad>``, in the padding.
    shapes: (b, t) int64, ids of the words' shapes; 0 in the padding.
    spelling_ids: (b, t) int64, rows of `characters`; 0 in the padding.
    characters: (u, c) int64, ids of the letters of each spelling, padded with 0 on the right; row
        0 is all padding. c is at least 1.
    mask: (b, t) bool, True where a word stands ("attend here").
    tags: (b, t) int64, ids of the tags, -100 in the padding; None where they are not known.
    index: (b,) int64, the place of each sentence in the data set.
    """

    words: NDArray[np.int64]
    shapes: NDArray[np.int64]
    spelling_ids: NDArray[np.int64]
    characters: NDArray[np.int64]
    mask: NDArray[np.bool_]
    tags: NDArray[np.int64] | None
    index: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.index)

    @property
    def tokens(self) -> int:
        """The number of words, padding not counted."""
        return int(self.mask.sum())

    @property
    def spelled(self) -> NDArray[np.int64]:
        """The letters of the word at every place, (b, t, c)."""
        return self.characters[self.spelling_ids]

    def shard(self, i: int, n: int) -> TaggedBatch:
        """Rows i, i + n, i + 2n, ... as a batch no wider than its longest row and word.

        The n shards hold every row once; one is empty, (0, 0), where the batch has too few rows.
        """
        if not 0 <= i < n:
            raise SettingsError(f"shard {i} of {n}: expected 0 <= i < n")
        mask = self.mask[i::n]
        width = int(mask.sum(axis=1).max(initial=0))
        used, spelling_ids = np.unique(self.spelling_ids[i::n, :width], return_inverse=True)
        if not used.size or used[0] != 0:  # no padding here: row 0 stays, all the same
            used, spelling_ids = np.concatenate([[0], used]), spelling_ids + 1
        characters = self.characters[used]
        longest = max(int((characters != 0).sum(axis=1).max()), 1)
        return TaggedBatch(
            words=self.words[i::n, :width],
            shapes=self.shapes[i::n, :width],
            spelling_ids=spelling_ids.reshape(mask.shape[0], width).astype(np.int64, copy=False),
            characters=characters[:, :longest],
            mask=mask[:, :width],
            tags=None if self.tags is None else self.tags[i::n, :width],
            index=self.index[i::n],
        )
