"""Labels of words on subwords, and back."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from pmt_core import IGNORE_LABEL, SettingsError, ShapeError, Span
from pmt_text import (
    BytePairEncoding,
    SubwordAlignment,
    encode_words,
    spans_to_tags,
)
from pmt_text.ner.tag_scheme import TAG_SCHEMES

RandomEntities = Callable[[np.random.Generator], tuple[list[Span], int]]


def test_by_hand() -> None:
    # <cls> Wash ##ing ##ton visited  -  Bern <sep>, of which "-" has no subword
    result = SubwordAlignment(np.array([3, 1, 0, 1]), before=1, after=1)
    assert len(result) == 7
    assert result.starts.tolist() == [1, 4, 5, 5]
    assert result.words.tolist() == [-1, 0, 0, 0, 1, 3, -1]
    assert result.first_only(np.array([7, 0, 9, 5])).tolist() == [
        IGNORE_LABEL,
        7,
        IGNORE_LABEL,
        IGNORE_LABEL,
        0,
        5,
        IGNORE_LABEL,
    ]
    assert result.of_words(np.arange(7)).tolist() == [1, 4, 0, 5]
    tags = ["S-PER", "O", "O", "S-LOC"]
    spread = ["O", "B-PER", "I-PER", "E-PER", "O", "S-LOC", "O"]
    assert result.spread_tags(tags, "IOBES") == spread
    assert result.gather_tags(spread, "IOBES") == tags
    # an entity that a model begins in the middle of a word is none of that word
    assert result.gather_tags(["O", "O", "I-PER", "I-PER", "I-PER", "O", "O"], "IOB2") == [
        "O",
        "B-PER",
        "O",
        "O",
    ]


def test_tags_come_back(random_entities: RandomEntities) -> None:
    rng = np.random.default_rng(3)
    for _ in range(300):
        spans, n = random_entities(rng)
        result = SubwordAlignment(rng.integers(1, 4, n), int(rng.integers(2)), int(rng.integers(2)))
        for scheme in TAG_SCHEMES:
            tags = spans_to_tags(spans, n, scheme)
            assert result.gather_tags(result.spread_tags(tags, scheme), scheme) == tags
        labels = rng.integers(0, 9, n)
        assert result.of_words(result.first_only(labels)).tolist() == labels.tolist()


def test_with_byte_pair_encoding() -> None:
    words = ["New", "York", "beats", "Zürich"]
    bpe = BytePairEncoding.train(["New York and new York beat us"] * 5, 20)
    ids, alignment = encode_words(words, bpe.encode)
    assert bpe.decode(ids) == "New York beats Zürich"
    assert len(alignment) == len(ids)
    for i, word in enumerate(words):
        assert bpe.decode(ids[alignment.words == i]).strip() == word


def test_what_does_not_fit() -> None:
    result = SubwordAlignment(np.array([2, 1]))
    for call in (
        lambda: result.first_only(np.zeros(3, int)),
        lambda: result.of_words(np.zeros(2, int)),
        lambda: result.spread_tags(["O"], "IOB2"),
        lambda: result.gather_tags(["O"], "IOB2"),
    ):
        with pytest.raises(ShapeError):
            call()
    with pytest.raises(SettingsError):
        SubwordAlignment(np.array([1, -1]))
