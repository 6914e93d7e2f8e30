"""Training of byte-pair encoding: word splitting, and merges learned from word counts."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from heapq import heapify, heappop, heappush
from itertools import count, islice, pairwise

from pmt_text.files.errors import check_at_least

Pair = tuple[int, int]
_BYTES = 256


def learn_merges(words: Mapping[bytes, int], merges: int, min_count: int = 2) -> list[Pair]:
    """Return the pairs to merge, in order (Sennrich et al. 2016).

    Symbols 0 ... 255 are bytes, 256 + i is the result of merge i. Each merge is of the most
    frequent pair at that time, the smallest one in a tie. Counts are updated only in the words
    where a merge happens, and a heap gives the next pair. A corpus of 60,000 sentences takes
    seconds. words: number of occurrences of each word. merges: maximal number of merges.
    min_count: rarer pairs are not merged.
    """
    check_at_least(0, merges=merges)
    check_at_least(1, min_count=min_count)
    return list(islice(most_frequent_pairs(words, _BYTES, min_count), merges))


def most_frequent_pairs(
    words: Mapping[bytes, int] | Mapping[tuple[int, ...], int], first: int, min_count: int = 2
) -> Iterator[Pair]:
    """Yield the most frequent pair of symbols, and merge it before the next one is counted.

    words: number of occurrences of each word, a sequence of symbols below `first`. The merges make
    the symbols first, first + 1, and so on.
    """
    state = _Counts(words)
    for made in count(first):
        pair = state.most_frequent(min_count)
        if pair is None:
            return
        state.merge(pair, made)
        yield pair


def merge_pair(symbols: list[int], pair: Pair, made: int) -> list[int]:
    """Return `symbols` with each `pair`, from the left, replaced by `made`."""
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
    """The number of occurrences of each pair, and the words that contain it."""

    def __init__(self, words: Mapping[bytes, int] | Mapping[tuple[int, ...], int]) -> None:
        self.words = [list(word) for word in words]
        self.frequencies = list(words.values())
        self.counts: Counter[Pair] = Counter()
        self.words_with: defaultdict[Pair, set[int]] = defaultdict(set)
        for index in range(len(self.words)):
            self._count(index, self.frequencies[index])
        # An entry may be outdated: it is then too high, or the heap has a correct one, too.
        self.heap = [(-number, pair) for pair, number in self.counts.items()]
        heapify(self.heap)

    def most_frequent(self, min_count: int) -> Pair | None:
        """Return the pair to merge next, or None if all are rarer than `min_count`."""
        while self.heap:
            negative, pair = heappop(self.heap)
            now = self.counts[pair]
            if now < min_count:
                continue
            if now == -negative:
                return pair
            heappush(self.heap, (-now, pair))
        return None

    def merge(self, pair: Pair, made: int) -> None:
        """Replace `pair` by the symbol `made` in all words."""
        risen: set[Pair] = set()
        for index in self.words_with.pop(pair):
            frequency = self.frequencies[index]
            self._count(index, -frequency)
            self.words[index] = merge_pair(self.words[index], pair, made)
            self._count(index, frequency)
            risen.update(p for p in pairwise(self.words[index]) if made in p)
        del self.counts[pair]
        for new in risen:
            heappush(self.heap, (-self.counts[new], new))

    def _count(self, index: int, frequency: int) -> None:
        for pair in pairwise(self.words[index]):
            self.counts[pair] += frequency
            if frequency > 0:
                self.words_with[pair].add(index)


MAX_WORD_BYTES = 1 + 64 * 4
"""Maximal number of UTF-8 bytes of a word of `split_words`."""

# Each character belongs to exactly one class, so nothing is lost. A word has at most 64 characters
# of a class, because merging takes the square of its length (a megabyte of base64).
_WORD = re.compile(
    r" ?[^\W\d_]{1,64}"  # letters, with the space before them
    r"| ?\d{1,64}"
    r"| ?(?:[^\s\w]|_){1,64}"
    r"|\s{1,64}(?!\S)"  # spaces but the last, which belongs to the next word
    r"|\s{1,64}"
)


def split_words(text: str) -> Iterator[str]:
    """Split `text` into letters, digits or punctuation with one space before them, or spaces.

    The concatenation of the parts is the text.
    """
    return (match.group() for match in _WORD.finditer(text))
