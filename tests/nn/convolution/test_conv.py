"""Convolution against loops written from its definition, and its relatives."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from pmt_autograd import Tensor, gradients
from pmt_core import SettingsError, ShapeError
from pmt_nn import Conv1d, Conv2d, ConvTranspose1d, ConvTranspose2d, Padding, conv1d, conv2d
from pmt_nn.convolution.conv import CASES
from pmt_nn.convolution.patches import pair

cases = pytest.mark.parametrize(
    ("x", "kernel", "settings"), [case[:3] for case in CASES], ids=[case[3] for case in CASES]
)


def by_loops(x, kernel, bias, *, stride=1, padding=0, dilation=1, groups=1):
    """The sum of the definition, one number at a time."""
    (sh, sw), (ph, pw), (dh, dw) = (pair(v, "", 0) for v in (stride, padding, dilation))
    b, _, h, w = x.shape
    o, per_group, kh, kw = kernel.shape
    oh = (h + 2 * ph - dh * (kh - 1) - 1) // sh + 1
    ow = (w + 2 * pw - dw * (kw - 1) - 1) // sw + 1
    y = np.zeros((b, o, oh, ow))
    for n, m, p, q in itertools.product(range(b), range(o), range(oh), range(ow)):
        total = bias[m]
        for c, i, j in itertools.product(range(per_group), range(kh), range(kw)):
            row, column = sh * p + dh * i - ph, sw * q + dw * j - pw
            if 0 <= row < h and 0 <= column < w:
                channel = m // (o // groups) * per_group + c
                total += kernel[m, c, i, j] * x[n, channel, row, column]
        y[n, m, p, q] = total
    return y


@cases
def test_against_loops(rng, x, kernel, settings) -> None:
    x, kernel, bias = rng.normal(size=x), rng.normal(size=kernel), rng.normal(size=kernel[0])
    expected = by_loops(x, kernel, bias, **settings)
    np.testing.assert_allclose(conv2d(x, kernel, bias, **settings).data, expected, atol=1e-12)


def test_blocks_add_up_to_the_batch(rng) -> None:
    """More images than fit into one block: the last block is a smaller one."""
    x = rng.normal(size=(21, 8, 24, 24)).astype(np.float32)
    layer = Conv2d(8, 4, 3, rng, padding="same")
    whole = Tensor(x, requires_grad=True)
    y = layer(whole)
    grads = gradients((y * y).sum())
    weight = np.zeros(layer.weight.shape)
    for i in range(21):
        single = Tensor(x[i : i + 1], requires_grad=True)
        z = layer(single)
        np.testing.assert_allclose(z.data[0], y.data[i], rtol=1e-4, atol=1e-4)
        alone = gradients((z * z).sum())
        np.testing.assert_allclose(alone[single][0], grads[whole][i], rtol=1e-3, atol=1e-3)
        weight += alone[layer.weight]
    np.testing.assert_allclose(weight, grads[layer.weight], rtol=1e-3)


def test_conv1d_is_conv2d_of_height_one(rng) -> None:
    x, kernel, bias = rng.normal(size=(2, 4, 9)), rng.normal(size=(6, 2, 3)), rng.normal(size=6)
    settings = {"stride": 2, "padding": 1, "dilation": 2}
    y = conv1d(Tensor(x), Tensor(kernel), Tensor(bias), groups=2, **settings)
    expected = by_loops(
        x[:, :, None],
        kernel[:, :, None],
        bias,
        groups=2,
        **{k: (0 if k == "padding" else 1, v) for k, v in settings.items()},
    )
    np.testing.assert_allclose(y.data, expected[:, :, 0], atol=1e-12)


def test_same_keeps_the_size(rng) -> None:
    x = Tensor(np.ones((1, 2, 7, 6), np.float32))
    assert Conv2d(2, 3, (5, 3), rng, padding="same")(x).shape == (1, 3, 7, 6)
    assert Conv2d(2, 3, 3, rng, padding="same", dilation=3)(x).shape == (1, 3, 7, 6)
    assert Conv1d(2, 3, 5, rng, padding="same")(x[:, :, 0]).shape == (1, 3, 6)
    for wrong in ({"stride": 2}, {"kernel": 2}):
        settings = {"kernel": 3, "padding": "same", **wrong}
        with pytest.raises(SettingsError, match="same"):
            Conv2d(2, 3, settings.pop("kernel"), rng, **settings)


def test_translation_moves_the_output_along(rng) -> None:
    x = np.zeros((1, 1, 12, 12))
    x[..., 3:6, 3:6] = rng.normal(size=(3, 3))
    layer = Conv2d(1, 2, 3, rng, padding=1, dtype=np.float64)
    moved = np.roll(x, (2, 4), axis=(2, 3))
    np.testing.assert_allclose(
        layer(Tensor(moved)).data, np.roll(layer(Tensor(x)).data, (2, 4), axis=(2, 3)), atol=1e-12
    )


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"stride": 2, "output_padding": 1},
        {"stride": 3, "padding": 1, "output_padding": 2},
        {"dilation": 2, "stride": 3, "output_padding": 1},
        {"groups": 2, "padding": 1},
    ],
    ids=str,
)
def test_transposed_convolution_is_the_adjoint(rng, settings) -> None:
    """<conv(x), y> = <x, transposed(y)> for one kernel, whatever x and y."""
    groups = settings.get("groups", 1)
    border = Padding(settings.get("padding", 0), output=settings.get("output_padding", 0))
    others = {k: v for k, v in settings.items() if "padding" not in k}
    layer = ConvTranspose2d(4, 6, 3, rng, padding=border, dtype=np.float64, **others)
    y = rng.normal(size=(2, 4, 5, 4))
    spread = layer(Tensor(y)).data
    x = rng.normal(size=spread.shape)
    back = {k: v for k, v in settings.items() if k != "output_padding"}
    seen = conv2d(x, layer.weight.data, np.zeros(4), **back).data
    assert layer.weight.shape == (4, 6 // groups, 3, 3)
    assert np.vdot(seen, y) == pytest.approx(np.vdot(x, spread))


def test_first_values_keep_the_variance(rng) -> None:
    x = Tensor(np.maximum(rng.normal(size=(4, 64, 16, 16)), 0).astype(np.float32))
    y = Conv2d(64, 64, 3, rng)(x).data
    assert y.std() == pytest.approx(1, rel=0.1)


def test_complaints(rng) -> None:
    x = np.ones((1, 3, 5, 5))
    kernel, bias = np.ones((2, 3, 3, 3)), np.zeros(2)
    with pytest.raises(ShapeError, match=r"\(b, c, h, w\)"):
        conv2d(x[0], kernel, bias)
    with pytest.raises(ShapeError, match="4 channels"):
        conv2d(x, np.ones((2, 4, 3, 3)), bias)
    with pytest.raises(ShapeError, match="does not fit"):
        conv2d(x, np.ones((2, 3, 6, 3)), bias)
    with pytest.raises(SettingsError, match="groups"):
        Conv2d(3, 4, 3, rng, groups=2)
    with pytest.raises(SettingsError, match="stride"):
        Conv2d(3, 4, 3, rng, stride=0)
    with pytest.raises(SettingsError, match="output_padding"):
        layer = ConvTranspose2d(3, 4, 3, rng, stride=2, padding=Padding(output=2))
        layer(Tensor(x.astype(np.float32)))
    for kind, padding, message in (
        (Conv2d, Padding(1, output=1), "for transposed convolutions, Conv2d got"),
        (ConvTranspose1d, Padding(1, "circular"), 'ConvTranspose1d pads with "zeros" only'),
        (ConvTranspose1d, "same", "not transposed"),
        (Conv1d, (1, 1), "Conv1d: padding is one whole number"),
        (Conv2d, "valid", "Conv2d got 'valid'"),
    ):
        with pytest.raises(SettingsError, match=message):
            kind(3, 4, 3, rng, padding=padding)


def test_a_padding_of_zeros_is_the_number(rng) -> None:
    """The three ways to say a border of zeros give one layer, and repr shows what was given."""
    x = rng.normal(size=(1, 2, 6, 7)).astype(np.float32)
    layers = [
        Conv2d(2, 3, 3, np.random.default_rng(1), padding=padding)
        for padding in (1, (1, 1), "same", Padding(1), Padding("same"))
    ]
    first, *others = (layer(x).data for layer in layers)
    for y in others:
        np.testing.assert_array_equal(y, first)
    assert "padding='same'" in repr(layers[2])
    assert "padding=Padding(width='same', mode='zeros', output=0)" in repr(layers[4])


def test_sizes_of_one_axis_may_be_a_tuple(rng) -> None:
    x = rng.normal(size=(1, 2, 9)).astype(np.float32)
    plain = Conv1d(2, 3, 3, np.random.default_rng(1), stride=2, padding=1, dilation=2)
    tuples = Conv1d(2, 3, (3,), np.random.default_rng(1), stride=(2,), padding=(1,), dilation=(2,))
    np.testing.assert_array_equal(plain(x).data, tuples(x).data)
