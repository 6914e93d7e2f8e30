"""Activations by hand, at kinks and limits, as functions and as modules."""

from __future__ import annotations

import numpy as np
import pytest

import pmt_nn as nn
from pmt_autograd import Tensor, gradients
from pmt_core import SettingsError, ShapeError

X = np.array([-4.0, -3.0, -1.0, 0.0, 1.0, 3.0, 6.0, 7.0])


def value_and_slope(operation, x) -> tuple[np.ndarray, np.ndarray]:
    leaf = Tensor(np.asarray(x, np.float64), requires_grad=True)
    y = operation(leaf)
    return y.data, gradients(y.sum())[leaf]


BY_HAND = {
    "relu6": (nn.relu6, [0, 0, 0, 0, 1, 3, 6, 6], [0, 0, 0, 0, 1, 1, 1, 0]),
    "hardtanh": (nn.hardtanh, [-1, -1, -1, 0, 1, 1, 1, 1], [0, 0, 1, 1, 1, 0, 0, 0]),
    "hardsigmoid": (
        nn.hardsigmoid,
        [0, 0, 1 / 3, 0.5, 2 / 3, 1, 1, 1],
        [0, 1 / 6, 1 / 6, 1 / 6, 1 / 6, 1 / 6, 0, 0],
    ),
    "hardswish": (
        nn.hardswish,
        [0, 0, -1 / 3, 0, 2 / 3, 3, 6, 7],
        [0, 0, 1 / 6, 0.5, 5 / 6, 1.5, 1, 1],
    ),
    "softsign": (
        nn.softsign,
        [-0.8, -0.75, -0.5, 0, 0.5, 0.75, 6 / 7, 7 / 8],
        [1 / 25, 1 / 16, 1 / 4, 1, 1 / 4, 1 / 16, 1 / 49, 1 / 64],
    ),
}


@pytest.mark.parametrize("name", BY_HAND)
def test_values_and_slopes_by_hand(name: str) -> None:
    operation, values, slopes = BY_HAND[name]
    y, slope = value_and_slope(operation, X)
    np.testing.assert_allclose(y, values, atol=1e-15)
    np.testing.assert_allclose(slope, slopes, atol=1e-15)


def test_selu_keeps_mean_and_variance() -> None:
    """For normal inputs (Klambauer et al. 2017, theorem 1), here by a fine grid."""
    x = np.linspace(-12, 12, 200_001)
    density = np.exp(-x * x / 2) / np.sqrt(2 * np.pi) * (x[1] - x[0])
    y = nn.selu(x).data
    assert (y * density).sum() == pytest.approx(0, abs=1e-6)
    assert (y * y * density).sum() == pytest.approx(1, abs=1e-6)


def test_celu_has_slope_1_at_0_for_every_alpha() -> None:
    for alpha in (0.5, 1.0, 3.0):
        y, slope = value_and_slope(lambda x, a=alpha: nn.celu(x, alpha=a), [-1.0, 0.0, 2.0])
        np.testing.assert_allclose(y, [alpha * np.expm1(-1 / alpha), 0, 2])
        np.testing.assert_allclose(slope, [np.exp(-1 / alpha), 1, 1])


def test_far_out_nothing_is_nan() -> None:
    for operation in (nn.mish, nn.selu, nn.celu, nn.softsign, nn.log_sigmoid, nn.hardswish):
        y, slope = value_and_slope(operation, [-1e4, 1e4])
        assert np.isfinite(y).all()
        assert np.isfinite(slope).all()
    np.testing.assert_array_equal(nn.log_sigmoid(np.array([-1e4, 1e4])).data, [-1e4, 0])
    np.testing.assert_array_equal(nn.hardswish(np.array([-np.inf, np.inf])).data, [0, np.inf])
    assert np.isnan(nn.hardswish(np.array([np.nan])).data)


def test_prelu_by_hand() -> None:
    x = Tensor(np.array([[1.0, -2.0], [-3.0, np.inf]]), requires_grad=True)
    weight = Tensor(np.array([0.5, 2.0]), requires_grad=True)
    y = nn.prelu(x, weight)
    np.testing.assert_array_equal(y.data, [[1, -4], [-1.5, np.inf]])
    by = gradients(y, np.ones((2, 2)))
    np.testing.assert_array_equal(by[x], [[1, 2], [0.5, 1]])
    np.testing.assert_array_equal(by[weight], [-3, -2])  # the infinite x has no influence
    with pytest.raises(ShapeError, match="prelu"):
        nn.prelu(x, np.ones(3))


def test_glu_by_hand() -> None:
    x = np.array([[1.0, 2.0, 0.0, 100.0]])
    np.testing.assert_allclose(nn.glu(x).data, [[0.5, 2.0]])
    np.testing.assert_allclose(nn.GLU(0)(x.T).data, [[0.5], [2.0]])
    with pytest.raises(ShapeError, match="even length"):
        nn.glu(np.ones((2, 3)))


def test_modules_are_their_functions() -> None:
    pairs = [
        (nn.SELU(), nn.selu),
        (nn.CELU(0.5), lambda x: nn.celu(x, alpha=0.5)),
        (nn.Mish(), nn.mish),
        (nn.Softsign(), nn.softsign),
        (nn.LogSigmoid(), nn.log_sigmoid),
        (nn.ReLU6(), nn.relu6),
        (nn.Hardsigmoid(), nn.hardsigmoid),
        (nn.Hardswish(), nn.hardswish),
        (nn.Hardtanh(-2, 2), lambda x: nn.hardtanh(x, low=-2, high=2)),
        (nn.PReLU(slope=0.1), lambda x: nn.prelu(x, np.array([0.1], np.float32))),
    ]
    for module, function in pairs:
        x = X.astype(np.float32)
        np.testing.assert_array_equal(module(x).data, function(x).data)
        assert module(x).dtype == np.float32
    assert nn.Identity()(X) is X


def test_settings_are_checked() -> None:
    for wrong in (lambda: nn.CELU(0), lambda: nn.celu(X, alpha=np.inf), lambda: nn.Hardtanh(1, 1)):
        with pytest.raises(SettingsError):
            wrong()


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_channel_dropout_drops_whole_channels(rank: int) -> None:
    layer = (nn.Dropout1d, nn.Dropout2d, nn.Dropout3d)[rank - 1](0.5)
    x = Tensor(np.ones((40, 50, *[3] * rank), np.float32), requires_grad=True)
    y = layer(x, np.random.default_rng(0))
    channels = y.data.reshape(40 * 50, -1)
    assert set(np.unique(channels)) == {0, 2}
    assert (channels == channels[:, :1]).all()
    assert channels[:, 0].mean() == pytest.approx(1, abs=0.1)
    np.testing.assert_array_equal(gradients(y.sum())[x], y.data)
    np.testing.assert_array_equal(layer.eval()(x).data, x.data)
    with pytest.raises(ShapeError, match="axes"):
        layer(np.ones((2, 3)))
