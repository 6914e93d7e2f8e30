"""A data set of sentences as flat arrays of ids."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pmt_text.batching.ragged import gather_rows
from pmt_text.ner.tagged_batch import TaggedBatch

__all__ = ["EncodedSentences"]


@dataclass(frozen=True, slots=True, eq=False)
class EncodedSentences:
    """n encoded sentences, m words in all, end to end; sentence i has those of offsets[i : i + 2].

    words, shapes, spelling_ids: (m,) int32, see `TaggedBatch`; spelling_ids are rows of this data
    set's `characters`. characters: (u, c) int32, the letters of every different
    spelling, row 0 all padding. tags: (m,) int32, or None. offsets: (n + 1,) int64.
    """

    words: NDArray[np.int32]
    shapes: NDArray[np.int32]
    spelling_ids: NDArray[np.int32]
    characters: NDArray[np.int32]
    offsets: NDArray[np.int64]
    tags: NDArray[np.int32] | None = None

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def lengths(self) -> NDArray[np.int64]:
        """The words in each sentence, (n,)."""
        return np.diff(self.offsets)

    def batch(self, indices: NDArray[np.integer]) -> TaggedBatch:
        """The sentences at `indices` (b,), in that order, as wide as the longest of them."""
        places = gather_rows(self.offsets, indices)
        mask = places.mask
        used, spelling_ids = np.unique(self.spelling_ids[places.places[mask]], return_inverse=True)
        characters = self.characters[np.concatenate([[0], used])].astype(np.int64)
        longest = max(int((characters != 0).sum(axis=1).max()), 1)
        rows = np.zeros(mask.shape, np.int64)
        rows[mask] = spelling_ids + 1
        return TaggedBatch(
            words=places.take(self.words, np.int64(0)),
            shapes=places.take(self.shapes, np.int64(0)),
            spelling_ids=rows,
            characters=characters[:, :longest],
            mask=mask,
            tags=None if self.tags is None else places.take(self.tags, np.int64(-100)),
            index=places.index,
        )
