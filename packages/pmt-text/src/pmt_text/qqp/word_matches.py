"""Marks that tell of a token how it is found in the other text of a pair, and how rare it is.

Words that are spelled alike: inflections, compounds, slips.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from functools import lru_cache

from pmt_text.qqp.idf import InverseDocumentFrequency

__all__ = ["N_MATCH_TYPES", "match_types", "spelled_alike", "spelled_like_any", "trigrams"]

_BANDS = (3.5, 6.0, 8.5)  # nats: function words, common words, rarer ones, rarest and unknown
_MISSING, _SIMILAR, _SAME = range(3)

N_MATCH_TYPES = 1 + 3 * (len(_BANDS) + 1)
"""Number of different match types; 0 is for special tokens."""


def match_types(
    tokens: Sequence[str], other: Sequence[str], rarity: InverseDocumentFrequency
) -> list[int]:
    """The match type of each token: 1 + 4 how + band, in 1 to 12.

    how: 0 nothing like it stands in the other text, 1 a word spelled alike does, 2 the token
    itself. band: 0 for the most frequent words to 3 for the rarest: that a rare word is missing
    in the other question says more than that "the" is.
    """
    there = set(other)
    types = []
    for token in tokens:
        how = _SAME if token in there else _MISSING
        if how == _MISSING and token.isalpha() and spelled_like_any(token, there):
            how = _SIMILAR
        types.append(1 + (len(_BANDS) + 1) * how + bisect_right(_BANDS, rarity(token)))
    return types


_SHORTEST = 4  # characters; shorter words are alike by chance
_ALIKE = 0.5  # Dice coefficient of the trigrams: "engineer" and "engineering" have 0.74


@lru_cache(maxsize=1 << 17)
def trigrams(word: str) -> frozenset[str]:
    """The different runs of three characters of a word, its ends marked: <ca, cat, at>."""
    marked = f"<{word}>"
    return frozenset(marked[i : i + 3] for i in range(len(marked) - 2))


def spelled_alike(a: str, b: str) -> bool:
    """Whether two words of four letters or more begin or end alike and share half their trigrams.

    Half by the Dice coefficient, 2 |A and B| / (|A| + |B|). A word is spelled like itself.
    """
    if min(len(a), len(b)) < _SHORTEST or (a[:3] != b[:3] and a[-3:] != b[-3:]):
        return False
    grams_a, grams_b = trigrams(a), trigrams(b)
    return 2 * len(grams_a & grams_b) >= _ALIKE * (len(grams_a) + len(grams_b))


def spelled_like_any(word: str, others: Iterable[str]) -> bool:
    """Whether one of the others is spelled like the word."""
    return any(spelled_alike(word, other) for other in others)
