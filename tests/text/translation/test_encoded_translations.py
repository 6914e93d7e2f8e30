"""Encoded translations and their batches."""

from __future__ import annotations

import numpy as np
import pytest

from pmt_core import SettingsError, ShapeError
from pmt_text import CLS, PAD, SEP, EncodedTranslations

RNG = np.random.default_rng(0)


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
