"""Initializers: variances, bounds and orthogonality."""

from __future__ import annotations

import numpy as np
import pytest

from pmt_nn import kaiming_normal, kaiming_uniform, orthogonal, truncated_normal


def test_kaiming_keeps_the_variance_behind_a_rectifier(rng) -> None:
    x = rng.normal(size=(500, 400))
    for weight in (
        kaiming_uniform(rng, (400, 300), 400, dtype=np.float64),
        kaiming_normal(rng, (400, 300), 400, dtype=np.float64),
    ):
        y = np.maximum(x @ weight, 0)
        assert (y * y).mean() == pytest.approx(1, rel=0.05)


def test_truncated_normal(rng) -> None:
    values = truncated_normal(rng, (300, 300), 0.02)
    assert values.dtype == np.float32
    assert np.abs(values).max() <= 0.04
    assert values.std() == pytest.approx(0.02 * 0.8796, rel=0.01)  # by the truncated density
    assert np.abs(values.mean()) < 3e-4


@pytest.mark.parametrize("shape", [(5, 5), (3, 7), (7, 3), (4, 2, 3)], ids=str)
def test_orthogonal(rng, shape) -> None:
    flat = orthogonal(rng, shape, dtype=np.float64, gain=2.0).reshape(shape[0], -1)
    product = flat @ flat.T if flat.shape[0] <= flat.shape[1] else flat.T @ flat
    np.testing.assert_allclose(product, 4 * np.eye(len(product)), atol=1e-12)


def test_orthogonal_is_uniform_over_the_signs() -> None:
    """A QR alone would favor one sign of the diagonal."""
    first = [orthogonal(np.random.default_rng(i), (2, 2))[0, 0] for i in range(400)]
    assert abs(np.mean(first)) < 0.15
