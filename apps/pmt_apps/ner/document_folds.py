"""Folds of tagged sentences for cross-validation: whole documents, or blocks of sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pmt_core import DataError, RandomStream
from pmt_text import TaggedSentence

_PARTS = 10  # one of them is held out


def document_folds(sentences: Sequence[TaggedSentence], folds: int, seed: int) -> NDArray[np.int64]:
    """Return the number of the fold of each sentence, (n,).

    Names recur within a document, so its sentences stay together; the documents are spread so that
    the folds have about equally many words. Sentences of a single document, or without
    documents, are cut into contiguous blocks.

    Raises:
        DataError: there are fewer documents or sentences than folds, or all entities are in one
            fold, so that nothing is left to train on.
    """
    words = Counter[int]()
    for sentence in sentences:
        words[sentence.document] += len(sentence)
    units = len(words) if len(words) > 1 else len(sentences)
    if units < folds:
        name = "documents, which stay whole," if len(words) > 1 else "sentences"
        raise DataError(f"{units} {name} cannot be cut into {folds} folds; lower --folds")
    if len(words) > 1:
        numbers = _spread(words, folds, seed)
        result = np.array([numbers[sentence.document] for sentence in sentences], np.int64)
    else:
        result = np.arange(len(sentences)) * folds // len(sentences)
    tagged = {int(n) for n, s in zip(result, sentences, strict=True) if set(s.tags or ()) - {"O"}}
    if len(tagged) == 1:
        raise DataError(
            f"all entities are in fold {min(tagged) + 1} of {folds}; its training would have none. "
            "Choose other --folds, or another --seed"
        )
    return result


def _spread(words: Counter[int], folds: int, seed: int) -> dict[int, int]:
    """Return the fold of each document: in random order, each goes to the smallest fold."""
    documents = list(words)
    sizes = np.zeros(folds, np.int64)
    numbers: dict[int, int] = {}
    for i in RandomStream(seed, "folds").generator().permutation(len(documents)).tolist():
        smallest = int(sizes.argmin())
        numbers[documents[i]] = smallest
        sizes[smallest] += words[documents[i]]
    return numbers


def held_out_part(sentences: Sequence[TaggedSentence], seed: int) -> NDArray[np.bool_]:
    """Return which sentences are held out to choose the best weights, (n,): about a tenth.

    They are whole documents if there are ten or more, else the last tenth of the sentences.

    Raises:
        DataError: there is a single sentence.
    """
    n = len(sentences)
    if n < 2:
        raise DataError("a fold leaves one sentence to train on, too few; lower --folds")
    documents = Counter[int]()
    for sentence in sentences:
        documents[sentence.document] += len(sentence)
    if len(documents) < _PARTS:
        return np.arange(n) >= n - max(n // _PARTS, 1)
    numbers = _spread(documents, _PARTS, seed)
    return np.array([numbers[sentence.document] == 0 for sentence in sentences])
