"""The BPE model: pairs of symbols of a word are merged, the earliest learned first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from itertools import pairwise

Pair = tuple[int, int]


@dataclass(frozen=True, slots=True, eq=False)
class BpeModel:
    """Byte-pair encoding of words (Sennrich et al. 2016).

    Attributes:
        ids: id of each token.
        merges: rank and result of each pair of ids.
        unknown: id of a character that is not in the vocabulary; None: it is left out.
        inside: prefix of a symbol that does not begin a word.
        word_end: suffix of the symbol that ends a word.
        fuse_unknown: whether adjacent unknown characters are one token.
        byte_fallback: whether an unknown character becomes tokens of its bytes, "<0xC3>".
        whole_words: whether a word in the vocabulary is one token, whatever the merges.
    """

    ids: Mapping[str, int]
    merges: Mapping[Pair, tuple[int, int]]
    unknown: int | None = None
    inside: str = ""
    word_end: str = ""
    fuse_unknown: bool = False
    byte_fallback: bool = False
    whole_words: bool = False

    def __call__(self, word: str) -> tuple[int, ...]:
        """Return the ids of a word."""
        if self.whole_words and word in self.ids:
            return (self.ids[word],)
        return tuple(merge_pairs(self._symbols(word), self.merges))

    def _symbols(self, word: str) -> list[int]:
        """Return the ids of the characters of a word."""
        symbols: list[int] = []
        after_unknown = False
        last = len(word) - 1
        for i, c in enumerate(word):
            text = (self.inside if i else "") + c + (self.word_end if i == last else "")
            known = self.ids.get(text)
            parts = None if known is not None else self._bytes(text)
            if known is not None:
                symbols.append(known)
            elif parts is not None:
                symbols += parts
            elif self.unknown is not None and not (after_unknown and self.fuse_unknown):
                symbols.append(self.unknown)
            after_unknown = known is None and parts is None
        return symbols

    def _bytes(self, text: str) -> list[int] | None:
        return byte_tokens(text, self.ids) if self.byte_fallback else None


def byte_tokens(text: str, ids: Mapping[str, int]) -> list[int] | None:
    """Return the ids of the tokens "<0x00>" to "<0xFF>" of the bytes; None if one is missing."""
    tokens = [ids.get(f"<0x{byte:02X}>") for byte in text.encode("utf-8", "surrogatepass")]
    known = [token for token in tokens if token is not None]
    return known if len(known) == len(tokens) else None


def merge_pairs(symbols: list[int], merges: Mapping[Pair, tuple[int, int]]) -> list[int]:
    """Merge the pair of the smallest rank, of several the leftmost one, until there is none.

    A heap gives the next pair, and links lead over what was merged, so that a word of n symbols
    takes n log n steps.
    """
    n = len(symbols)
    heap = [
        (merges[pair][0], i, pair, merges[pair][1])
        for i, pair in enumerate(pairwise(symbols))
        if pair in merges
    ]
    if not heap:
        return symbols
    heapify(heap)
    after = [*range(1, n + 1)]
    before = [*range(-1, n - 1)]
    alive = [True] * n
    while heap:
        _, i, pair, made = heappop(heap)
        j = after[i]
        if not alive[i] or j >= n or (symbols[i], symbols[j]) != pair:
            continue
        symbols[i] = made
        alive[j] = False
        after[i] = after[j]
        if after[j] < n:
            before[after[j]] = i
        for left, right in ((before[i], i), (i, after[i])):
            if left >= 0 and right < n:
                new = (symbols[left], symbols[right])
                rule = merges.get(new)
                if rule is not None:
                    heappush(heap, (rule[0], left, new, rule[1]))
    return [symbol for symbol, is_alive in zip(symbols, alive, strict=True) if is_alive]
