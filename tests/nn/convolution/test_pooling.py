"""Pooling by hand and against plain slices."""

from __future__ import annotations

import numpy as np
import pytest

import pmt_nn as nn
from pmt_autograd import Tensor, gradients
from pmt_core import SettingsError, ShapeError
from pmt_nn.convolution.patches import PatchGrid, pair


def by_loops(x, reduce, kernel, stride, padding, fill):
    padded = np.pad(x, ((0, 0), (0, 0), (padding,) * 2, (padding,) * 2), constant_values=fill)
    oh, ow = ((n - kernel) // stride + 1 for n in padded.shape[2:])
    y = np.empty((*x.shape[:2], oh, ow))
    for i in range(oh):
        for j in range(ow):
            top, left = i * stride, j * stride
            y[..., i, j] = reduce(
                padded[:, :, top : top + kernel, left : left + kernel], axis=(2, 3)
            )
    return y


@pytest.mark.parametrize(
    ("kernel", "stride", "padding"), [(2, 2, 0), (3, 2, 1), (3, 1, 1), (2, 3, 0), (5, 5, 2)]
)
def test_against_loops(rng, kernel, stride, padding) -> None:
    x = rng.normal(size=(2, 3, 7, 8))
    settings = {"kernel": kernel, "stride": stride, "padding": padding}
    np.testing.assert_array_equal(
        nn.max_pool2d(x, **settings).data, by_loops(x, np.max, *settings.values(), -np.inf)
    )
    np.testing.assert_allclose(
        nn.avg_pool2d(x, **settings).data, by_loops(x, np.mean, *settings.values(), 0), atol=1e-14
    )
    np.testing.assert_allclose(
        nn.avg_pool2d(x, count_include_pad=False, **settings).data,
        by_loops(x, np.nanmean, *settings.values(), np.nan),
        atol=1e-14,
    )


def test_of_equal_values_the_first_gets_the_gradient() -> None:
    x = Tensor(np.ones((1, 1, 2, 4)), requires_grad=True)
    grads = gradients(nn.MaxPool2d(2)(x).sum())[x]
    assert grads.tolist() == [[[[1, 0, 1, 0], [0, 0, 0, 0]]]]


@pytest.mark.parametrize("channels_last", [False, True])
def test_reading_order_decides_among_equals(rng, channels_last) -> None:
    """Whole numbers from a small range: most windows hold their largest value more than once."""
    data = rng.integers(0, 3, (3, 4, 6, 9)).astype(float)
    if channels_last:
        data = np.ascontiguousarray(data.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    x = Tensor(data, requires_grad=True)
    grads = gradients(nn.max_pool2d(x, kernel=(3, 2)).sum())[x]
    expected = np.zeros(x.shape)
    for b, c, i, j in np.ndindex(3, 4, 2, 4):
        window = data[b, c, 3 * i : 3 * i + 3, 2 * j : 2 * j + 2]
        row, column = divmod(int(window.argmax()), 2)
        expected[b, c, 3 * i + row, 2 * j + column] = 1
    np.testing.assert_array_equal(grads, expected)


def test_all_negative_beside_a_border() -> None:
    x = Tensor(-np.ones((1, 1, 2, 2)), requires_grad=True)
    y = nn.MaxPool2d(3, stride=1, padding=1)(x)
    assert (y.data == -1).all()
    assert gradients(y.sum())[x].sum() == 4


def test_sequences_and_global_pools(rng) -> None:
    x = rng.normal(size=(2, 3, 6))
    assert (nn.MaxPool1d(2)(Tensor(x)).data == x.reshape(2, 3, 3, 2).max(-1)).all()
    np.testing.assert_allclose(nn.AvgPool1d(3)(Tensor(x)).data, x.reshape(2, 3, 2, 3).mean(-1))
    assert nn.MaxPool1d(3, stride=1, padding=1)(Tensor(x)).shape == (2, 3, 6)
    image = rng.normal(size=(2, 3, 4, 5))
    np.testing.assert_array_equal(nn.GlobalMaxPool()(Tensor(image)).data, image.max((2, 3)))
    np.testing.assert_allclose(nn.GlobalAvgPool()(Tensor(image)).data, image.mean((2, 3)))
    np.testing.assert_allclose(nn.GlobalAvgPool()(Tensor(x)).data, x.mean(2))
    assert nn.AvgPool2d(2)(Tensor(image)).shape == (2, 3, 2, 2)


def test_complaints() -> None:
    with pytest.raises(SettingsError, match="half"):
        nn.max_pool2d(np.ones((1, 1, 4, 4)), kernel=2, padding=2)
    with pytest.raises(ShapeError, match="does not fit"):
        nn.max_pool2d(np.ones((1, 1, 2, 2)), kernel=3)
    with pytest.raises(ShapeError, match=r"\(b, c, h, w\)"):
        nn.max_pool2d(np.ones((1, 2, 2)), kernel=1)


# --- nan, infinities, ties ------------------------------------------------------------------------


SETTINGS = [
    {"kernel": 2},
    {"kernel": 3},
    {"kernel": 2, "stride": 1},
    {"kernel": 3, "stride": 2, "padding": 1},
    {"kernel": (1, 3), "padding": (0, 1), "stride": 1},
]


def first_of_the_largest(window: np.ndarray) -> int:
    """The index of the last nan, else of the first largest element; -1 is no element."""
    nan = np.flatnonzero(np.isnan(window))
    return int(nan[-1]) if nan.size else int(window.argmax())


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_nan_infinities_and_ties_by_loops(settings) -> None:
    """The chosen element has the whole gradient, infinite or not, and the others have 0."""
    grid = PatchGrid.of(
        pair(settings["kernel"], "kernel", 1),
        stride=settings.get("stride", settings["kernel"]),
        padding=settings.get("padding", 0),
    )
    values = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, 2.0], np.float32)
    for seed in range(20):
        rng = np.random.default_rng(seed)
        x = rng.choice(values, (1, 2, 6, 6))
        if seed % 3 == 0:
            x[np.isnan(x)] = -np.inf
        y = nn.max_pool2d(leaf := Tensor(x, requires_grad=True), **settings)
        grad = rng.choice(np.array([1, -2, np.inf, np.nan], np.float32), y.shape)
        expected = np.zeros_like(x)
        (ph, pw), (sh, sw), (kh, kw) = grid.padding, grid.stride, grid.kernel
        for c, i, j in np.ndindex(y.shape[1:]):
            rows = [r for r in range(i * sh - ph, i * sh - ph + kh) if 0 <= r < 6]
            columns = [s for s in range(j * sw - pw, j * sw - pw + kw) if 0 <= s < 6]
            window = x[0, c][np.ix_(rows, columns)].reshape(-1)
            chosen = first_of_the_largest(window)
            np.testing.assert_array_equal(y.data[0, c, i, j], window[chosen])
            row, column = divmod(chosen, len(columns))
            expected[0, c, rows[row], columns[column]] += grad[0, c, i, j]
        np.testing.assert_array_equal(gradients(y, grad)[leaf], expected)


def test_global_max_shares_among_ties_and_chooses_nan() -> None:
    x = Tensor(np.array([[[1.0, 1.0], [0.0, np.nan]]]), requires_grad=True)
    assert gradients(nn.GlobalMaxPool()(x).sum())[x].tolist() == [[[0.5, 0.5], [0, 1]]]


def test_settings_are_checked_when_the_layer_is_made() -> None:
    for layer in (nn.MaxPool2d, nn.AvgPool2d, nn.MaxPool1d, nn.AvgPool1d):
        for wrong in ({"kernel": 0}, {"kernel": 2, "stride": 0}, {"kernel": 2, "padding": 2}):
            with pytest.raises(SettingsError):
                layer(**wrong)


def test_means_of_integers_are_no_integers() -> None:
    x = np.arange(16).reshape(1, 1, 4, 4)
    assert nn.avg_pool2d(x, kernel=2).data.tolist() == [[[[2.5, 4.5], [10.5, 12.5]]]]
    assert nn.max_pool2d(x, kernel=3, stride=1, padding=1).data[0, 0, 0, 0] == 5


# --- the size of the result -----------------------------------------------------------------------


def test_ceil_mode_by_hand() -> None:
    x = np.arange(1.0, 6.0).reshape(1, 1, 1, 5)
    settings = {"kernel": (1, 2), "ceil_mode": True}
    assert nn.max_pool2d(x, **settings).data.tolist() == [[[[2, 4, 5]]]]
    assert nn.avg_pool2d(x, **settings).data.tolist() == [[[[1.5, 3.5, 5]]]]  # 5 alone counts
    # with a border of one, the last patch starts in the image: 5 and the border's 0
    bordered = nn.avg_pool2d(x, kernel=(1, 2), padding=(0, 1), ceil_mode=True)
    assert bordered.data.tolist() == [[[[0.5, 2.5, 4.5]]]]
    assert nn.MaxPool2d(3, ceil_mode=True)(np.ones((1, 1, 2, 2))).shape == (1, 1, 1, 1)


@pytest.mark.parametrize("kind", ["Avg", "Max"])
def test_adaptive_pooling_by_hand(kind: str) -> None:
    x = np.arange(5.0).reshape(1, 1, 5)
    layer = getattr(nn, f"Adaptive{kind}Pool1d")(3)
    expected = {"Avg": [0.5, 2, 3.5], "Max": [1, 3, 4]}[kind]  # of 0 1, 1 2 3, 3 4
    assert layer(x).data.tolist() == [[expected]]
    square = getattr(nn, f"Adaptive{kind}Pool2d")((1, 3))
    assert square(x.reshape(1, 1, 1, 5)).shape == (1, 1, 1, 3)
    whole = getattr(nn, f"Adaptive{kind}Pool2d")(1)(x.reshape(1, 1, 1, 5))
    assert whole.data.item() == {"Avg": 2, "Max": 4}[kind]
    with pytest.raises(ShapeError, match="one pixel"):
        layer(np.zeros((1, 2, 0)))


def test_adaptive_maxima_choose_the_first_of_equals_and_the_last_nan() -> None:
    x = Tensor(np.array([[[[1.0, 1.0, 0.0], [1.0, np.nan, np.nan]]]]), requires_grad=True)
    y = nn.adaptive_max_pool2d(x, size=(2, 2))
    by_x = gradients(y.sum())[x]
    np.testing.assert_array_equal(by_x, [[[[1, 1, 0], [0, 1, 1]]]])
