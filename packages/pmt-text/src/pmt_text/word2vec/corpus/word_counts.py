"""`WordCounts`: which words there are, how often, and their numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pmt_core import DataError, SettingsError
from pmt_text.word2vec.corpus.text_corpus import SENTENCE_END, TextCorpus

__all__ = ["WordCounts", "count_words"]

_MOST_DISTINCT = 20_000_000  # words kept in memory while counting
_MOST_UNREADABLE = 0.01  # part of the words; above it the file is in another encoding


class WordCounts:
    """The words of a corpus, most frequent first; the number of a word is its place.

    words: no word twice. counts: how often each occurs, not rising, 1 or more. total: words of the
    corpus, those that are not here too. Raises `DataError` where that is not so.

    Attributes:
        words: (v,) strings.
        counts: (v,) int64.
        total: all words of the corpus.
        kept: those of them that are in `words`.
        ids: the number of every word.
    """

    __slots__ = ("counts", "ids", "kept", "total", "words")

    def __init__(
        self, words: Sequence[str], counts: Iterable[int] | NDArray[np.integer], total: int
    ) -> None:
        self.words = list(words)
        self.counts: NDArray[np.int64] = np.asarray(list(counts), np.int64)
        self.ids = {word: index for index, word in enumerate(self.words)}
        self.kept = int(self.counts.sum())
        self.total = int(total)
        if self.counts.shape != (len(self.words),) or len(self.ids) != len(self.words):
            raise DataError(
                f"{len(self.words)} words ({len(self.ids)} different) and {self.counts.size} "
                "counts: every word is wanted once, with one count"
            )
        if not self.words or self.counts.min() < 1 or np.any(np.diff(self.counts) > 0):
            raise DataError("word counts are wanted from the most frequent word down to 1 or more")
        if self.total < self.kept:
            raise DataError(f"the words occur {self.kept} times in a corpus of {self.total} words")

    def id_of(self, word: str) -> int:
        """The number of a word. Raises `DataError` where it is not here."""
        try:
            return self.ids[word]
        except KeyError:
            raise DataError(
                f"{word!r} is not among the {len(self)} words: it was not in the corpus, or fewer "
                "times than the minimum count"
            ) from None

    def to_json(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return {"words": self.words, "counts": self.counts.tolist(), "total": self.total}

    @classmethod
    def from_json(cls, state: Mapping[str, Any]) -> WordCounts:
        """What `to_json` wrote. Raises `DataError` for anything else."""
        try:
            words, counts, total = state["words"], state["counts"], state["total"]
            whole = [*counts, total]
        except (KeyError, TypeError) as error:
            raise DataError("word counts in JSON are {words, counts, total}") from error
        if not all(isinstance(word, str) for word in words) or not all(
            isinstance(number, int) for number in whole
        ):
            raise DataError("word counts in JSON are strings and whole numbers")
        return cls(words, counts, total)

    def __len__(self) -> int:
        return len(self.words)

    def __contains__(self, word: object) -> bool:
        return word in self.ids

    def __repr__(self) -> str:
        return f"WordCounts({len(self)} words, {self.kept} of {self.total} kept)"


def count_words(
    corpus: TextCorpus,
    *,
    min_count: int = 5,
    max_words: int | None = None,
    progress: Callable[[int], None] | None = None,
    most_distinct: int = _MOST_DISTINCT,
) -> WordCounts:
    """Read the corpus once and count; equally frequent words stand in the order of their bytes.

    min_count: rarer words are left out. max_words: the most frequent are kept. progress: called
    with the number of words read so far. most_distinct: where more different words than that turn
    up, the rarest so far are forgotten, so that memory stays bounded (their counts are then too
    low by what was forgotten).

    Raises `DataError` where no word, or only one, is left; what `TextCorpus` raises.
    """
    if min_count < 1:
        raise SettingsError(f"min_count must be 1 or more, not {min_count}")
    if max_words is not None and max_words < 2:
        raise SettingsError(f"max_words must be 2 or more, not {max_words}")
    found: Counter[bytes] = Counter()
    total, rare = 0, 1
    for words in corpus.word_lists():
        found.update(words)
        ends = found.pop(SENTENCE_END, 0)
        total += len(words) - ends
        while len(found) > most_distinct:
            found = Counter({word: count for word, count in found.items() if count > rare})
            rare += 1
        if progress is not None:
            progress(total)
    kept = [(-count, word) for word, count in found.items() if count >= min_count]
    del found
    kept.sort()
    return _decoded(corpus, kept[:max_words], min_count, total)


def _decoded(
    corpus: TextCorpus, kept: list[tuple[int, bytes]], min_count: int, total: int
) -> WordCounts:
    """Bytes to strings. A word that is not UTF-8 is left out, like a rare one."""
    words, counts, unreadable = [], [], 0
    for count, word in kept:
        try:
            words.append(word.decode("utf-8"))
            counts.append(-count)
        except UnicodeDecodeError:
            unreadable -= count
    if unreadable > total * _MOST_UNREADABLE:
        raise DataError(f"{corpus.path}: {unreadable} words are not UTF-8: save it as UTF-8")
    if len(words) < 2:
        raise DataError(
            f"{corpus.path}: {len(words)} of its {total} words occur {min_count} times or more; "
            "give a larger text or a smaller min_count"
        )
    return WordCounts(words, counts, total)
