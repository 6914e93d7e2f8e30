"""Match types of tokens: whether the other text has the word, or one of similar spelling."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from pmt_text.qqp.idf import InverseDocumentFrequency

_CELLS = 1 << 20  # a megabyte, which stays in the cache
_BANDS = (3.5, 6.0, 8.5)  # nats: function words, common words, rare ones, rarest and unknown
MISSING, SIMILAR, SAME = range(3)

N_BANDS = len(_BANDS) + 1
N_MATCH_TYPES = 1 + 3 * N_BANDS
"""Number of different match types; 0 is for special tokens."""


def match_types(
    tokens: Sequence[str], other: Sequence[str], idf: InverseDocumentFrequency
) -> list[int]:
    """Return the match type of each token, 1 + 4 match + band, in 1 to 12.

    The match is 0 if the other text has nothing like the token, 1 if it has a word of similar
    spelling, 2 if it has the token. The band is 0 for the most frequent words to 3 for the rarest:
    a rare word that is missing in the other question matters more than a missing "the".

    Args:
        tokens: of a text, (n,).
        other: tokens of the other text.
        idf: of words, which decides on the band.

    Examples:
        >>> from pmt_text import InverseDocumentFrequency, match_types
        >>> idf = InverseDocumentFrequency(10_000, {"the": 5000, "engineer": 50})
        >>> match_types(["the", "engineer", "zebra"], ["the", "engineering"], idf)
        [9, 6, 4]
    """
    others = set(other)
    similar = {word for word, _ in alike_words(set(tokens), others) if word.isalpha()}
    kinds = [
        SAME if token in others else SIMILAR if token in similar else MISSING for token in tokens
    ]
    bands = [rarity_band(idf(token)) for token in tokens]
    return [1 + N_BANDS * match + band for match, band in zip(kinds, bands, strict=True)]


def rarity_band(nats: float) -> int:
    """Return the band of a word, 0 to 3, of its inverse document frequency."""
    return bisect_right(_BANDS, nats)


def is_shared(numbers: NDArray[np.int32], lengths: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return whether the other text of its pair has each token, (m,).

    Args:
        numbers: of the tokens of 2 n texts, (m,); the texts of a pair follow each other.
        lengths: number of tokens of each text, (2 n,).
    """
    words = int(numbers.max(initial=0)) + 1
    rows = max(min(_CELLS // words, len(lengths) // 2), 1)  # of the table: pairs compared at once
    texts = np.arange(len(lengths))
    cells = np.repeat(texts // 2 % rows * words, lengths) + numbers
    bits = np.repeat((1 + texts % 2).astype(np.int8), lengths)
    ends = np.concatenate(([0], np.cumsum(lengths)))[:: 2 * rows].tolist()
    table = np.zeros(rows * words, np.int8)  # which texts of a pair have a word
    shared = np.empty(len(numbers), np.bool_)
    for start, end in pairwise([*ends, len(numbers)]):
        cell, bit = cells[start:end], bits[start:end]
        first = bit == 1
        table[cell[first]] = 1
        table[cell[~first]] |= 2
        shared[start:end] = table[cell] == 3
        table[cell] = 0
    return shared


_MIN_LETTERS = 4  # shorter words are similar by chance
_MIN_DICE = 0.5  # of the trigrams: "engineer" and "engineering" have 0.74


@lru_cache(maxsize=1 << 17)
def trigrams(word: str) -> frozenset[str]:
    """Return the character trigrams of a word with its ends: <ca, cat, at>."""
    delimited = f"<{word}>"
    return frozenset(delimited[i : i + 3] for i in range(len(delimited) - 2))


def spelled_alike(a: str, b: str) -> bool:
    """Return whether two words are spelled alike: inflections, compounds, typing errors.

    Both have four letters or more, the same first or last three letters, and a Dice coefficient of
    their trigrams, 2 |A and B| / (|A| + |B|), of at least 1/2. A word is spelled like itself.
    """
    if min(len(a), len(b)) < _MIN_LETTERS or (a[:3] != b[:3] and a[-3:] != b[-3:]):
        return False
    grams_a, grams_b = trigrams(a), trigrams(b)
    return 2 * len(grams_a & grams_b) >= _MIN_DICE * (len(grams_a) + len(grams_b))


def alike_words(words: AbstractSet[str], others: AbstractSet[str]) -> list[tuple[str, str]]:
    """Return the pairs of different words, one of either set, that are `spelled_alike`."""
    by_end: dict[str, list[str]] = {}
    for other in others:
        for end in _ends(other):
            by_end.setdefault(end, []).append(other)
    return [
        (word, other)
        for word in words
        for end in _ends(word)
        if end in by_end
        for other in by_end[end]
        if word != other and spelled_alike(word, other)
    ]


@lru_cache(maxsize=1 << 15)
def _ends(word: str) -> tuple[str, ...]:
    """Return what two words must share to be spelled alike: one of their ends."""
    return (f"<{word[:3]}", f"{word[-3:]}>") if len(word) >= _MIN_LETTERS else ()
