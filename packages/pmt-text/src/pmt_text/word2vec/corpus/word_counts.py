"""`WordCounts`: the vocabulary of a corpus with word frequencies, and how to count them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from pmt_core import DataError, SettingsError
from pmt_text.word2vec.corpus.text_corpus import SENTENCE_END, TextCorpus

_MAX_DISTINCT = 20_000_000  # words held in memory while counting
_MAX_UNREADABLE = 0.01  # share of the words; above it the file has another encoding


class WordCounts:
    """The words of a corpus in order of frequency; the id of a word is its index.

    Attributes:
        words, ids: (v,) distinct words, and the id of each.
        counts: (v,) int64, occurrences of each word, non-increasing, 1 or more.
        total: Words of the corpus, including those that are not in `words`.
        in_vocabulary: Occurrences of `words` in the corpus.

    Raises `DataError` if the arguments are inconsistent.

    Examples:
        >>> from pmt_text import WordCounts
        >>> counts = WordCounts(["be", "to", "or"], [4, 2, 1], total=9)
        >>> counts.id_of("to"), counts.counts, counts.in_vocabulary
        (1, array([4, 2, 1]), 7)
    """

    __slots__ = ("counts", "ids", "in_vocabulary", "total", "words")

    def __init__(
        self, words: Sequence[str], counts: Iterable[int] | NDArray[np.integer], total: int
    ) -> None:
        self.words = list(words)
        self.counts: NDArray[np.int64] = np.asarray(list(counts), np.int64)
        self.ids = {word: index for index, word in enumerate(self.words)}
        self.in_vocabulary = int(self.counts.sum())
        self.total = int(total)
        if self.counts.shape != (len(self.words),) or len(self.ids) != len(self.words):
            raise DataError(
                f"{len(self.words)} words ({len(self.ids)} different) and {self.counts.size} "
                "counts: expected every word once, with one count"
            )
        if not self.words or self.counts.min() < 1 or np.any(np.diff(self.counts) > 0):
            raise DataError("expected word counts in decreasing order, each 1 or more")
        if self.total < self.in_vocabulary:
            raise DataError(
                f"the words occur {self.in_vocabulary} times in a corpus of {self.total} words"
            )

    def id_of(self, word: str) -> int:
        """Return the id of a word. Raises `DataError` for an unknown word."""
        try:
            return self.ids[word]
        except KeyError:
            raise DataError(
                f"{word!r} is not among the {len(self)} words: it was not in the corpus, or fewer "
                "times than the minimum count"
            ) from None

    def __len__(self) -> int:
        return len(self.words)


def count_words(
    corpus: TextCorpus,
    *,
    min_count: int = 5,
    max_words: int | None = None,
    progress: Callable[[int], None] | None = None,
    max_distinct: int = _MAX_DISTINCT,
) -> WordCounts:
    r"""Count the words of a corpus; words of equal frequency are sorted by their bytes.

    Args:
        corpus: the text.
        min_count: rarer words are left out.
        max_words: number of words that are kept, the most frequent ones; None: all.
        progress: called with the number of words read so far.
        max_distinct: if more different words occur, the rarest so far are dropped, which bounds
            memory; their counts are then too low.

    Raises:
        DataError: if fewer than two words remain. Errors of `TextCorpus` are passed on.
        SettingsError: if `min_count` is below 1, or `max_words` below 2.

    Examples:
        >>> from pathlib import Path
        >>> from pmt_text import TextCorpus, count_words
        >>> _ = Path("text.txt").write_text("to be or not to be\n")
        >>> counts = count_words(TextCorpus("text.txt"), min_count=2)
        >>> counts.words, counts.counts, counts.total
        (['be', 'to'], array([2, 2]), 6)
    """
    if min_count < 1:
        raise SettingsError(f"min_count must be 1 or more, not {min_count}")
    if max_words is not None and max_words < 2:
        raise SettingsError(f"max_words must be 2 or more, not {max_words}")
    counter: Counter[bytes] = Counter()
    total, rare = 0, 1
    for words in corpus.word_lists():
        counter.update(words)
        ends = counter.pop(SENTENCE_END, 0)
        total += len(words) - ends
        while len(counter) > max_distinct:
            counter = Counter({word: count for word, count in counter.items() if count > rare})
            rare += 1
        if progress is not None:
            progress(total)
    frequent = [(-count, word) for word, count in counter.items() if count >= min_count]
    del counter
    frequent.sort()
    return _decoded(corpus, frequent[:max_words], min_count, total)


def _decoded(
    corpus: TextCorpus, frequent: list[tuple[int, bytes]], min_count: int, total: int
) -> WordCounts:
    """Decode the words. A word that is not UTF-8 is left out, like a rare one."""
    words, counts, unreadable = [], [], 0
    for count, word in frequent:
        try:
            words.append(word.decode("utf-8"))
            counts.append(-count)
        except UnicodeDecodeError:
            unreadable -= count
    if unreadable > total * _MAX_UNREADABLE:
        raise DataError(f"{corpus.path}: {unreadable} words are not UTF-8: save it as UTF-8")
    if not total:
        raise DataError(f"{corpus.path} holds no words: give a text")
    if len(words) < 2:
        raise DataError(
            f"{corpus.path}: expected two or more different words that occur {min_count} times or "
            f"more, got {len(words)} in {total} words; give a larger text or a smaller min_count"
        )
    return WordCounts(words, counts, total)
