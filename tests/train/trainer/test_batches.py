"""Batches of arrays, shards that the library cuts, and the number of batches of an epoch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pytest

from pmt_core import SettingsError, ShapeError
from pmt_train import batches_of
from pmt_train.trainer.batches import batch_count, batches_of_epoch, example_count, shard_of

X, Y = np.arange(20).reshape(10, 2), np.arange(10)


def test_batches_of_arrays_are_tuples_in_order():
    batches = batches_of(X, Y, batch_size=4)
    assert len(batches) == 3
    assert [len(y) for _, y in batches] == [4, 4, 2]
    np.testing.assert_array_equal(np.concatenate([x for x, _ in batches]), X)


def test_each_epoch_has_its_own_order_and_repeats_it():
    batches = batches_of(X, Y, batch_size=4, rng=np.random.default_rng(0))
    orders = [np.concatenate([y for _, y in batches.epoch(n)]).tolist() for n in (0, 1, 0)]
    assert orders[0] == orders[2] != orders[1]
    assert sorted(orders[0]) == sorted(orders[1]) == Y.tolist()
    for x, y in batches.epoch(3):
        np.testing.assert_array_equal(x[:, 0], 2 * y)  # rows stay together
    for rng in (np.random.default_rng(0), int(np.random.default_rng(0).integers(2**63))):
        again = batches_of(X, Y, batch_size=4, rng=rng)
        assert np.concatenate([y for _, y in again.epoch(1)]).tolist() == orders[1]


def test_wrong_arguments():
    with pytest.raises(ShapeError, match=r"same number of examples .* \(10, 2\), \(3,\)"):
        batches_of(X, Y[:3])
    with pytest.raises(ShapeError):
        batches_of(np.array(3))
    for arrays, size in ([(X,), 0], [(), 4]):
        with pytest.raises(SettingsError, match="one or more arrays and a batch size"):
            batches_of(*arrays, batch_size=size)


@dataclass(frozen=True)
class Data:
    x: np.ndarray
    y: np.ndarray


class Pair(NamedTuple):
    x: np.ndarray
    y: np.ndarray


@pytest.mark.parametrize(
    ("batch", "arrays"),
    [
        ((X, Y), tuple),
        ([X, Y], tuple),
        (Pair(X, Y), tuple),
        ({"x": X, "y": Y}, lambda batch: tuple(batch.values())),
        (Data(X, Y), lambda batch: (batch.x, batch.y)),
        (X, lambda batch: (batch, batch[:, 0] // 2)),
    ],
)
def test_shards_of_arrays_together_are_the_batch(batch, arrays):
    assert example_count(batch) == 10
    shards = [shard_of(batch, i, 3) for i in range(3)]
    assert all(type(shard) is type(batch) for shard in shards)
    assert [example_count(shard) for shard in shards] == [4, 3, 3]
    x, y = (np.concatenate(parts) for parts in zip(*map(arrays, shards), strict=True))
    np.testing.assert_array_equal(x[np.argsort(y)], X)
    assert shard_of(batch, 0, 1) is batch


def test_what_cannot_be_cut_says_so():
    with pytest.raises(SettingsError, match=r"a dict cannot be cut .* a method shard\(i, n\)"):
        shard_of({"x": X, "name": "a"}, 0, 2)


class TwoPhases:
    def __len__(self) -> int:
        return 2 * 3 + 1

    def epoch_length(self, n: int) -> int:
        return 3 if n < 2 else 1

    def epoch(self, n: int) -> Iterator[int]:
        return iter(range(self.epoch_length(n)))


def test_the_length_of_an_epoch_comes_before_that_of_all_epochs():
    assert [batch_count(TwoPhases(), n) for n in range(3)] == [3, 3, 1]
    assert [len(list(batches_of_epoch(TwoPhases(), n))) for n in range(3)] == [3, 3, 1]
    assert batch_count([1, 2], 5) == 2
    assert batch_count(iter([1, 2]), 0) is None
