"""Sentences joined to windows, or cut: what a tagger reads at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pmt_core import SettingsError, ShapeError
from pmt_text.ner.encoded_sentences import EncodedSentences

__all__ = ["sentence_chunks"]


def sentence_chunks(
    sentences: EncodedSentences,
    documents: Sequence[int] | NDArray[np.integer],
    join: int,
    longest: int,
) -> EncodedSentences:
    """The same words, in the same order, in other parts.

    Neighboring sentences of a document are joined while they have `join` words or fewer in all,
    so that a word sees what stands in the next sentence; 0 joins none. A sentence of more than
    `longest` words is cut into parts as even as can be. documents: (n,), a number for each
    sentence; where it changes, or is 0 (none is known), nothing is joined.

    The arrays of words are shared; whatever a model says of them, laid end to end, is in the order
    of `sentences`, too.
    """
    if longest < 1 or join > longest:
        raise SettingsError(f"join ({join}) is at most longest ({longest}), and that is 1 or more")
    lengths = sentences.lengths.tolist()
    numbers = np.asarray(documents, np.int64).tolist()
    if len(numbers) != len(lengths):
        raise ShapeError(f"{len(lengths)} sentences need as many documents, got {len(numbers)}")
    parts: list[int] = []
    open_document, room = 0, 0
    for length, document in zip(lengths, numbers, strict=True):
        if document and document == open_document and length <= room:
            parts[-1] += length
            room -= length
            continue
        parts += _cut(length, longest)
        open_document, room = document, join - length
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(parts, dtype=np.int64)])
    return replace(sentences, offsets=offsets)


def _cut(length: int, longest: int) -> list[int]:
    count = max(-(-length // longest), 1)
    return [length // count + (i < length % count) for i in range(count)]
