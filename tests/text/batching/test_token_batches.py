"""Batches by their number of tokens, and batches of translations."""

from __future__ import annotations

import numpy as np
import pytest

from pmt_core import RandomStream, SettingsError, ShapeError
from pmt_text import CLS, PAD, SEP, EncodedTranslations, TokenBatches, TokenSequences

N = 1000
RNG = np.random.default_rng(0)
SOURCES = RNG.integers(3, 60, N)
LENGTHS = np.stack([SOURCES, np.maximum(SOURCES + RNG.integers(-6, 7, N), 1)], axis=1)


def batches(tokens: int = 500, stream: RandomStream | None = None) -> TokenBatches[list[int]]:
    return TokenBatches(LENGTHS, tokens, lambda indices: indices.tolist(), stream)


@pytest.mark.parametrize("tokens", [1, 64, 500, 10**6])
@pytest.mark.parametrize("stream", [None, RandomStream(3)])
def test_every_example_comes_once_and_no_batch_is_too_large(
    tokens: int, stream: RandomStream | None
) -> None:
    cut = batches(tokens, stream)
    for epoch in (0, 1):
        seen = list(cut.epoch(epoch))
        assert len(seen) == len(cut)  # in every epoch: a schedule counts on it
        assert sorted(index for batch in seen for index in batch) == list(range(N))
        for batch in seen:
            assert len(batch) == 1 or len(batch) * LENGTHS[batch].max() <= tokens


def test_batches_are_full_and_little_is_padding() -> None:
    seen = list(batches(500, RandomStream(1)).epoch(0))
    size = np.array([len(batch) * LENGTHS[batch].max() for batch in seen])
    assert np.median(size) > 400
    held = sum(LENGTHS[batch].sum() for batch in seen)
    padded = sum(len(batch) * LENGTHS[batch].max(axis=0).sum() for batch in seen)
    assert held / padded > 0.9


def test_an_epoch_is_a_function_of_stream_and_number() -> None:
    cut, again = batches(stream=RandomStream(3)), batches(stream=RandomStream(3))
    third = list(cut.epoch(3))
    assert third == list(again.epoch(3)) == list(cut.epoch(3))
    assert third[5:] == list(cut.epoch(3, start=5))
    assert third != list(cut.epoch(4))
    assert third != list(batches(stream=RandomStream(4)).epoch(3))
    assert {frozenset(b) for b in third} != {frozenset(b) for b in cut.epoch(4)}


def test_for_evaluation_the_order_is_that_of_the_lengths() -> None:
    order = [index for batch in batches() for index in batch]
    longest = LENGTHS.max(axis=1)[order]
    assert (np.diff(longest) >= 0).all()


def test_one_kind_of_sequence_none_and_nonsense() -> None:
    assert len(TokenBatches([3, 3, 3], 6, list)) == 2
    assert list(TokenBatches(np.empty((0, 2), np.int64), 6, list)) == []
    with pytest.raises(SettingsError, match="1 or more"):
        TokenBatches([3], 0, list)
    with pytest.raises(ShapeError, match=r"\(n, k\)"):
        TokenBatches(np.zeros((1, 2, 3), np.int64), 5, list)


def test_a_batch_of_translations_by_hand() -> None:
    data = EncodedTranslations.of(
        [np.array([10, 11, 12]), np.array([20]), np.array([30, 31])],
        [np.array([40]), np.array([50, 51]), np.array([], np.int64)],
    )
    assert data.lengths.tolist() == [[4, 2], [2, 3], [3, 1]]
    batch = data.batch(np.array([1, 0]))
    assert batch.source.tolist() == [[20, SEP, PAD, PAD], [10, 11, 12, SEP]]
    assert batch.source_mask.tolist() == [[True, True, False, False], [True] * 4]
    assert batch.target.tolist() == [[CLS, 50, 51], [CLS, 40, PAD]]
    assert batch.target_mask.tolist() == [[True, True, True], [True, True, False]]
    assert batch.labels.tolist() == [[50, 51, SEP], [40, SEP, PAD]]
    assert batch.index.tolist() == [1, 0]


def test_shards_hold_every_row_once_and_no_needless_padding() -> None:
    sequences = [RNG.integers(5, 99, n) for n in (4, 9, 2, 7, 1)]
    data = EncodedTranslations.of(sequences, sequences[::-1])
    batch = data.batch(np.arange(5))
    shards = [batch.shard(i, 3) for i in range(3)]
    assert sorted(i for shard in shards for i in shard.index) == list(range(5))
    for shard in shards:
        alone = data.batch(shard.index)
        for name in ("source", "source_mask", "target", "target_mask", "labels"):
            np.testing.assert_array_equal(getattr(shard, name), getattr(alone, name))
    assert [len(batch.shard(i, 7)) for i in range(7)] == [1] * 5 + [0] * 2
    with pytest.raises(SettingsError, match="shard 3 of 3"):
        batch.shard(3, 3)


def test_sources_alone_and_no_sentence_at_all() -> None:
    alone = EncodedTranslations.of([np.array([7])]).batch(np.array([0]))
    assert alone.target.tolist() == [[CLS]]
    empty = EncodedTranslations.of([], [])
    assert empty.batch(np.array([], np.int64)).source.shape == (0, 1)
    with pytest.raises(ShapeError, match="1 sentences and 2"):
        EncodedTranslations.of([np.array([7])], [np.array([7])] * 2)


def test_sequences_end_to_end() -> None:
    held = TokenSequences.of([np.array([1, 2]), np.array([], np.int64), np.array([3])])
    assert [held[i].tolist() for i in range(3)] == [[1, 2], [], [3]]
    ids, mask = held.padded(np.array([2, 1, 0]), -1)
    assert ids.tolist() == [[3, -1], [-1, -1], [1, 2]]
    assert mask.tolist() == [[True, False], [False, False], [True, True]]
    assert held.padded(np.array([1]))[0].shape == (1, 0)
    with pytest.raises(ShapeError, match="0 to 2"):
        held.padded(np.array([3]))
