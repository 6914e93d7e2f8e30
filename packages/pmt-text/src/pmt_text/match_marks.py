"""Marks that tell of a token how it is found in the other text of a pair, and how rare it is."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from pmt_text.spelling import spelled_like_any
from pmt_text.word_rarity import WordRarity

__all__ = ["MATCH_MARKS", "match_marks"]

_BANDS = (3.5, 6.0, 8.5)  # nats: function words, common words, rarer ones, rarest and unknown
_MISSING, _SIMILAR, _SAME = range(3)

MATCH_MARKS = 1 + 3 * (len(_BANDS) + 1)
"""Number of different marks; 0 is for special tokens."""


def match_marks(tokens: Sequence[str], other: Sequence[str], rarity: WordRarity) -> list[int]:
    """The mark of each token: 1 + 4 how + band, in 1 to 12.

    how: 0 nothing like it stands in the other text, 1 a word spelled alike does, 2 the token
    itself. band: 0 for the most frequent words to 3 for the rarest: that a rare word is missing
    in the other question says more than that "the" is.
    """
    there = set(other)
    marks = []
    for token in tokens:
        how = _SAME if token in there else _MISSING
        if how == _MISSING and token.isalpha() and spelled_like_any(token, there):
            how = _SIMILAR
        marks.append(1 + (len(_BANDS) + 1) * how + bisect_right(_BANDS, rarity(token)))
    return marks
