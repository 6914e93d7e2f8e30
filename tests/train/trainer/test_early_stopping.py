from __future__ import annotations

import json
import math

import pytest

from pmt_core import SettingsError
from pmt_train import EarlyStopping


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
