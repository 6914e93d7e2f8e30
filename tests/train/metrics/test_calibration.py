"""Calibration bins and the expected calibration error."""

from __future__ import annotations

import math

import numpy as np
import pytest

from pmt_core import DataError, SettingsError, ShapeError
from pmt_train import calibration_bins, expected_calibration_error


def test_by_hand():
    # bins of width 1/2: 0.1, 0.3 (one of them positive) and 0.5 (an edge: the upper bin), 0.9, 1.0
    calibration = calibration_bins([0.1, 0.3, 0.5, 0.9, 1.0], [0, 1, 0, 1, 1], bins=2)
    np.testing.assert_array_equal(calibration.counts, [2, 3])
    np.testing.assert_allclose(calibration.predicted, [0.2, 0.8])
    np.testing.assert_allclose(calibration.observed, [0.5, 2 / 3])
    assert calibration.error == pytest.approx(0.3 * 2 / 5 + (0.8 - 2 / 3) * 3 / 5)


@pytest.mark.parametrize("bins", [2, 3, 7, 10, 30, 49, 100])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_edge_is_in_the_upper_bin(bins, dtype):
    """0.29 * 100 is less than 29 in float64, and the float32 next to 0.7 is less than 0.7."""
    edges = (np.arange(bins) / bins).astype(dtype)
    counts = calibration_bins(edges, np.zeros(bins, int), bins).counts
    np.testing.assert_array_equal(counts, np.ones(bins))
    below = np.nextafter(edges[1:], dtype(0))
    counts = calibration_bins(below, np.zeros(bins - 1, int), bins).counts
    np.testing.assert_array_equal(counts, [1] * (bins - 1) + [0])


def test_an_empty_bin_is_nan_and_does_not_count():
    calibration = calibration_bins([0.05, 0.95], [0, 1], bins=10)
    assert np.isnan(calibration.predicted[1:9]).all()
    assert np.isnan(calibration.observed[1:9]).all()
    assert calibration.error == pytest.approx(0.05)


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
