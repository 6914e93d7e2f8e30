"""Match types of tokens: whether the other text has the word, or one of similar spelling."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from functools import lru_cache

from pmt_text.qqp.idf import InverseDocumentFrequency

_BANDS = (3.5, 6.0, 8.5)  # nats: function words, common words, rare ones, rarest and unknown
_MISSING, _SIMILAR, _SAME = range(3)

N_MATCH_TYPES = 1 + 3 * (len(_BANDS) + 1)
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
    types = []
    for token in tokens:
        match = _SAME if token in others else _MISSING
        if match == _MISSING and token.isalpha() and spelled_like_any(token, others):
            match = _SIMILAR
        types.append(1 + (len(_BANDS) + 1) * match + bisect_right(_BANDS, idf(token)))
    return types


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


def spelled_like_any(word: str, others: Iterable[str]) -> bool:
    """Return whether one of the other words is spelled like the word."""
    return any(spelled_alike(word, other) for other in others)
