"""Interpolation by hand: nearest neighbors, linear with and without aligned corners."""

from __future__ import annotations

import numpy as np
import pytest

from pmt_autograd import Tensor, gradients
from pmt_core import SettingsError, ShapeError
from pmt_nn import Upsample, interpolate

X = np.array([[[1.0, 3.0, 7.0]]])


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"size": 6}, [1, 1, 3, 3, 7, 7]),
        ({"size": 2}, [1, 3]),
        ({"size": 4}, [1, 1, 3, 7]),
        ({"scale_factor": 2.0}, [1, 1, 3, 3, 7, 7]),
        ({"size": 5, "mode": "linear", "align_corners": True}, [1, 2, 3, 5, 7]),
        ({"size": 6, "mode": "linear"}, [1, 1.5, 2.5, 4, 6, 7]),
        ({"scale_factor": 2.0, "mode": "linear"}, [1, 1.5, 2.5, 4, 6, 7]),
        ({"size": 1, "mode": "linear"}, [3]),
        ({"size": 1, "mode": "linear", "align_corners": True}, [1]),
        ({"size": 3, "mode": "linear"}, [1, 3, 7]),
    ],
)
def test_values_by_hand(settings, expected) -> None:
    np.testing.assert_allclose(interpolate(X, **settings).data, [[expected]])
    np.testing.assert_allclose(Upsample(**settings)(X).data, [[expected]])


def test_gradients_are_sums_over_copies_and_weights() -> None:
    x = Tensor(X, requires_grad=True)
    assert gradients(interpolate(x, size=4).sum())[x].tolist() == [[[2, 1, 1]]]
    y = interpolate(x, size=5, mode="linear", align_corners=True)
    np.testing.assert_allclose(gradients(y.sum())[x], [[[1.5, 2, 1.5]]])


def test_a_bilinear_image_is_linear_in_both_directions() -> None:
    rows, columns = np.mgrid[0:4, 0:3]
    x = (2.0 * rows + 5 * columns)[np.newaxis, np.newaxis]
    y = interpolate(x, size=(7, 5), mode="bilinear", align_corners=True).data
    rows, columns = np.mgrid[0:7, 0:5] / 2
    np.testing.assert_allclose(y[0, 0], 2 * rows + 5 * columns)


def test_a_neighbor_of_weight_0_has_no_influence() -> None:
    x = Tensor(np.array([[[1.0, 3.0, np.nan]]]), requires_grad=True)
    y = interpolate(x, size=5, mode="linear", align_corners=True)
    np.testing.assert_array_equal(y.data, [[[1, 2, 3, np.nan, np.nan]]])
    by_x = gradients(y, np.array([[[1, 1, np.inf, 0, 0]]]))[x]
    np.testing.assert_array_equal(by_x, [[[1.5, np.inf, 0]]])


def test_axes_of_their_own_sizes() -> None:
    image = np.arange(6.0).reshape(1, 1, 2, 3)
    assert interpolate(image, size=(4, 3)).shape == (1, 1, 4, 3)
    assert interpolate(image, scale_factor=(1.0, 2.0), mode="bilinear").shape == (1, 1, 2, 6)
    volume = interpolate(image[..., np.newaxis], scale_factor=2, mode="trilinear")
    assert volume.shape == (1, 1, 4, 6, 2)
    assert interpolate(image[:0], size=5).shape == (0, 1, 5, 5)


def test_float32_stays_float32_and_integers_become_float32() -> None:
    for x in (X.astype(np.float32), X.astype(int)):
        for mode in ("nearest", "linear"):
            assert interpolate(x, size=5, mode=mode).dtype == np.float32


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({}, SettingsError),
        ({"size": 2, "scale_factor": 2.0}, SettingsError),
        ({"size": 0}, SettingsError),
        ({"size": (2, 2.0)}, SettingsError),
        ({"scale_factor": 0.0}, SettingsError),
        ({"scale_factor": np.inf}, SettingsError),
        ({"size": 2, "mode": "cubic"}, SettingsError),
        ({"size": 2, "align_corners": True}, SettingsError),
        ({"size": 2, "mode": "bilinear"}, ShapeError),
        ({"size": (2, 2)}, ShapeError),
        ({"scale_factor": 0.1}, ShapeError),
    ],
    ids=str,
)
def test_arguments_are_checked(settings, error) -> None:
    with pytest.raises(error):
        interpolate(X, **settings)


def test_an_axis_of_length_0_is_refused() -> None:
    with pytest.raises(ShapeError, match="length 0"):
        interpolate(X[..., :0], size=2)
