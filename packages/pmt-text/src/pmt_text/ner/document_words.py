"""Words of the document of each sentence, which tell a tagger what the document is about."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pmt_core import pad_sequences
from pmt_text.tokenizers.vocabulary import SPECIAL_TOKENS

_FREQUENT = 100  # the most frequent words occur in documents of all kinds
_MOST = 80  # words of a document: those of its headline and its beginning


def document_words(
    words: NDArray[np.integer], lengths: NDArray[np.integer], documents: Sequence[int]
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return the first different words of each document, (d, k), and its row for each word, (m,).

    Unknown words and the 100 most frequent ones are left out, as they occur everywhere. Row 0 is
    that of words whose document is not known, and is all padding (0), as is the end of each row.

    Args:
        words: ids of all words, (m,), by falling frequency.
        lengths: of n sentences, (n,).
        documents: number of the document of each sentence, (n,); 0 if unknown.
    """
    first = len(SPECIAL_TOKENS) + _FREQUENT
    chosen: dict[int, dict[int, None]] = {0: {}}
    ends = np.cumsum(lengths).tolist()
    for document, start, end in zip(documents, [0, *ends[:-1]], ends, strict=True):
        first_ids = chosen.setdefault(document, {})
        if document and len(first_ids) < _MOST:
            part = words[start:end]
            first_ids.update(dict.fromkeys(part[part >= first].tolist()))
    rows = {document: row for row, document in enumerate(chosen)}
    lists = [np.array([*ids][:_MOST], np.int64) for ids in chosen.values()]
    row_of_sentence = np.array([rows[document] for document in documents], np.int32)
    return pad_sequences(lists)[0].astype(np.int32), np.repeat(row_of_sentence, lengths)
