"""Match types and similar spellings of words."""

from __future__ import annotations

import numpy as np
import pytest

from pmt_text import (
    InverseDocumentFrequency,
    match_types,
)
from pmt_text.qqp.word_matches import N_MATCH_TYPES, alike_words, is_shared, spelled_alike


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


def test_words_alike_beside_every_pair_of_words() -> None:
    words = [
        "engineer",
        "engineering",
        "engine",
        "learn",
        "learned",
        "cat",
        "cats",
        "house",
        "mouse",
    ]
    for cut in range(len(words)):
        a, b = set(words[: cut + 2]), set(words[cut:])
        expected = {(x, y) for x in a for y in b if x != y and spelled_alike(x, y)}
        assert set(alike_words(a, b)) == expected


def test_shared_tokens_beside_sets(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    for cells in (1, 100, 1 << 20):  # one pair at once, some, all
        monkeypatch.setattr("pmt_text.qqp.word_matches._CELLS", cells)
        texts = [rng.integers(0, 30, rng.integers(0, 6)).astype(np.int32) for _ in range(80)]
        lengths = np.array([len(text) for text in texts])
        shared = np.split(is_shared(np.concatenate(texts), lengths), np.cumsum(lengths)[:-1])
        for i, text in enumerate(texts):
            other = texts[i + 1 - 2 * (i % 2)]
            assert shared[i].tolist() == [token in other for token in text]
