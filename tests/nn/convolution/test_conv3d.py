"""Convolution of volumes by loops, its settings and errors."""

from __future__ import annotations

import numpy as np
import pytest

from pmt_autograd import profile
from pmt_core import SettingsError, ShapeError
from pmt_nn import Conv3d, conv2d, conv3d


def stream() -> np.random.Generator:
    return np.random.default_rng(5)


def by_loops(x, kernel, bias, stride: int, padding: int, dilation: int) -> np.ndarray:
    widths = ((0, 0), (0, 0), *[(padding, padding)] * 3)
    padded = np.pad(x, widths)
    spans = [dilation * (k - 1) + 1 for k in kernel.shape[2:]]
    counts = [(n - s) // stride + 1 for n, s in zip(padded.shape[2:], spans, strict=True)]
    y = np.empty((len(x), len(kernel), *counts))
    for at in np.ndindex(*counts):
        cut = tuple(
            slice(i * stride, i * stride + s, dilation) for i, s in zip(at, spans, strict=True)
        )
        patch = padded[(slice(None), slice(None), *cut)]
        y[(slice(None), slice(None), *at)] = np.einsum("bcijk,ocijk->bo", patch, kernel) + bias
    return y


@pytest.mark.parametrize(
    ("stride", "padding", "dilation"), [(1, 0, 1), (2, 1, 1), (1, 2, 2), (3, 1, 1)]
)
def test_against_loops(rng, stride: int, padding: int, dilation: int) -> None:
    x, kernel, bias = rng.normal(size=(2, 3, 5, 6, 4)), rng.normal(size=(4, 3, 2, 3, 2)), np.ones(4)
    settings = {"stride": stride, "padding": padding, "dilation": dilation}
    expected = by_loops(x, kernel, bias, **settings)
    np.testing.assert_allclose(conv3d(x, kernel, bias, **settings).data, expected)


def test_a_kernel_of_depth_1_convolves_each_slice(rng) -> None:
    x, kernel = rng.normal(size=(1, 2, 3, 5, 5)), rng.normal(size=(4, 2, 1, 3, 3))
    y = conv3d(x, kernel, None).data
    for i in range(3):
        expected = conv2d(x[:, :, i], kernel[:, :, 0], None).data
        np.testing.assert_allclose(y[:, :, i], expected)


def test_layer_settings(rng) -> None:
    layer = Conv3d(4, 6, (1, 3, 3), stream(), padding="same", groups=2, bias=False)
    assert layer.bias is None
    assert layer.weight.shape == (6, 2, 1, 3, 3)
    x = rng.normal(size=(2, 4, 3, 5, 5)).astype(np.float32)
    y = layer(x)
    assert y.shape == (2, 6, 3, 5, 5)
    assert y.dtype == np.float32
    assert layer(x[:0]).shape == (0, 6, 3, 5, 5)


def test_flops_are_those_of_the_products(rng) -> None:
    x, kernel = rng.normal(size=(2, 3, 5, 6, 4)), rng.normal(size=(4, 3, 2, 3, 2))
    with profile() as measured:
        y = conv3d(x, kernel, None)
    flops = {row.operation: row.flops for row in measured.by_operation()}
    assert flops["conv2d"] == y.size * 2 * kernel[0].size


def test_errors_are_named(rng) -> None:
    x, kernel = np.zeros((1, 2, 2, 4, 4)), np.zeros((4, 2, 3, 1, 1))
    with pytest.raises(ShapeError, match="depth 3"):
        conv3d(x, kernel, None)
    with pytest.raises(ShapeError, match=r"conv3d needs x \(b, c, d, h, w\)"):
        conv3d(x[0], kernel, None)
    with pytest.raises(ShapeError, match="4 channels"):
        conv3d(x, kernel, None, groups=2)
    with pytest.raises(SettingsError, match="same"):
        Conv3d(2, 2, 2, stream(), padding="same")
    with pytest.raises(SettingsError, match="one or three"):
        Conv3d(2, 2, (2, 2), stream())
