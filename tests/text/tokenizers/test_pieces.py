"""Tokens that are joined from those of pieces, beside all rules on the whole text."""

from __future__ import annotations

import random

import pytest

from pmt_text import tokenize
from pmt_text.tokenizers import normalize
from pmt_text.tokenizers.word_rules import split_words

# What depends on neighbors, or looks as if it did.
# fmt: off
PIECES = [
    "n't", "'s", "'S", "'", "`", "``", "''", '"', "?", "??", ".", "...", "-", "--", "-lrb-",
    "-RRB-", "a-lrb-b", "c", "C+", "+", "++", "c#", "#", "U.S.", "u.s", "e.g.", "a.b", "got",
    "ta", "na", "gon", "me", "gim", "not", "ca", "wo", "dont", "cannot", "whats", "cant-be",
    "gon-na", "a-gon", "x-ray", "5-a", "c-", "5,000", "1,2", "3.5", "8am", "a1b2", "(", "(or",
    ")", ",", "the", "India?", "it's\"", '"love"?', 'love?"', 'co-fo"', "it’s", "don�t",
    "donâ€™t", "™", "½", "é", "×", "あ", "İ", "ΑΣ", "_", "\\/", "$5", "₹", "a-b", "-b", ".NET",
    ".5", "5", "pm", "s", "d", "m", "ll", "1990's", "’", "“a”", "…", "&", "नमस्ते", "�", "%",
    ":", "::", "i.e.,", "P.M.?",
]
# fmt: on
PIECES += ["\t", "\n", "\xa0", "\x1c", "\u0301x", "\u212a", "\u0903", "c+ +"]


def texts(seed: int) -> list[str]:
    rng = random.Random(seed)
    gaps = [" ", " ", "", "  "]
    return [
        "".join(rng.choice(PIECES) + rng.choice(gaps) for _ in range(rng.randint(1, 6)))
        for _ in range(4000)
    ]


@pytest.mark.parametrize("seed", range(2))
def test_tokens_of_pieces_are_those_of_the_whole_text(seed: int) -> None:
    for text in texts(seed):
        assert tokenize(text) == split_words(text), repr(text)


@pytest.mark.parametrize("most", [1, 3])
def test_forgotten_pieces_are_tokenized_again(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(normalize, "_MAX_KEPT", most)
    normalize._alone.clear()
    for text in texts(2)[:500]:
        assert tokenize(text) == split_words(text)
        assert len(normalize._alone) <= most


def test_long_pieces_are_not_kept() -> None:
    piece = "x" * 100_000
    assert tokenize(piece) == [piece]
    assert piece not in normalize._alone


def test_a_result_may_be_changed() -> None:
    tokenize("Who is it?").append("changed")
    assert tokenize("Who is it?") == ["who", "is", "it", "?"]
