"""The scores and the tags of sentences that a `Tagger` finds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pmt_text import EncodedSentences, TaggedBatch, TaggedSentence, TagScheme, concatenate_tags


@dataclass(frozen=True, slots=True, eq=False)
class Tagging:
    """The predicted tags of n sentences with m words in all.

    Attributes:
        tags: names of the tags of each sentence, in the scheme of the encoder.
        confidence: marginal probabilities of the tags of each sentence; empty unless requested.
        loss: mean of -log p(labels) over the chunks; nan if labels are unknown.
    """

    tags: list[list[str]]
    confidence: list[NDArray[np.float32]]
    loss: float


@dataclass(frozen=True, slots=True, eq=False)
class WordScores:
    """The scores of the tags of the m words of sentences.

    Attributes:
        encoded: the chunks of the sentences that the model reads.
        emissions: scores, (m, tags of the encoder).
        loss: see `Tagging`.
    """

    encoded: Any
    emissions: NDArray[np.float32]
    loss: float

    def of(self, batch: TaggedBatch) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return the positions of the words of a batch, and their scores, (b, t, tags)."""
        positions = word_positions(self.encoded, batch)
        emissions = np.zeros((*batch.mask.shape, self.emissions.shape[1]), np.float32)
        emissions[batch.mask] = self.emissions[positions]
        return positions, emissions


def has_documents(sentences: Sequence[TaggedSentence]) -> bool:
    """Return whether the sentences are known to be of several documents."""
    return len({sentence.document for sentence in sentences} - {0}) > 1


def inner_ends(sentences: Sequence[TaggedSentence]) -> NDArray[np.int64]:
    """Return the positions among all words where each sentence but the first begins."""
    return np.cumsum([len(sentence) for sentence in sentences])[:-1]


def word_positions(encoded: EncodedSentences, batch: TaggedBatch) -> NDArray[np.int64]:
    """Return the positions of the words of a batch among all words, in the order of its mask."""
    starts = encoded.offsets[batch.index][:, np.newaxis]
    return (starts + np.arange(batch.mask.shape[1]))[batch.mask]


def join_cut_sentences(tags: list[list[str]], chunks: NDArray[np.int64], scheme: TagScheme) -> None:
    """Rewrite the tags of the sentences that were cut into chunks, see `concatenate_tags`."""
    starts = np.cumsum([0, *map(len, tags)])
    if np.array_equal(chunks, starts):
        return  # as in most calls
    cuts = np.setdiff1d(chunks, starts)
    indices = np.searchsorted(starts, cuts) - 1
    for i in np.unique(indices).tolist():
        edges = [0, *(cuts[indices == i] - starts[i]).tolist(), len(tags[i])]
        tags[i] = concatenate_tags([tags[i][a:b] for a, b in pairwise(edges)], scheme)
