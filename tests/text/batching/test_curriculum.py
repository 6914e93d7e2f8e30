"""Phases of batches."""

from __future__ import annotations

import numpy as np
import pytest

from pmt_core import RandomStream, SettingsError
from pmt_text import BucketBatches, Curriculum


def batches(n: int, name: str) -> BucketBatches[list[int]]:
    return BucketBatches(np.ones(n), 4, np.ndarray.tolist, RandomStream(1, name))


def test_epochs_come_from_the_phase_they_fall_into() -> None:
    first, second = batches(10, "first"), batches(7, "second")
    phases = Curriculum([(first, 2), (second, 3)])
    assert list(phases.epoch(0)) == list(first.epoch(0))
    assert list(phases.epoch(1)) == list(first.epoch(1))
    for n in (2, 3, 4, 5):  # beyond the last phase, more of it
        assert list(phases.epoch(n)) == list(second.epoch(n - 2))
    assert phases.steps() == [2 * 3, 3 * 2]


def test_a_phase_may_be_empty() -> None:
    second = batches(7, "second")
    assert list(Curriculum([(batches(9, "x"), 0), (second, 1)]).epoch(0)) == list(second.epoch(0))


@pytest.mark.parametrize("epochs", [None, -1])
def test_no_phase_and_negative_epochs_are_refused(epochs: int | None) -> None:
    with pytest.raises(SettingsError, match="phases"):
        Curriculum([] if epochs is None else [(batches(3, "x"), epochs)])
