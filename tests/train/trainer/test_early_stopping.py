"""Early stopping and ReduceOnPlateau, by hand and compared to PyTorch."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from pmt_core import DataError, JsonObject, SettingsError
from pmt_train import EarlyStopping, ReduceOnPlateau


def after(stopping, *scores):
    for score in scores:
        stopping = stopping.update(score)
    return stopping


def test_it_is_a_value():
    first = EarlyStopping(patience=2)
    second = first.update(0.5)
    assert first == EarlyStopping(patience=2)
    assert (second.best, second.best_round, second.improved) == (0.5, 1, True)


def test_it_stops_when_patience_is_used_up():
    start = EarlyStopping(patience=2)
    assert not after(start, 0.5, 0.4).should_stop
    assert after(start, 0.5, 0.4, 0.5).should_stop  # equal is not better
    late = after(start, 0.5, 0.4, 0.6, 0.1)
    assert (late.should_stop, late.best, late.best_round, late.waited) == (False, 0.6, 3, 1)
    assert not after(EarlyStopping(), *[0.1] * 100).should_stop


def test_lower_may_be_better_and_small_gains_may_not_count():
    assert after(EarlyStopping(mode="min"), 3, 2, 2.5).best == 2
    strict = after(EarlyStopping(min_delta=0.1), 0.5, 0.55)
    assert (strict.best, strict.improved) == (0.5, False)


def test_nan_never_improves():
    bad = after(EarlyStopping(patience=2), math.nan, math.nan)
    assert bad.best is None
    assert bad.should_stop
    assert after(bad, 0.1).improved


def test_it_survives_json():
    stopping = after(EarlyStopping(patience=3, mode="min", min_delta=0.01), 2.0, 1.0, 1.5)
    assert EarlyStopping.from_dict(json.loads(json.dumps(stopping.to_dict()))) == stopping


@pytest.mark.parametrize("wrong", [{"patience": 0}, {"mode": "up"}, {"min_delta": -1}])
def test_errors(wrong):
    with pytest.raises(SettingsError):
        EarlyStopping(**wrong)


def test_plateau_by_hand():
    plateau = ReduceOnPlateau(patience=2, factor=0.1, cooldown=1, min_scale=0.05)
    scales = []
    for score in [1.0, 2.0, 2.0, 1.5, 1.0, 1.0, float("nan"), 3.0, 0.0]:
        plateau = plateau.update(score)
        scales.append(plateau.scale)
    # 2.0 and 1.5 do not improve; the next score is the cooldown's; two more: the minimum
    assert scales == pytest.approx([1, 1, 1, 0.1, 0.1, 0.1, 0.05, 0.05, 0.05])
    assert ReduceOnPlateau.from_dict(plateau.to_dict()) == plateau
    for wrong in ({"patience": 0}, {"factor": 1.0}, {"cooldown": -1}, {"mode": "up"}):
        with pytest.raises(SettingsError):
            ReduceOnPlateau(**wrong)


def test_a_plateau_of_an_earlier_version_is_read():
    state = ReduceOnPlateau(min_scale=0.2).to_dict()
    state["lowest"] = state.pop("min_scale")
    assert ReduceOnPlateau.from_dict(state) == ReduceOnPlateau(min_scale=0.2)


@pytest.mark.oracle
@pytest.mark.parametrize("cooldown", [0, 2])
@pytest.mark.parametrize("mode", ["min", "max"])
def test_reduce_on_plateau_is_torchs(mode, cooldown):
    torch = pytest.importorskip("torch")
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    theirs = torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimizer,
        mode=mode,
        factor=0.5,
        patience=2,  # torch reduces when it has waited longer than this; ours when as long
        threshold=0.05,
        threshold_mode="abs",
        cooldown=cooldown,
        min_lr=0.02,
    )
    ours = ReduceOnPlateau(
        patience=3, factor=0.5, cooldown=cooldown, min_scale=0.02, mode=mode, min_delta=0.05
    )
    for score in np.random.default_rng(2).normal(size=80):
        ours = ours.update(float(score))
        theirs.step(float(score))
        assert ours.scale == pytest.approx(optimizer.param_groups[0]["lr"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"patience": 0}, "run/c.npz: expected patience of 1 or more"),
        ({"rounds": 1, "best_round": 2}, "run/c.npz: expected best_round of 0 or more"),
        ({"mode": "mid"}, r"run/c.npz\['mode'\]: expected one of 'max', 'min', got 'mid'"),
        ({"best": "high"}, r"run/c.npz\['best'\]: expected a number, got 'high'"),
        ({"extra": 1}, "run/c.npz: unknown 'extra'"),
    ],
)
def test_a_damaged_state_is_named_with_its_file(change, message):
    state = JsonObject(EarlyStopping(patience=2).update(0.5).to_dict() | change)
    state.where = "run/c.npz"
    with pytest.raises(DataError, match=message):
        EarlyStopping.from_dict(state)
