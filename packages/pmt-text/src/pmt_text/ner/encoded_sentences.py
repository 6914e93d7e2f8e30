"""Encoded sentences: flat arrays of a data set, padded batches, and chunks for a tagger."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from pmt_core import IGNORE_LABEL, SettingsError, ShapeError, Span, tag_spans
from pmt_text.batching.ragged import IndexedBatch, Ragged, shard_rows, trimmed
from pmt_text.ner.document_words import DocumentWords
from pmt_text.ner.tag_scheme import TagScheme, spans_to_tags


@dataclass(frozen=True, slots=True, eq=False)
class TaggedBatch(IndexedBatch):
    """b sentences of up to t words, padded on the right; u spellings of up to c characters.

    A batch contains many words twice, so each spelling is stored once: what a model computes from
    characters is computed u times and then looked up by `spelling_ids`.

    Attributes:
        words, shapes: ids of the folded words and of their shapes, 0 in the padding, (b, t) int64.
        spelling_ids: rows of `characters`, 0 in the padding, (b, t) int64.
        characters: ids of the characters of each spelling, padded with 0 on the right, (u, c)
            int64; row 0 is all padding; c is at least 1.
        mask: True at each word, (b, t) bool.
        tags: ids of the tags, `IGNORE_LABEL` in the padding, (b, t) int64; None if unknown.
        context, neighbors: ids of words of the document of each sentence, and of the sentences
            before and after it, padded with 0 on the right, (b, n) int64; None if no document is
            known.

    Examples:
        >>> import numpy as np
        >>> from pmt_text import SentenceEncoder, TaggedSentence
        >>> sentences = [TaggedSentence(("Ada", "met", "Ada")), TaggedSentence(("Hi",))]
        >>> batch = SentenceEncoder.learn(sentences).encode(sentences).batch(np.array([0, 1]))
        >>> batch.mask
        array([[ True,  True,  True],
               [ True, False, False]])
        >>> batch.spelling_ids  # each spelling has one row of characters
        array([[1, 2, 1],
               [3, 0, 0]])
        >>> batch.characters.shape
        (4, 3)
    """

    words: NDArray[np.int64]
    shapes: NDArray[np.int64]
    spelling_ids: NDArray[np.int64]
    characters: NDArray[np.int64]
    mask: NDArray[np.bool_]
    tags: NDArray[np.int64] | None
    context: NDArray[np.int64] | None = None
    neighbors: NDArray[np.int64] | None = None

    @property
    def tokens(self) -> int:
        """Number of words, without padding."""
        return int(self.mask.sum())

    def shard(self, i: int, n: int) -> TaggedBatch:
        """Return rows i, i + n, ..., without needless padding; see `shard_rows`."""
        rows = shard_rows(i, n)
        mask, words, shapes, spelling_ids = trimmed(
            rows, self.mask, self.words, self.shapes, self.spelling_ids
        )
        used, inverse = np.unique(spelling_ids, return_inverse=True)
        if not used.size or used[0] != 0:  # row 0 stays even if there is no padding
            used, inverse = np.concatenate([[0], used]), inverse + 1
        spelling_ids = inverse.reshape(mask.shape).astype(np.int64, copy=False)
        characters = _without_padding(self.characters[used])
        tags = None if self.tags is None else self.tags[rows, : mask.shape[1]]
        around = [None if ids is None else ids[rows] for ids in (self.context, self.neighbors)]
        index = self.index[rows]
        return TaggedBatch(
            words, shapes, spelling_ids, characters, mask, tags, *around, index=index
        )


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class EncodedSentences(Ragged):
    """n encoded sentences of m words in all; see `TaggedBatch`.

    Attributes:
        words: ids of the folded words, (m,) int32.
        shapes: ids of the word shapes, (m,) int32.
        spelling_ids: rows of `characters`, (m,) int32.
        characters: ids of the characters of each spelling of the data set, (u, c) int32; row 0 is
            all padding.
        tags: ids of the tags, (m,) int32; None if unknown.
        tag_names: the tags in the order of their ids; none if unknown.
        scheme: of the tags.
        contexts: words around the sentences; None if no document is known.

    Examples:
        >>> import numpy as np
        >>> from pmt_text import SentenceEncoder, TaggedSentence
        >>> sentences = [TaggedSentence(("Ada", "met", "Ada")), TaggedSentence(("Hi",))]
        >>> data = SentenceEncoder.learn(sentences).encode(sentences)
        >>> len(data), data.lengths, data.spelling_ids
        (2, array([3, 1]), array([1, 2, 1, 3], dtype=int32))
        >>> data.batch(np.array([1])).mask
        array([[ True]])
    """

    words: NDArray[np.int32]
    shapes: NDArray[np.int32]
    spelling_ids: NDArray[np.int32]
    characters: NDArray[np.int32]
    tags: NDArray[np.int32] | None = None
    tag_names: tuple[str, ...] = ()
    scheme: TagScheme = "IOB2"
    contexts: DocumentWords | None = None

    def batch(self, indices: NDArray[np.integer]) -> TaggedBatch:
        """Return the sentences at `indices` (b,), in that order."""
        rows = self.rows(indices)
        mask = rows.mask
        used, inverse = np.unique(self.spelling_ids[rows.positions[mask]], return_inverse=True)
        characters = self.characters[np.concatenate([[0], used])].astype(np.int64)
        characters = _without_padding(characters)
        spelling_ids = np.zeros(mask.shape, np.int64)
        spelling_ids[mask] = inverse + 1
        words, shapes = (rows.take(ids, np.int64(0)) for ids in (self.words, self.shapes))
        tags = None if self.tags is None else rows.take(self.tags, np.int64(IGNORE_LABEL))
        around: tuple[NDArray[np.int64] | None, NDArray[np.int64] | None] = (None, None)
        if self.contexts is not None:
            around = self.contexts.around(self.offsets[rows.index])
        return TaggedBatch(
            words, shapes, spelling_ids, characters, mask, tags, *around, index=rows.index
        )


def _without_padding(characters: NDArray[np.int64]) -> NDArray[np.int64]:
    return characters[:, : max(int((characters != 0).sum(axis=1).max()), 1)]


def sentence_chunks(
    sentences: EncodedSentences,
    documents: Sequence[int] | NDArray[np.integer],
    join: int,
    max_length: int,
) -> EncodedSentences:
    """Join short sentences and cut long ones; the words and their order stay the same.

    The arrays of words are shared. The outputs of a model for all chunks, concatenated, are in
    the order of the n sentences. Tags are rewritten so that those of each chunk are valid in their
    scheme: a cut makes two entities of one. `concatenate_tags` makes them one again.

    Args:
        sentences: n encoded sentences.
        documents: number of the document of each sentence, (n,); 0 if unknown. Only sentences of
            one known document are joined.
        join: neighboring sentences are joined while they have at most this many words, so that a
            word has the next sentence as context; 0 joins none.
        max_length: longer sentences are cut into parts of nearly equal length.

    Raises:
        SettingsError: if `join` is larger than `max_length`, or that is below 1.
        ShapeError: if the number of documents is another than that of sentences.

    Examples:
        >>> from pmt_text import SentenceEncoder, TaggedSentence, sentence_chunks
        >>> sentences = [TaggedSentence(tuple(words)) for words in ("abcde", "fg", "h")]
        >>> data = SentenceEncoder.learn(sentences).encode(sentences)
        >>> chunks = sentence_chunks(data, documents=[1, 1, 1], join=4, max_length=4)
        >>> data.lengths, chunks.lengths  # 5 words are cut, the two short sentences joined
        (array([5, 2, 1]), array([3, 2, 3]))
    """
    if max_length < 1 or join > max_length:
        raise SettingsError(
            f"join ({join}) must be at most max_length ({max_length}), and that 1 or more"
        )
    lengths = sentences.lengths.tolist()
    numbers = np.asarray(documents, np.int64).tolist()
    if len(numbers) != len(lengths):
        raise ShapeError(f"{len(lengths)} sentences need as many documents, got {len(numbers)}")
    chunks: list[int] = []
    open_document, room = 0, 0
    for length, document in zip(lengths, numbers, strict=True):
        if document and document == open_document and length <= room:
            chunks[-1] += length
            room -= length
            continue
        chunks += _cut(length, max_length)
        open_document, room = document, join - length
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(chunks, dtype=np.int64)])
    return replace(sentences, offsets=offsets, tags=_chunk_tags(sentences, offsets))


def _cut(length: int, max_length: int) -> list[int]:
    count = max(-(-length // max_length), 1)
    return [length // count + (i < length % count) for i in range(count)]


def _chunk_tags(
    sentences: EncodedSentences, offsets: NDArray[np.int64]
) -> NDArray[np.int32] | None:
    """Return the ids of tags, rewritten in the chunks that are not a whole sentence."""
    if sentences.tags is None or not sentences.tag_names:
        return sentences.tags
    tags = sentences.tags.copy()
    names = dict(enumerate(sentences.tag_names))
    ids = {name: i for i, name in names.items()}
    starts = sentences.offsets.tolist()
    for start, stop in pairwise(offsets.tolist()):
        after = bisect_right(starts, start)
        if starts[after - 1 : after + 1] == [start, stop]:
            continue
        inside = starts[after : bisect_left(starts, stop)]
        spans: list[Span] = []
        for first, last in pairwise([start, *inside, stop]):
            part = [names.get(i, "O") for i in tags[first:last].tolist()]  # O for IGNORE_LABEL
            shift = first - start
            spans += [Span(type_, a + shift, b + shift) for type_, a, b in tag_spans(part)]
        rewritten = spans_to_tags(spans, stop - start, sentences.scheme)
        new_ids = np.array([ids.get(name, IGNORE_LABEL) for name in rewritten], np.int32)
        tags[start:stop] = np.where(tags[start:stop] == IGNORE_LABEL, IGNORE_LABEL, new_ids)
    return tags
