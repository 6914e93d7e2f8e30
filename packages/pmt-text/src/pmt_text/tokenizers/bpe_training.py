"""Which pairs of symbols to merge, learned from counted words (Sennrich et al. 2016).

A text cut where byte-pair encoding may not merge: between words, numbers, marks and spaces.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from heapq import heapify, heappop, heappush
from itertools import pairwise

from pmt_core import SettingsError

__all__ = ["Pair", "learn_merges", "merge_pair", "LONGEST_WORD", "split_words"]

Pair = tuple[int, int]
_BYTES = 256


def learn_merges(words: Mapping[bytes, int], merges: int, min_count: int = 2) -> list[Pair]:
    """The pairs to merge, in order. Symbol 0 ... 255 is a byte, 256 + i what merge i makes.

    words: how often each word occurs. merges: the most to learn. min_count: a pair that is
    seen fewer times is not merged.

    Every merge is of the pair that is most frequent at that time, of equally frequent ones the
    smallest. Counts are kept and only changed in the words where a merge happens; a heap gives
    the next pair. A corpus of 60,000 sentences takes seconds.
    """
    if merges < 0:
        raise SettingsError(f"the number of merges is 0 or more, not {merges}")
    if min_count < 1:
        raise SettingsError(f"min_count must be 1 or more, not {min_count}")
    state = _Counts(words)
    found: list[Pair] = []
    while len(found) < merges:
        pair = state.most_frequent(min_count)
        if pair is None:
            break
        state.merge(pair, _BYTES + len(found))
        found.append(pair)
    return found


def merge_pair(symbols: list[int], pair: Pair, made: int) -> list[int]:
    """`symbols` with every `pair` in it, from the left, replaced by `made`."""
    left, right = pair
    result = []
    i, last = 0, len(symbols) - 1
    while i <= last:
        if i < last and symbols[i] == left and symbols[i + 1] == right:
            result.append(made)
            i += 2
        else:
            result.append(symbols[i])
            i += 1
    return result


class _Counts:
    """How often each pair stands in the words, and where."""

    def __init__(self, words: Mapping[bytes, int]) -> None:
        self.words = [list(word) for word in words]
        self.frequencies = list(words.values())
        self.counts: Counter[Pair] = Counter()
        self.places: defaultdict[Pair, set[int]] = defaultdict(set)
        for place in range(len(self.words)):
            self._count(place, self.frequencies[place])
        # An entry may be out of date: it is then too high, or a right one stands beside it.
        self.heap = [(-count, pair) for pair, count in self.counts.items()]
        heapify(self.heap)

    def most_frequent(self, min_count: int) -> Pair | None:
        """The pair to merge next; None where none is seen `min_count` times."""
        while self.heap:
            count, pair = heappop(self.heap)
            now = self.counts[pair]
            if now < min_count:
                continue
            if now == -count:
                return pair
            heappush(self.heap, (-now, pair))
        return None

    def merge(self, pair: Pair, made: int) -> None:
        """Merge `pair` to the symbol `made` in all words."""
        risen: set[Pair] = set()
        for place in self.places.pop(pair):
            frequency = self.frequencies[place]
            self._count(place, -frequency)
            self.words[place] = merge_pair(self.words[place], pair, made)
            self._count(place, frequency)
            risen.update(p for p in pairwise(self.words[place]) if made in p)
        del self.counts[pair]
        for new in risen:
            heappush(self.heap, (-self.counts[new], new))

    def _count(self, place: int, frequency: int) -> None:
        for pair in pairwise(self.words[place]):
            self.counts[pair] += frequency
            if frequency > 0:
                self.places[pair].add(place)


LONGEST_WORD = 1 + 64 * 4
"""Bytes of UTF-8 that `split_words` leaves together at most."""

# Every character is of exactly one class, so nothing is lost. At most 64 of a kind stand together:
# what has no spaces (a web address, a megabyte of base64) must not cost the square of its length.
_WORD = re.compile(
    r" ?[^\W\d_]{1,64}"  # letters, with the space before them
    r"| ?\d{1,64}"
    r"| ?(?:[^\s\w]|_){1,64}"
    r"|\s{1,64}(?!\S)"  # spaces but the last, which belongs to the word behind
    r"|\s{1,64}"
)


def split_words(text: str) -> Iterator[str]:
    """Parts of `text`: letters, digits or other marks with the one space before them, or spaces.

    Put together again they are the text, whatever it is.
    """
    return (found.group() for found in _WORD.finditer(text))
