"""Encoded pairs and their batches."""

from __future__ import annotations

import numpy as np
import pytest

from pmt_core import SettingsError, ShapeError
from pmt_text import (
    EncodedPairs,
    InverseDocumentFrequency,
    PairBatch,
    PairEncoder,
    Vocabulary,
    tokenize,
)

PAIRS = [("a b c", "a"), ("b", "b"), ("c a b c", "d d d"), ("d", "a b"), ("a", "c")]
LABELS = [1, 0, 0, 1, 1]


@pytest.fixture
def encoded() -> EncodedPairs:
    return PairEncoder(Vocabulary.build([["a", "b", "c", "d"]])).encode(PAIRS, LABELS)


def _rows(batch: PairBatch) -> list[tuple[object, ...]]:
    return [
        (
            int(batch.index[row]),
            tuple(batch.ids[row][batch.mask[row]]),
            tuple(batch.segments[row][batch.mask[row]]),
            tuple(batch.match_types[row][batch.mask[row]]),
            None if batch.labels is None else int(batch.labels[row]),
        )
        for row in range(len(batch))
    ]


def test_a_batch_holds_the_pairs_asked_for_in_their_order(encoded: EncodedPairs) -> None:
    batch = encoded.batch(np.array([3, 0, 3]))
    assert batch.index.tolist() == [3, 0, 3]
    assert batch.labels is not None
    assert batch.labels.tolist() == [1, 1, 1]
    assert batch.ids.tolist() == [
        [2, 8, 3, 5, 6, 3, 0],
        [2, 5, 6, 7, 3, 5, 3],
        [2, 8, 3, 5, 6, 3, 0],
    ]
    assert batch.segments[:2].tolist() == [[0, 0, 0, 1, 1, 1, 0], [0, 0, 0, 0, 0, 1, 1]]
    assert batch.match_types[:2].tolist() == [[0, 1, 0, 1, 1, 0, 0], [0, 2, 1, 1, 0, 2, 0]]
    assert batch.mask[0].tolist() == [True] * 6 + [False]


def test_padding_is_zero_and_no_wider_than_needed(encoded: EncodedPairs) -> None:
    for indices in ([1], [2, 4], [0, 1, 2, 3, 4]):
        batch = encoded.batch(np.array(indices))
        for array in (batch.ids, batch.segments, batch.match_types):
            assert array.dtype == np.int64
            assert array.shape == batch.mask.shape
            assert not array[~batch.mask].any()
        assert batch.mask.dtype == np.bool_
        assert batch.mask.any(axis=0).all()
        assert (np.diff(batch.mask.astype(int), axis=1) <= 0).all()  # padding on the right only


@pytest.mark.parametrize("n", [1, 2, 3, 5, 7])
def test_shards_hold_every_row_once(encoded: EncodedPairs, n: int) -> None:
    batch = encoded.batch(np.arange(5))
    shards = [batch.shard(i, n) for i in range(n)]
    assert sorted(row for shard in shards for row in _rows(shard)) == sorted(_rows(batch))
    assert sum(map(len, shards)) == 5
    for shard in shards:
        assert shard.ids.shape[1] == int(shard.mask.sum(axis=1).max(initial=0))


def test_an_empty_shard(encoded: EncodedPairs) -> None:
    shard = encoded.batch(np.array([0])).shard(1, 2)
    assert len(shard) == 0
    assert shard.ids.shape == shard.mask.shape == (0, 0)


@pytest.mark.parametrize(("i", "n"), [(2, 2), (-1, 2), (0, 0)])
def test_a_shard_that_is_none(encoded: EncodedPairs, i: int, n: int) -> None:
    with pytest.raises(SettingsError, match="shard"):
        encoded.batch(np.arange(2)).shard(i, n)


def test_without_labels() -> None:
    encoder = PairEncoder(Vocabulary.build([]))
    batch = encoder.encode(PAIRS).batch(np.arange(3))
    assert batch.labels is None
    assert batch.shard(0, 2).labels is None


@pytest.mark.parametrize("bad", [[5], [-1], [0, 99]])
def test_an_index_outside(encoded: EncodedPairs, bad: list[int]) -> None:
    with pytest.raises(ShapeError, match="0 to 4"):
        encoded.batch(np.array(bad))
    with pytest.raises(ShapeError, match=r"\(b,\)"):
        encoded.batch(np.zeros((1, 1), np.int64))


def test_swapped_is_what_the_encoder_makes_of_the_other_order() -> None:
    texts = ["How do I swim?", "What is swimming?", "How?", "", "How do I swim fast and far?"]
    tokens = [tokenize(text) for text in texts]
    for idf in (None, InverseDocumentFrequency.build(tokens)):
        encoder = PairEncoder(Vocabulary.build(tokens), 64, idf)
        pairs = [(a, b) for a in texts for b in texts]
        everything = np.arange(len(pairs))
        result = encoder.encode(pairs).batch(everything).swapped()
        expected = encoder.encode([(b, a) for a, b in pairs]).batch(everything)
        for name in ("ids", "segments", "match_types", "mask", "index", "features"):
            np.testing.assert_array_equal(getattr(result, name), getattr(expected, name), name)


def test_joined_data_sets_are_one() -> None:
    texts = ["How do I swim?", "What is swimming?", "How?", ""]
    pairs = [(a, b) for a in texts for b in texts]
    idf = InverseDocumentFrequency.build([tokenize(text) for text in texts])
    for encoder in (PairEncoder(Vocabulary.build([])), PairEncoder(Vocabulary.build([]), 64, idf)):
        whole = encoder.encode(pairs, np.arange(16) % 2)
        parts = [(0, 5), (5, 5), (5, 16)]
        result = EncodedPairs.joined(
            [encoder.encode(pairs[a:b], np.arange(a, b) % 2) for a, b in parts]
        )
        for name in ("ids", "segments", "match_types", "offsets", "labels", "features"):
            np.testing.assert_array_equal(getattr(result, name), getattr(whole, name), name)
            expected = getattr(whole, name)
            assert expected is None or getattr(result, name).dtype == expected.dtype
    assert EncodedPairs.joined([whole, encoder.encode(pairs)]).labels is None
    with pytest.raises(ShapeError, match="at least one"):
        EncodedPairs.joined([])
