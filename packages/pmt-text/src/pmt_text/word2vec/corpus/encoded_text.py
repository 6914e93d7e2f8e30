"""A corpus as numbers, in pieces of equal length."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import repeat

import numpy as np
from numpy.typing import NDArray

from pmt_text.word2vec.corpus.text_corpus import SENTENCE_END, TextCorpus
from pmt_text.word2vec.corpus.word_counts import WordCounts

__all__ = ["TextPiece", "text_pieces"]

_UNKNOWN, _END = -1, -2


@dataclass(frozen=True, slots=True, eq=False)
class TextPiece:
    """Consecutive words of the vocabulary; others have been left out.

    Attributes:
        number: from 0, in the order of the text.
        words: (n,) numbers of the words.
        sentences: (n,) numbers of their sentences, not falling.
    """

    number: int
    words: NDArray[np.int32]
    sentences: NDArray[np.int32]


def text_pieces(corpus: TextCorpus, counts: WordCounts, piece_words: int) -> Iterator[TextPiece]:
    """The whole corpus in pieces of `piece_words` words each, the last one shorter.

    Memory holds a quarter of a megabyte of text and a piece at a time.
    """
    ids = {word.encode(): number for word, number in counts.ids.items()}
    ids[SENTENCE_END] = _END
    words, sentences = np.empty(0, np.int32), np.empty(0, np.int32)
    number, last, length = 0, 0, 0
    for block in corpus.word_lists():
        found = np.fromiter(map(ids.get, block, repeat(_UNKNOWN)), np.int32, len(block))
        of_sentence, last, length = _sentences(found, last, length, corpus.sentence_words)
        known = found >= 0
        words = np.concatenate([words, found[known]])
        sentences = np.concatenate([sentences, of_sentence[known]])
        whole = len(words) // piece_words * piece_words
        for start in range(0, whole, piece_words):
            part = slice(start, start + piece_words)
            yield TextPiece(number, words[part], sentences[part])
            number += 1
        words, sentences = words[whole:], sentences[whole:]
    if len(words):
        yield TextPiece(number, words, sentences)


def _sentences(
    found: NDArray[np.int32], last: int, length: int, longest: int
) -> tuple[NDArray[np.int32], int, int]:
    """The sentence of every word: a new one begins after `_END` and after `longest` words.

    last, length: number of the sentence before these words, and words in its line so far; returned
    for the words to come.
    """
    place = np.arange(1, len(found) + 1)
    is_end = found == _END
    line_start = np.maximum.accumulate(np.where(is_end, place, 0))
    in_line = place - line_start + np.where(line_start == 0, length, 0)  # from 1; 0 at an end
    begins = is_end | ((in_line - 1) % longest == 0) & (in_line > 1)
    numbers = (last + np.cumsum(begins)).astype(np.int32)
    return numbers, int(numbers[-1]), int(in_line[-1])
