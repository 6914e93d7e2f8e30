"""`TimeBudget`: how much time lines and looks may take, by a clock that the test moves."""

from __future__ import annotations

import pytest

from pmt_train.recording import time_budget


@pytest.fixture
def clock(monkeypatch):
    clock = [0.0]
    for name in ("perf_counter", "process_time"):
        monkeypatch.setattr(time_budget.time, name, lambda: clock[0])
    return clock


def test_lines_take_half_of_the_share_and_looks_the_rest(clock):
    """A step takes 1 s, a line 0.1 s, a look 0.4 s."""
    spent = {"lines": 0.0, "looks": 0.0}
    budget = time_budget.TimeBudget(0.02)
    for _ in range(5000):
        has_line = budget.allows_line
        looked = 0.4 if has_line and budget.allows_look else 0.0
        clock[0] += 1 + looked
        budget.end_step(looked)
        clock[0] += 0.1 * has_line
        budget.end_work()
        spent["lines"] += 0.1 * has_line
        spent["looks"] += looked
    for seconds in spent.values():
        assert 0.0095 < seconds / clock[0] < 0.0105


def test_the_steps_until_a_line(clock):
    """A step takes 1 s; 0.3 s for lines are half of 2 % of 30 s, of which 10 s are over."""
    budget = time_budget.TimeBudget(0.02)
    assert budget.allows_line
    assert budget.steps_until_line > 1e9  # nothing is known yet
    for _ in range(10):
        clock[0] += 1
        budget.end_step(0.0)
    budget.restart(clock[0] - 0.3)
    assert not budget.allows_line
    steps = budget.steps_until_line
    assert 20 <= steps <= 26  # a quarter more
    for _ in range(steps):
        clock[0] += 1
        budget.end_step(0.0)
    assert budget.allows_line
