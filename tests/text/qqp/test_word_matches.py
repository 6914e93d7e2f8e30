"""Match types and similar spellings of words."""

from __future__ import annotations

import pytest

from pmt_text import (
    InverseDocumentFrequency,
    match_types,
)
from pmt_text.qqp.word_matches import N_MATCH_TYPES, spelled_alike


@pytest.mark.parametrize(
    ("a", "b", "alike"),
    [
        ("engineer", "engineering", True),  # 7 of 8 and 11 trigrams: 14 / 19
        ("learn", "learned", True),
        ("necessary", "neccessary", True),
        ("cat", "cats", False),  # too short to tell
        ("house", "mouse", True),  # "use" at the end, 3 of 5 and 5: 6 / 10
        ("phone", "computer", False),
        ("interest", "internet", True),  # 4 of 8 and 8: alike, though not akin
    ],
)
def test_spelled_alike(a: str, b: str, alike: bool) -> None:
    def grams(word: str) -> set[str]:
        return {f"<{word}>"[i : i + 3] for i in range(len(word))}

    dice = 2 * len(grams(a) & grams(b)) / (len(grams(a)) + len(grams(b)))
    ends = a[:3] == b[:3] or a[-3:] == b[-3:]
    assert alike == (dice >= 0.5 and ends and min(len(a), len(b)) >= 4)
    assert spelled_alike(a, b) == spelled_alike(b, a) == alike
    assert spelled_alike(a, a) == (len(a) >= 4)


def test_types_of_match_and_band() -> None:
    counts = {"how": 4000, "swim": 80, "swimming": 9}  # 0.9, 4.8 and 6.9 nats; unknown: 9.2
    idf = InverseDocumentFrequency(10_000, counts)
    types = match_types(["how", "swim", "zyx", "swim"], ["how", "swimming", "zyx"], idf)
    # the same and frequent; spelled alike, common; the same, rarest; spelled alike again
    assert types == [1 + 8 + 0, 1 + 4 + 1, 1 + 8 + 3, 1 + 4 + 1]
    assert match_types(["swimming"], ["run"], idf) == [1 + 0 + 2]
    assert match_types([], ["run"], idf) == []
    every = match_types(["how", "swim", "swimming", "zyx"], [], idf)
    assert every == [1, 2, 3, 4]
    assert max(types) < N_MATCH_TYPES
