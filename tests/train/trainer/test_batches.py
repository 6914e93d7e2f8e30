"""Numbers of batches of training data."""

from __future__ import annotations

from collections.abc import Iterator

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
