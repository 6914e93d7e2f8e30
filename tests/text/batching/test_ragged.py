"""Sequences of different lengths in one flat array."""

from __future__ import annotations

import numpy as np
import pytest

from pmt_core import SettingsError, ShapeError
from pmt_text.batching.ragged import TokenSequences, shard_rows, trimmed


def test_sequences_end_to_end() -> None:
    held = TokenSequences.of([np.array([1, 2]), np.array([], np.int64), np.array([3])])
    assert [held[i].tolist() for i in range(3)] == [[1, 2], [], [3]]
    ids, mask = held.padded(np.array([2, 1, 0]), -1)
    assert ids.tolist() == [[3, -1], [-1, -1], [1, 2]]
    assert mask.tolist() == [[True, False], [False, False], [True, True]]
    assert held.padded(np.array([1]))[0].shape == (1, 0)
    with pytest.raises(ShapeError, match="0 to 2"):
        held.padded(np.array([3]))


@pytest.mark.parametrize("n", [1, 2, 3, 7])
def test_shards_hold_every_row_once_without_empty_columns(n: int) -> None:
    lengths = np.array([2, 5, 0, 1, 4])
    mask = np.arange(6) < lengths[:, np.newaxis]
    ids = np.where(mask, np.arange(1, 31).reshape(5, 6), 0)
    rows = []
    for i in range(n):
        shard_mask, shard = trimmed(shard_rows(i, n), mask, ids)
        assert shard.shape == shard_mask.shape
        assert shard.shape[1] == lengths[i::n].max(initial=0)
        np.testing.assert_array_equal(shard_mask, shard > 0)
        rows += [row[row > 0].tolist() for row in shard]
    assert sorted(rows) == sorted(row[row > 0].tolist() for row in ids)
    with pytest.raises(SettingsError, match=f"shard {n} of {n}"):
        shard_rows(n, n)
