"""Tokens as numbers, beside lists of tokens."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest

from pmt_text import InverseDocumentFrequency, TokenCache, Vocabulary, count_tokens, tokenize
from pmt_text.tokenizers.token_numbers import TokenNumbers

TEXTS = ["Who is he?", "", "Who's who?", "Is it U.S. law?", "Do n't ?", "Who is he?", "got ta go"]


def letters(text: str) -> list[str]:
    return [letter for letter in text if letter != " "]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (TokenNumbers(), tokenize),
        (TokenNumbers(letters), letters),
        (TokenCache(), tokenize),
    ],
)
def test_numbers_are_those_of_the_tokens(
    source: TokenNumbers | TokenCache, expected: Callable[[str], list[str]]
) -> None:
    for texts in (TEXTS[:4], TEXTS, []):  # texts, known and new ones, none
        numbers, lengths = source.encode(texts)
        assert (numbers.dtype, lengths.dtype) == (np.int32, np.int64)
        tokens = [source.words[i] for i in numbers]
        assert tokens == [token for text in texts for token in expected(text)]
        assert lengths.tolist() == [len(expected(text)) for text in texts]
    assert len(set(source.words)) == len(source.words)


def test_blocks_of_texts_have_the_numbers_of_single_texts() -> None:
    """Tokens are numbered in the order of the texts, also those of texts by all rules."""
    rng = np.random.default_rng(0)
    pieces = [
        "who",
        "(what)",
        "n't",
        "U.S.",
        "got",
        "ta",
        "is",
        "it's",
        "",
        "?",
        "a\nb",
        "\x00\x1e",
    ]
    pieces += ["\x00\x1e\x00", *(f"word{i}" for i in range(300))]
    texts = [" ".join(rng.choice(pieces, rng.integers(0, 9))) for _ in range(9000)]
    for part in (texts, texts[:500], [text for text in texts if "\x1e" not in text]):
        blocks, single = TokenNumbers(), TokenNumbers()
        numbers, lengths = blocks.encode(part)
        alone = [single.encode([text]).numbers.tolist() for text in part]
        assert numbers.tolist() == [number for text in alone for number in text]
        assert lengths.tolist() == list(map(len, alone))
        assert list(blocks.words) == list(single.words)
        expected = [token for text in part for token in tokenize(text)]
        assert [blocks.words[i] for i in numbers] == expected


def test_a_cache_returns_equal_tokens_before_and_after() -> None:
    cache = TokenCache()
    assert [cache(text) for text in TEXTS] == [cache(text) for text in TEXTS]
    assert [cache(text) for text in TEXTS] == [tokenize(text) for text in TEXTS]


@pytest.mark.parametrize("split", [tokenize, letters, TokenCache()])
def test_counts(split: Callable[[str], list[str]]) -> None:
    split("words that are not counted")
    counts = count_tokens(iter(TEXTS), split)
    assert counts == Counter(token for text in TEXTS for token in split(text))
    assert Vocabulary.from_counts(counts, 2) == Vocabulary.build(map(split, TEXTS), 2)
    idf = InverseDocumentFrequency.of_texts(iter(TEXTS), split)
    assert idf.to_json() == InverseDocumentFrequency.build(map(split, TEXTS)).to_json()


def test_counts_of_many_texts() -> None:
    texts = [f"{i % 7} of {i // 3}" for i in range(20_000)]  # more than are counted at once
    assert count_tokens(texts) == Counter(token for text in texts for token in tokenize(text))
    built = InverseDocumentFrequency.build(map(tokenize, texts))
    assert InverseDocumentFrequency.of_texts(texts).to_json() == built.to_json()


def test_nothing_to_count() -> None:
    assert count_tokens([]) == Counter()
    assert InverseDocumentFrequency.of_texts([]).to_json() == {"texts": 1, "counts": {}}
