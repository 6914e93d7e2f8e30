"""Norms over several axes; layers without biases and weights; borders of convolutions."""

from __future__ import annotations

import numpy as np
import pytest

import pmt_nn as nn
from pmt_autograd import Tensor, gradients
from pmt_core import SettingsError, ShapeError
from pmt_nn.convolution.padding import pad_border


def stream() -> np.random.Generator:
    return np.random.default_rng(5)


def test_layer_norm_of_several_axes_by_hand(rng) -> None:
    x = rng.normal(size=(2, 3, 4, 5)) + 3
    layer = nn.LayerNorm((4, 5), eps=0.0, dtype=np.float64)
    assert layer.weight.shape == layer.bias.shape == (4, 5)
    expected = (x - x.mean(axis=(2, 3), keepdims=True)) / x.std(axis=(2, 3), keepdims=True)
    np.testing.assert_allclose(layer(x).data, expected)
    assert repr(layer).startswith("LayerNorm((4, 5)")
    squares = nn.RMSNorm((4, 5), eps=0.0, dtype=np.float64)(x).data
    np.testing.assert_allclose(np.square(squares).mean(axis=(2, 3)), np.ones((2, 3)))


@pytest.mark.parametrize(
    ("make", "names"),
    [
        (lambda rng: nn.LayerNorm(4, affine=False), []),
        (lambda rng: nn.LayerNorm(4, bias=False), ["weight"]),
        (lambda rng: nn.RMSNorm(4, affine=False), []),
        (lambda rng: nn.GroupNorm(2, 4, affine=False), []),
        (lambda rng: nn.GroupNorm(2, 4, bias=False), ["weight"]),
        (lambda rng: nn.BatchNorm1d(4, affine=False), []),
        (lambda rng: nn.BatchNorm1d(4, bias=False), ["weight"]),
        (lambda rng: nn.Linear(4, 4, rng, bias=False), ["weight"]),
        (lambda rng: nn.RNNCell(4, 3, rng, bias=False), ["input.weight", "weight"]),
        (lambda rng: nn.GRUCell(4, 3, rng, bias=False), ["input.weight", "weight"]),
        (lambda rng: nn.LSTMCell(4, 3, rng, bias=False), ["input.weight", "weight"]),
    ],
)
def test_parameters_that_are_left_out(make, names: list[str], rng) -> None:
    module = make(stream())
    assert [name for name, _ in module.named_parameters()] == names
    x = Tensor(rng.normal(size=(5, 4)), requires_grad=True)
    y = module(x)
    y = y[0] if isinstance(y, tuple) else y
    assert set(gradients((y * y * y).sum())) >= {x}
    module.eval().load_state_dict(module.state_dict())
    module(x)


def test_batch_norm_without_weights_uses_running_statistics_in_evaluation(rng) -> None:
    layer, x = nn.BatchNorm1d(3, affine=False, momentum=1.0), rng.normal(size=(50, 3)) * 3 + 1
    layer(x.astype(np.float32))
    y = layer.eval()(x.astype(np.float32)).data
    np.testing.assert_allclose(y.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(y.std(axis=0), np.sqrt(49 / 50), rtol=1e-4)


def test_lengths_of_a_norm_are_checked(rng) -> None:
    for wrong in ((), (3, 0), (True,), (2.0, 3)):
        with pytest.raises(SettingsError, match="LayerNorm"):
            nn.LayerNorm(wrong)
    for layer in (nn.LayerNorm((3, 4)), nn.LayerNorm((3, 4), affine=False), nn.RMSNorm((3, 4))):
        with pytest.raises(ShapeError, match=r"\(3, 4\) got shape"):
            layer(np.zeros((2, 4, 3)))
        with pytest.raises(ShapeError):
            layer(np.zeros(4))
    with pytest.raises(ShapeError, match="GroupNorm of 4 channels"):
        nn.GroupNorm(2, 4, affine=False)(np.zeros((2, 6, 3)))
    for function in (nn.layer_norm, lambda x, w, b, **s: nn.rms_norm(x, w, **s)):
        with pytest.raises(ShapeError):
            function(np.zeros((2, 3)), None, None, axes=3)


# --- recurrent cells ------------------------------------------------------------------------------


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("kind", ["RNN", "GRU", "LSTM"])
def test_steps_of_a_cell_are_the_network(kind: str, bias: bool, rng, stir) -> None:
    network = stir(getattr(nn, kind)(4, 3, stream(), bias=bias))
    cell = getattr(nn, f"{kind}Cell")(4, 3, stream(), bias=bias)
    cell.load_state_dict(
        {name.removeprefix("cells.0."): array for name, array in network.state_dict().items()}
    )
    x = rng.normal(size=(2, 5, 4)).astype(np.float32)
    outputs, last = network(x)
    state = None
    for i in range(5):
        state = cell(x[:, i], state)
        hidden = state[0] if kind == "LSTM" else state
        np.testing.assert_allclose(hidden.data, outputs.data[:, i], rtol=1e-5, atol=1e-6)
    if kind == "LSTM":
        np.testing.assert_allclose(state[1].data, last[1].data[0], rtol=1e-5, atol=1e-6)


def test_shapes_of_a_cell_are_checked() -> None:
    cell = nn.GRUCell(4, 3, stream())
    with pytest.raises(ShapeError, match=r"GRUCell needs x \(b, 4\)"):
        cell(np.zeros((2, 5)))
    with pytest.raises(ShapeError, match=r"state \(2, 3\)"):
        cell(np.zeros((2, 4)), np.zeros((1, 3)))


# --- borders --------------------------------------------------------------------------------------


def test_borders_by_hand() -> None:
    x = Tensor(np.array([1.0, 2.0, 3.0]), requires_grad=True)
    by_hand = {
        "reflect": ([3, 2, 1, 2, 3, 2, 1], [2, 3, 2]),
        "replicate": ([1, 1, 1, 2, 3, 3, 3], [3, 1, 3]),
        "circular": ([2, 3, 1, 2, 3, 1, 2], [2, 3, 2]),
    }
    for mode, (expected, slopes) in by_hand.items():
        y = pad_border(x, widths=(2,), mode=mode)
        assert y.data.tolist() == expected
        assert gradients(y.sum())[x].tolist() == slopes
    for mode, width in (("reflect", 3), ("circular", 4)):
        with pytest.raises(ShapeError, match="reduce the padding"):
            pad_border(x, widths=(width,), mode=mode)


def test_a_circular_convolution_commutes_with_shifts(rng) -> None:
    layer = nn.Conv2d(2, 3, 3, stream(), padding=nn.Padding("same", "circular"))
    x = rng.normal(size=(1, 2, 5, 6)).astype(np.float32)
    shifted = layer(np.roll(x, (2, 1), axis=(2, 3))).data
    np.testing.assert_allclose(shifted, np.roll(layer(x).data, (2, 1), axis=(2, 3)), atol=1e-5)
    assert "Padding(width='same', mode='circular', output=0)" in repr(layer)


@pytest.mark.parametrize("mode", ["zeros", "reflect", "replicate", "circular"])
def test_layers_of_every_mode(mode: str, rng) -> None:
    x = rng.normal(size=(2, 4, 6, 7))
    border = nn.Padding((2, 1), mode)
    image = nn.Conv2d(4, 2, (3, 2), stream(), padding=border, dtype=np.float64)
    numpy_modes = {"zeros": "constant", "replicate": "edge", "circular": "wrap"}
    widths = ((0, 0), (0, 0), (2, 2), (1, 1))
    padded = np.pad(x, widths, mode=numpy_modes.get(mode, mode))
    expected = nn.conv2d(padded, image.weight, image.bias)
    np.testing.assert_allclose(image(x).data, expected.data)
    sequence = nn.Conv1d(4, 2, 3, stream(), padding=nn.Padding(1, mode), bias=False)
    assert sequence(x[:, :, 0]).shape == (2, 2, 7)


def test_an_unknown_padding_mode_is_named() -> None:
    with pytest.raises(SettingsError, match="mode of a Padding is one of zeros, reflect"):
        nn.Conv1d(2, 2, 3, stream(), padding=nn.Padding(1, "mirror"))
