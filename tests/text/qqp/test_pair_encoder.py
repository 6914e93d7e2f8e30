"""Encoded question pairs, beside a slow encoder."""

from __future__ import annotations

import json
import random

import numpy as np
import pytest

from pmt_core import DataError, SettingsError, ShapeError
from pmt_text import (
    CLS,
    PAIR_FEATURES,
    SEP,
    EncodedPairs,
    InverseDocumentFrequency,
    PairEncoder,
    TokenCache,
    Vocabulary,
    match_types,
    pair_features,
    tokenize,
)
from pmt_text.qqp.word_matches import N_MATCH_TYPES

PAIRS = [
    ("How do I learn to swim?", "What is the best way to learn swimming?"),
    ("Why?", "Is the moon made of green cheese, and who ate it?"),
    ("", "Empty?"),
    ("Same same.", "Same same."),
    ("zyx", "zyx abc"),
]


def _vocabulary() -> Vocabulary:
    return Vocabulary.build(tokenize(text) for pair in PAIRS[:4] for text in pair)


def _slow_encode(encoder: PairEncoder, a: str, b: str) -> tuple[list[int], list[int], list[int]]:
    """What `encode` must give, a token at a time."""
    left, right = tokenize(a), tokenize(b)
    marks_left = [1 + (token in right) for token in left]
    marks_right = [1 + (token in left) for token in right]
    keep_left, keep_right = len(left), len(right)
    while keep_left + keep_right > encoder.max_length - 3:
        if keep_left > keep_right:
            keep_left -= 1
        else:
            keep_right -= 1
    ids = encoder.vocabulary.ids
    return (
        [CLS, *ids(left[:keep_left]), SEP, *ids(right[:keep_right]), SEP],
        [0] * (keep_left + 2) + [1] * (keep_right + 1),
        [0, *marks_left[:keep_left], 0, *marks_right[:keep_right], 0],
    )


@pytest.mark.parametrize("max_length", [5, 6, 7, 8, 11, 12, 64])
def test_encoding_agrees_with_a_token_at_a_time(max_length: int) -> None:
    rng = random.Random(max_length)
    words = [f"w{i}" for i in range(12)]
    pairs = list(PAIRS)
    for _ in range(300):
        a, b = (" ".join(rng.choices(words, k=rng.randint(0, 9))) for _ in range(2))
        pairs.append((a, b))
    encoder = PairEncoder(_vocabulary(), max_length)
    encoded = encoder.encode(pairs)
    assert len(encoded) == len(pairs)
    for i, (a, b) in enumerate(pairs):
        ids, segments, match_types = _slow_encode(encoder, a, b)
        part = slice(encoded.offsets[i], encoded.offsets[i + 1])
        assert encoded.ids[part].tolist() == ids
        assert encoded.segments[part].tolist() == segments
        assert encoded.match_types[part].tolist() == match_types
        assert encoded.lengths[i] == len(ids) <= max_length


def test_pairs_are_laid_end_to_end_as_each_alone() -> None:
    encoder = PairEncoder(_vocabulary())
    together, alone = encoder.encode(PAIRS), [encoder.encode([pair]) for pair in PAIRS]
    for name in ("ids", "segments", "match_types"):
        parts = [getattr(pair, name) for pair in alone]
        np.testing.assert_array_equal(getattr(together, name), np.concatenate(parts))
    np.testing.assert_array_equal(together.lengths, [pair.offsets[1] for pair in alone])


@pytest.mark.parametrize("rarity", [None, InverseDocumentFrequency(100, {"same": 40, "zyx": 3})])
def test_pairs_one_by_one_are_those_of_a_block(rarity: InverseDocumentFrequency | None) -> None:
    rng = random.Random(7)
    words = ["same", "zyx", "engineer", "engineering", "don't", "U.S.", "moon", "?", ""]
    pairs = list(PAIRS)
    for _ in range(60):
        a, b = (" ".join(rng.choices(words, k=rng.randint(0, 9))) for _ in range(2))
        pairs.append((a, b))
    encoder = PairEncoder(_vocabulary(), 12, rarity)
    cache = TokenCache()
    for tokens in (tokenize, cache):
        block = encoder.encode(pairs, tokenize=tokens)
        starts = range(0, len(pairs), 5)  # few enough to be encoded one by one
        parts = [encoder.encode(pairs[i : i + 5], tokenize=tokens) for i in starts]
        few = EncodedPairs.joined(parts)
        for name in ("ids", "segments", "match_types", "offsets", "features"):
            expected, got = getattr(block, name), getattr(few, name)
            assert getattr(got, "dtype", None) == getattr(expected, "dtype", None)
            assert np.array_equal(got, expected)


def test_unknown_words_match_by_their_text() -> None:
    encoded = PairEncoder(Vocabulary.build([])).encode([("zyx qqq", "zyx www")])
    assert encoded.ids.tolist() == [2, 1, 1, 3, 1, 1, 3]
    assert encoded.match_types.tolist() == [0, 2, 1, 0, 2, 1, 0]


def test_raw_and_treebank_text_encode_alike() -> None:
    encoder = PairEncoder(_vocabulary())
    raw = encoder.encode([("I can't learn?", "Isn't it the way?")])
    treebank = encoder.encode([("I ca n't learn ?", "Is n't it the way ?")])
    np.testing.assert_array_equal(raw.ids, treebank.ids)
    np.testing.assert_array_equal(raw.match_types, treebank.match_types)


def test_dtypes_are_small() -> None:
    encoded = PairEncoder(_vocabulary()).encode(PAIRS, labels=[0, 1, 0, 1, 1])
    assert encoded.ids.dtype == np.int32
    assert encoded.segments.dtype == encoded.match_types.dtype == np.int8
    assert encoded.offsets.dtype == encoded.lengths.dtype == np.int64
    assert encoded.labels is not None
    assert encoded.labels.dtype == np.int64


def test_no_pairs() -> None:
    encoded = PairEncoder(_vocabulary()).encode([])
    assert len(encoded) == 0
    assert len(encoded.batch(np.empty(0, np.int64))) == 0


def test_labels_must_fit() -> None:
    with pytest.raises(ShapeError, match="labels"):
        PairEncoder(_vocabulary()).encode(PAIRS, labels=[1])


def test_json_round_trip() -> None:
    encoder = PairEncoder(_vocabulary(), max_length=17)
    again = PairEncoder.from_json(json.loads(json.dumps(encoder.to_json())))
    assert again.max_length == 17
    assert again.vocabulary == encoder.vocabulary


@pytest.mark.parametrize(
    "bad", [{}, {"max_length": 9}, {"max_length": "9", "vocabulary": ["<pad>"]}]
)
def test_json_that_is_no_encoder(bad: dict[str, object]) -> None:
    with pytest.raises(DataError):
        PairEncoder.from_json(bad)


def test_max_length_leaves_room_for_words() -> None:
    with pytest.raises(SettingsError, match="max_length"):
        PairEncoder(_vocabulary(), max_length=4)


def test_an_encoder_with_rarity() -> None:
    texts = ["How do I swim?", "What is swimming?", "How do I run?", "How do I swim fast?"]
    tokens = [tokenize(text) for text in texts]
    idf = InverseDocumentFrequency.build(tokens)
    encoder = PairEncoder(Vocabulary.build(tokens), 64, idf)
    assert (encoder.n_match_types, encoder.features) == (N_MATCH_TYPES, len(PAIR_FEATURES))
    pairs = [(texts[0], texts[1]), (texts[2], texts[3])]
    encoded = encoder.encode(pairs)
    assert encoded.features is not None
    assert encoded.features.dtype == np.float32
    expected = [pair_features(tokenize(a), tokenize(b), idf) for a, b in pairs]
    np.testing.assert_array_equal(encoded.features, np.array(expected, np.float32))
    a, b = tokens[0], tokens[1]
    types = [0, *match_types(a, b, idf), 0, *match_types(b, a, idf), 0]
    assert encoded.match_types[: encoded.offsets[1]].tolist() == types
    batch = encoded.batch(np.array([1, 0]))
    assert batch.features is not None
    np.testing.assert_array_equal(batch.features, encoded.features[[1, 0]])
    shard = batch.shard(1, 2)
    assert shard.features is not None
    np.testing.assert_array_equal(shard.features, encoded.features[:1])
    again = PairEncoder.from_json(json.loads(json.dumps(encoder.to_json()))).encode(pairs)
    assert again.features is not None
    np.testing.assert_array_equal(again.features, encoded.features)
    np.testing.assert_array_equal(again.match_types, encoded.match_types)
