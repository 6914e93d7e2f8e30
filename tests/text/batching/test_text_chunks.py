"""Chunks of a long text."""

from __future__ import annotations

import numpy as np
import pytest

from pmt_core import IGNORE_LABEL, DataError, RandomStream, SettingsError
from pmt_text import ConsecutiveChunks, RandomChunks


@pytest.mark.parametrize("n", [2, 3, 12, 13, 14, 100])
def test_consecutive_chunks_ask_for_each_token_once(n: int) -> None:
    ids = np.arange(n) + 7
    chunks = list(ConsecutiveChunks(ids, 4, 3))
    assert len(chunks) == len(ConsecutiveChunks(ids, 4, 3))
    read = np.concatenate([b.ids.reshape(-1) for b in chunks])
    labels = np.concatenate([b.labels.reshape(-1) for b in chunks])
    counts = labels != IGNORE_LABEL
    np.testing.assert_array_equal(labels[counts], ids[1:])
    np.testing.assert_array_equal(read[counts], ids[:-1])
    assert all(len(b) <= 3 and b.ids.shape[1] == 4 for b in chunks)


def test_random_chunks_are_parts_of_the_text_from_everywhere() -> None:
    ids = np.arange(30)
    chunks = RandomChunks(ids, 5, 8, 50, RandomStream(1))
    batches = list(chunks.epoch(0))
    assert len(batches) == len(chunks) == 50
    starts = np.concatenate([b.ids[:, 0] for b in batches])
    for batch in batches:
        np.testing.assert_array_equal(batch.labels, batch.ids + 1)
        np.testing.assert_array_equal(batch.ids, batch.ids[:, :1] + np.arange(5))
    assert set(starts.tolist()) == set(range(25))  # the last one ends with the text
    again = list(chunks.epoch(0))
    other = list(chunks.epoch(1))
    assert all((a.ids == b.ids).all() for a, b in zip(batches, again, strict=True))
    assert any((a.ids != b.ids).any() for a, b in zip(batches, other, strict=True))


def test_shards_are_the_batch() -> None:
    (batch, *_) = RandomChunks(np.arange(30), 5, 7, 1, RandomStream(1))
    for n in (1, 2, 3, 9):
        shards = [batch.shard(i, n) for i in range(n)]
        np.testing.assert_array_equal(np.concatenate([s.ids for s in shards]), batch.ids)
        np.testing.assert_array_equal(np.concatenate([s.labels for s in shards]), batch.labels)


def test_what_cannot_be_cut_into_chunks() -> None:
    with pytest.raises(DataError, match="more text"):
        RandomChunks(np.arange(5), 5, 1, 1, RandomStream(1))
    with pytest.raises(DataError, match="no next token"):
        ConsecutiveChunks(np.arange(1), 5, 1)
    with pytest.raises(SettingsError):
        RandomChunks(np.arange(9), 5, 0, 1, RandomStream(1))
    with pytest.raises(SettingsError):
        ConsecutiveChunks(np.arange(9), 0, 1)
