"""Calibration: the bins, the expected error, and the reliability diagram."""

from __future__ import annotations

import math

import numpy as np
import pytest

from pmt_core import DataError, SettingsError, ShapeError
from pmt_train import calibration_bins, expected_calibration_error, reliability_plot


def test_by_hand():
    # bins of width 1/2: 0.1, 0.3 (one of them so) and 0.5 (an edge: the upper bin), 0.9, 1.0
    found = calibration_bins([0.1, 0.3, 0.5, 0.9, 1.0], [0, 1, 0, 1, 1], bins=2)
    np.testing.assert_array_equal(found.counts, [2, 3])
    np.testing.assert_allclose(found.predicted, [0.2, 0.8])
    np.testing.assert_allclose(found.observed, [0.5, 2 / 3])
    assert found.error == pytest.approx(0.3 * 2 / 5 + (0.8 - 2 / 3) * 3 / 5)


def test_an_empty_bin_says_nothing():
    found = calibration_bins([0.05, 0.95], [0, 1], bins=10)
    assert np.isnan(found.predicted[1:9]).all()
    assert np.isnan(found.observed[1:9]).all()
    assert found.error == pytest.approx(0.05)


def test_labels_drawn_by_their_probabilities_are_calibrated_and_others_are_not():
    rng = np.random.default_rng(0)
    p = rng.uniform(size=100_000)
    labels = (rng.uniform(size=p.size) < p).astype(int)
    assert expected_calibration_error(p, labels) < 0.01
    assert expected_calibration_error(np.round(p), labels) == pytest.approx(0.25, abs=0.01)
    # E |p - (1 - p)| over uniform p is one half
    assert expected_calibration_error(1 - p, labels) == pytest.approx(0.5, abs=0.01)


def test_what_it_refuses():
    for probabilities, labels, bins, error in [
        ([0.5], [0, 1], 10, ShapeError),
        ([[0.5]], [[1]], 10, ShapeError),
        ([], [], 10, DataError),
        ([1.1], [1], 10, DataError),
        ([math.nan], [1], 10, DataError),
        ([0.5], [2], 10, DataError),
        ([0.5], [1], 0, SettingsError),
    ]:
        with pytest.raises(error):
            calibration_bins(probabilities, labels, bins)


@pytest.mark.parametrize("n", [1, 3, 500])
def test_the_picture(tmp_path, n):
    rng = np.random.default_rng(1)
    path = tmp_path / "r.png"
    labels = rng.integers(0, 2, n)
    reliability_plot(path, rng.uniform(size=n).astype(np.float32), labels, event="$odd$ 日本")
    assert path.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
