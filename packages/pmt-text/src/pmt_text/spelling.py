"""Words that are spelled alike: inflections, compounds, slips."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

__all__ = ["spelled_alike", "spelled_like_any", "trigrams"]

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
