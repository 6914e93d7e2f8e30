"""Schedules one after the other."""

from __future__ import annotations

import pytest

from pmt_core import SettingsError
from pmt_train import constant_schedule, in_sequence, linear_schedule, preview


def test_each_schedule_counts_its_own_steps() -> None:
    schedule = in_sequence(
        [(linear_schedule(1.0, 4), 4), (constant_schedule(0.5), 2), (linear_schedule(0.2, 2), 2)]
    )
    expected = [1.0, 0.75, 0.5, 0.25, 0.5, 0.5, 0.2, 0.1, 0.0, 0.0]
    assert preview(schedule, 10) == pytest.approx(expected)


def test_a_sequence_of_nothing_is_refused() -> None:
    with pytest.raises(SettingsError, match="at least one"):
        in_sequence([])
