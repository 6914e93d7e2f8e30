"""Batches of training data: their number in each epoch, batches of arrays."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from pmt_core import SettingsError
from pmt_train import batches_of
from pmt_train.trainer.batches import batch_count, batches_of_epoch


class TwoPhases:
    def __len__(self) -> int:
        return 2 * 3 + 1

    def epoch_length(self, n: int) -> int:
        return 3 if n < 2 else 1

    def epoch(self, n: int) -> Iterator[int]:
        return iter(range(self.epoch_length(n)))


def test_the_length_of_an_epoch_comes_before_that_of_all_epochs() -> None:
    assert [batch_count(TwoPhases(), n) for n in range(3)] == [3, 3, 1]
    assert [len(list(batches_of_epoch(TwoPhases(), n))) for n in range(3)] == [3, 3, 1]
    assert batch_count([1, 2], 5) == 2
    assert batch_count(iter([1, 2]), 0) is None


def test_batches_of_arrays_have_every_example_once_in_the_order_of_the_seed() -> None:
    x = np.arange(10)
    batches = batches_of(x, -x, batch_size=4, rng=1)
    orders = []
    for epoch in (0, 1, 0):
        parts = list(batches.epoch(epoch))
        assert [len(part) for part, _ in parts] == [4, 4, 2]
        assert all((left == -right).all() for left, right in parts)
        orders.append(np.concatenate([part for part, _ in parts]).tolist())
    assert sorted(orders[0]) == x.tolist()
    assert orders[0] == orders[2] != orders[1]
    assert [part.tolist() for (part,) in batches_of(x[:5], batch_size=3)] == [[0, 1, 2], [3, 4]]
    with pytest.raises(SettingsError, match="batch size"):
        batches_of(x, batch_size=0)
