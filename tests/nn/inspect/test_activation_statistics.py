"""`activation_statistics`: dead units and saturated values, by hand and for each function."""

from __future__ import annotations

import numpy as np
import pytest

from pmt_autograd import Tensor
from pmt_core import SettingsError
from pmt_nn import (
    GELU,
    LSTM,
    Conv2d,
    FeedForward,
    Linear,
    Module,
    ReLU,
    Sequential,
    Sigmoid,
    SiLU,
    Tanh,
    activation_statistics,
)


def biased(values: list[float], activation: Module) -> Module:
    """Return a layer whose units are x + values, and an activation."""
    linear = Linear(1, len(values), np.random.default_rng(0))
    linear.weight.data[...] = 1
    assert linear.bias is not None
    linear.bias.data[...] = values
    return Sequential(linear, activation)


X = np.linspace(-1, 1, 41, dtype=np.float32)[:, None]


@pytest.mark.parametrize(
    ("activation", "name"),
    [(ReLU(), "relu"), (GELU(), "gelu"), (GELU(exact=True), "gelu_exact"), (SiLU(), "silu")],
)
def test_dead_units(activation, name):
    model = biased([0.0, -9.0, 2.0, -8.0], activation)
    with activation_statistics(model) as counts:
        model(Tensor(X))
    (counted,) = counts.values()
    assert counted.function == name
    assert counted.active.tolist() == [True, False, True, False]
    assert counted.dead_fraction == 0.5
    assert counted.saturated_fraction == 0


@pytest.mark.parametrize(("activation", "name"), [(Tanh(), "tanh"), (Sigmoid(), "sigmoid")])
def test_saturated_values(activation, name):
    model = biased([0.0, -9.0, 9.0, 0.5], activation)
    with activation_statistics(model) as counts:
        model(Tensor(X))
    assert counts[f"parts.1.{name}"].saturated_fraction == 0.5
    assert counts[f"parts.1.{name}"].dead_fraction == 0


def test_the_hidden_layer_of_the_fused_network():
    model = FeedForward(3, 5, np.random.default_rng(1), activation="relu")
    assert model.up.bias is not None
    model.up.bias.data[...] = [-50, 0, 0, 50, -50]
    with activation_statistics(model) as counts:
        model(Tensor(np.random.default_rng(2).normal(size=(2, 30, 3)).astype(np.float32)))
    (counted,) = counts.values()
    assert counted.active.tolist() == [False, True, True, True, False]


def test_channels_and_states():
    rng = np.random.default_rng(0)
    model = Sequential(Conv2d(1, 3, 3, rng), ReLU())
    bias = model[0].bias
    assert bias is not None
    bias.data[...] = [-100, 0, 100]
    with activation_statistics(model) as counts:
        model(Tensor(rng.normal(size=(2, 1, 8, 8)).astype(np.float32)))
    assert counts["parts.1.relu"].active.tolist() == [False, True, True]
    lstm = LSTM(4, 6, rng)
    with activation_statistics(lstm) as counts:
        lstm(Tensor(rng.normal(size=(2, 5, 4)).astype(np.float32)))
    assert counts["lstm_scan"].values == 2 * 5 * 6


def test_passes_are_merged_and_rows_are_few():
    model = biased([0.0, -0.5, -9.0], ReLU())
    with activation_statistics(model, rows=10) as counts:
        model(Tensor(X[:15]))  # negative
        assert not counts["parts.1.relu"].active.any()
        model(Tensor(X))
    assert counts["parts.1.relu"].active.tolist() == [True, True, False]
    assert counts["parts.1.relu"].values == 3 * (8 + 9)
    assert counts.seconds > 0
    with pytest.raises(SettingsError), activation_statistics(model, rows=0):
        pass


def test_nothing_changes():
    model = biased([0.0, -9.0], Tanh())

    def passed() -> tuple[bytes, bytes]:
        x = Tensor(X.copy(), requires_grad=True)
        y = model(x)
        y.sum().backward()
        return y.data.tobytes(), np.asarray(x.grad).tobytes()

    before, attributes = passed(), set(vars(model))
    with activation_statistics(model):
        assert passed() == before
    assert set(vars(model)) == attributes
