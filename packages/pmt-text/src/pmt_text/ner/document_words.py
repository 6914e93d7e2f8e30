"""Words of the document of each sentence, which tell a tagger what the sentence is about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from pmt_core import pad_sequences
from pmt_text.tokenizers.vocabulary import SPECIAL_TOKENS, UNK

_FREQUENT = 100  # the most frequent words occur in documents of all kinds
_MOST = 80  # words of a document: those of its headline and its beginning
_MOST_NEAR = 60  # words of neighboring sentences
_DISTANCES = (-1, 1, -2, 2)  # of those sentences, the nearest first


@dataclass(frozen=True, slots=True, eq=False)
class DocumentWords:
    """Ids of words around n sentences of m words in all, padded with 0 on the right.

    Attributes:
        of_document: the first different words of each document, (d, k) int32, without unknown words
            and the 100 most frequent ones. Row 0, for unknown documents, is all padding.
        of_neighbors: known words of the two sentences before and after each one, (n, k) int32;
            sentences of other documents are none.
        document_of_word: the row of `of_document` of each word, (m,) int32.
        sentence_of_word: the row of `of_neighbors` of each word, (m,) int32.
    """

    of_document: NDArray[np.int32]
    of_neighbors: NDArray[np.int32]
    document_of_word: NDArray[np.int32]
    sentence_of_word: NDArray[np.int32]

    @classmethod
    def of(
        cls, words: NDArray[np.integer], lengths: NDArray[np.integer], documents: Sequence[int]
    ) -> DocumentWords | None:
        """Return the words around n sentences; None if no document is known.

        Args:
            words: ids of all words, (m,), by falling frequency.
            lengths: of the sentences, (n,).
            documents: number of the document of each sentence, (n,); 0 if unknown.
        """
        if not any(documents):
            return None
        ends = [0, *np.cumsum(lengths).tolist()]
        sentences = [words[start:end] for start, end in pairwise(ends)]
        of_document, rows = _first_words(sentences, documents)
        near = [_near_words(sentences, documents, i) for i in range(len(sentences))]
        return cls(
            of_document,
            pad_sequences(near)[0].astype(np.int32),
            np.repeat(rows, lengths),
            np.repeat(np.arange(len(lengths), dtype=np.int32), lengths),
        )

    def around(self, positions: NDArray[np.integer]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the words of the documents and of the neighbors of words (b,), (b, k) each."""
        document = self.of_document[self.document_of_word[positions]]
        near = self.of_neighbors[self.sentence_of_word[positions]]
        return _without_padding(document), _without_padding(near)


def _first_words(
    sentences: Sequence[NDArray[np.integer]], documents: Sequence[int]
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return the words of each document, (d, k), and the row of each sentence, (n,)."""
    least = len(SPECIAL_TOKENS) + _FREQUENT
    words: dict[int, dict[int, None]] = {0: {}}
    for ids, document in zip(sentences, documents, strict=True):
        known = words.setdefault(document, {})
        if document and len(known) < _MOST:
            known.update(dict.fromkeys(ids[ids >= least].tolist()))
    numbers = {document: row for row, document in enumerate(words)}
    lists = [np.array([*known][:_MOST], np.int64) for known in words.values()]
    rows = np.array([numbers[document] for document in documents], np.int32)
    return pad_sequences(lists)[0].astype(np.int32), rows


def _near_words(
    sentences: Sequence[NDArray[np.integer]], documents: Sequence[int], i: int
) -> NDArray[np.integer]:
    """Return words of the sentences around sentence i in its document, (k,)."""
    near = [
        sentences[i + d][: _MOST_NEAR // 2]
        for d in _DISTANCES
        if documents[i] and 0 <= i + d < len(sentences) and documents[i + d] == documents[i]
    ]
    ids = np.concatenate([np.empty(0, np.int64), *near])
    return ids[ids > UNK][:_MOST_NEAR]


def _without_padding(ids: NDArray[np.int32]) -> NDArray[np.int64]:
    width = int((ids != 0).sum(axis=1).max(initial=0))
    return ids[:, :width].astype(np.int64)
