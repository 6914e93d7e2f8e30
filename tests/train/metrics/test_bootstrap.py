"""Bootstrap intervals: of a mean, of paired arrays, and compared to SciPy."""

from __future__ import annotations

import numpy as np
import pytest

from pmt_core import SettingsError, ShapeError
from pmt_train import accuracy, bootstrap_interval, entity_scores


def test_interval_of_a_mean():
    """For a mean the interval is known: about 1.96 standard errors on both sides."""
    values = np.random.default_rng(0).normal(3, 2, 400)
    interval = bootstrap_interval(np.mean, values, rng=np.random.default_rng(1), samples=4000)
    error = values.std() / 20
    assert interval.value == values.mean()
    assert interval.low == pytest.approx(interval.value - 1.96 * error, abs=0.1 * error)
    assert interval.high == pytest.approx(interval.value + 1.96 * error, abs=0.1 * error)
    again = bootstrap_interval(np.mean, values, rng=np.random.default_rng(1), samples=4000)
    assert interval == again


def test_intervals_keep_examples_together():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 100)
    interval = bootstrap_interval(accuracy, labels, labels, rng=rng, samples=20)
    assert interval == (1.0, 1.0, 1.0)
    tags = [["B-PER", "O"], ["O", "O"]] * 5

    def f1(predicted, labels):
        return entity_scores(predicted, labels).overall.f1

    assert bootstrap_interval(f1, tags, tags, rng=rng, samples=20).low == 1.0
    with pytest.raises(ShapeError):
        bootstrap_interval(accuracy, labels, labels[:50], rng=rng)
    with pytest.raises(SettingsError):
        bootstrap_interval(accuracy, labels, labels, rng=rng, confidence=1.0)


@pytest.mark.oracle
def test_scipy_finds_the_same_interval():
    stats = pytest.importorskip("scipy.stats")
    values = np.random.default_rng(0).exponential(size=150)
    ours = bootstrap_interval(np.mean, values, rng=np.random.default_rng(1), samples=8000)
    theirs = stats.bootstrap(
        (values,), np.mean, n_resamples=8000, method="percentile", rng=np.random.default_rng(2)
    ).confidence_interval
    width = theirs.high - theirs.low
    assert ours.low == pytest.approx(theirs.low, abs=0.05 * width)
    assert ours.high == pytest.approx(theirs.high, abs=0.05 * width)
