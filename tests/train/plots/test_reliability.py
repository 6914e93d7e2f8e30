"""Reliability diagrams (warnings are errors here)."""

from __future__ import annotations

import numpy as np
import pytest

from pmt_train import calibration_bins, reliability_plot


@pytest.mark.parametrize("n", [1, 3, 500])
def test_points_are_those_of_the_bins(tmp_path, figures, n):
    rng = np.random.default_rng(1)
    p, labels = rng.uniform(size=n).astype(np.float32), rng.integers(0, 2, n)
    reliability_plot(tmp_path / "r.png", p, labels, event="$odd$ 日本")
    above, below = figures[0].axes
    calibration = calibration_bins(p, labels)
    full = calibration.counts > 0
    points = above.lines[1].get_xydata()
    np.testing.assert_allclose(points[:, 0], calibration.predicted[full])
    np.testing.assert_allclose(points[:, 1], calibration.observed[full])
    assert [bar.get_height() for bar in below.patches] == calibration.counts.tolist()
    assert above.get_title("left") == f"calibration: error {calibration.error:.3f}"
    assert above.get_ylabel() == "share of \\$odd\\$ \ufffd\ufffd"
