"""Learning rate schedules by hand, by the papers, and compared to PyTorch."""

from __future__ import annotations

import math

import pytest

import pmt_train as pt
from pmt_core import SettingsError


def test_values_by_hand():
    assert pt.preview(pt.constant_schedule(0.5), 3) == [0.5, 0.5, 0.5]
    assert pt.preview(pt.linear_schedule(1.0, 4), 6) == [1.0, 0.75, 0.5, 0.25, 0.0, 0.0]
    assert pt.linear_schedule(1.0, 4, final=0.2)(2) == pytest.approx(0.6)
    assert pt.preview(pt.cosine_schedule(1.0, 4), 6) == pytest.approx(
        [1, (1 + math.sqrt(0.5)) / 2, 0.5, (1 - math.sqrt(0.5)) / 2, 0, 0]
    )
    assert pt.cosine_schedule(1.0, 4, final=0.1)(400) == pytest.approx(0.1)
    assert pt.preview(pt.step_schedule(1.0, every=2, factor=0.5), 5) == [1, 1, 0.5, 0.5, 0.25]
    assert pt.exponential_schedule(1.0, steps=10, factor=0.01)(5) == pytest.approx(0.1)
    assert pt.preview(pt.warmup(pt.constant_schedule(1.0), 4), 6) == [0.25, 0.5, 0.75, 1, 1, 1]
    assert pt.preview(pt.warmup(pt.constant_schedule(1.0), 0), 2) == [1, 1]


def test_steps_at_milestones_by_hand():
    rates = pt.preview(pt.multi_step_schedule(1.0, [2, 4, 4], factor=0.5), 6)
    assert rates == [1, 1, 0.5, 0.5, 0.125, 0.125]
    assert pt.preview(pt.multi_step_schedule(0.3, []), 3) == [0.3] * 3


def test_cosines_with_restarts_by_hand():
    same = pt.cosine_restarts_schedule(1.0, 2)
    assert pt.preview(same, 5) == pytest.approx([1, 0.5, 1, 0.5, 1])
    longer = pt.cosine_restarts_schedule(1.0, 2, growth=2, final=0.2)
    quarter = 0.2 + 0.8 * (1 + math.sqrt(0.5)) / 2
    assert pt.preview(longer, 7) == pytest.approx([1, 0.6, 1, quarter, 0.6, 1.2 - quarter, 1.0])
    assert longer(2 * (2**40 - 1)) == 1.0  # the 41st restart


def test_cycles_by_hand():
    flat = pt.cyclic_schedule(1.0, 2, base=0.2, down=4)
    assert pt.preview(flat, 8) == pytest.approx([0.2, 0.6, 1, 0.8, 0.6, 0.4, 0.2, 0.6])
    halved = pt.cyclic_schedule(1.0, 1, base=0.0, mode="triangular2")
    assert pt.preview(halved, 6) == pytest.approx([0, 1, 0, 0.5, 0, 0.25])
    fading = pt.cyclic_schedule(1.0, 1, base=0.5, mode="exp_range", decay=0.9)
    assert pt.preview(fading, 4) == pytest.approx([0.5, 0.95, 0.5, 0.5 + 0.5 * 0.9**3])


def test_noam_is_the_formula_of_the_paper():
    d, peak = 512, 4000
    schedule = pt.inverse_sqrt_schedule((d * peak) ** -0.5, peak)
    for step in (1, 10, 3999, 4000, 4001, 100_000):
        paper = d**-0.5 * min(step**-0.5, step * peak**-1.5)
        assert schedule(step - 1) == pytest.approx(paper)  # the paper counts from 1


def test_each_schedule_counts_its_own_steps():
    schedule = pt.in_sequence(
        [
            (pt.linear_schedule(1.0, 4), 4),
            (pt.constant_schedule(0.5), 2),
            (pt.linear_schedule(0.2, 2), 2),
        ]
    )
    expected = [1.0, 0.75, 0.5, 0.25, 0.5, 0.5, 0.2, 0.1, 0.0, 0.0]
    assert pt.preview(schedule, 10) == pytest.approx(expected)
    with pytest.raises(SettingsError, match="at least one"):
        pt.in_sequence([])


@pytest.mark.parametrize(
    "make",
    [
        lambda: pt.constant_schedule(-1),
        lambda: pt.constant_schedule(float("nan")),
        lambda: pt.linear_schedule(1, 0),
        lambda: pt.warmup(pt.constant_schedule(1), -1),
        lambda: pt.multi_step_schedule(1, [0]),
        lambda: pt.multi_step_schedule(1, [5, 2]),
        lambda: pt.multi_step_schedule(1, [2.5]),
        lambda: pt.cosine_restarts_schedule(1, 0),
        lambda: pt.cosine_restarts_schedule(1, 3, growth=0),
        lambda: pt.cosine_restarts_schedule(1, 3, growth=1.5),
        lambda: pt.cyclic_schedule(1, 0, base=0.1),
        lambda: pt.cyclic_schedule(1, 2, base=2),
        lambda: pt.cyclic_schedule(1, 2, base=0, mode="square"),
        lambda: pt.cyclic_schedule(1, 2, base=0, decay=0.5),
        lambda: pt.cyclic_schedule(1, 2, base=0, mode="exp_range", decay=0.0),
    ],
)
def test_errors(make):
    with pytest.raises(SettingsError):
        make()


@pytest.mark.parametrize(
    ("asked", "total", "steps"),
    [(200, 24, 2), (200, 9, 0), (200, 0, 0), (200, 10_000, 200), (0, 100, 0), (10, 100, 10)],
)
def test_a_warmup_takes_at_most_a_tenth_of_the_run(asked, total, steps):
    assert pt.warmup_steps(asked, total) == steps
    schedule = pt.warmup(pt.linear_schedule(1.0, max(total, 1)), pt.warmup_steps(asked, total))
    rates = pt.preview(schedule, max(total, 1))
    assert max(rates) >= 0.9 - 1 / max(total, 10)


def test_one_cycle_by_hand():
    schedule = pt.one_cycle_schedule(1.0, 11, rise=0.5454545454545454, start=0.1, final=0.0)
    assert [schedule(i) for i in (0, 5, 10, 99)] == pytest.approx([0.1, 1.0, 0.0, 0.0])
    assert schedule(8) == pytest.approx((1 + math.cos(math.pi * 3 / 5)) / 2)
    for wrong in ((1.0, 1), (-1.0, 10)):
        with pytest.raises(SettingsError):
            pt.one_cycle_schedule(*wrong)


@pytest.mark.oracle
@pytest.mark.parametrize(("steps", "rise"), [(100, 0.3), (37, 0.5), (10, 0.25)])
def test_one_cycle_is_torchs(steps, rise):
    torch = pytest.importorskip("torch")
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    theirs = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=0.1, total_steps=steps, pct_start=rise, cycle_momentum=False
    )
    ours = pt.one_cycle_schedule(0.1, steps, rise=rise)
    for step in range(steps):
        assert ours(step) == pytest.approx(theirs.get_last_lr()[0], rel=1e-9)
        optimizer.step()
        if step + 1 < steps:
            theirs.step()
