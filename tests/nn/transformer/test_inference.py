"""Layers on arrays equal the layers on the tape, and step aside when anybody looks."""

from __future__ import annotations

import numpy as np
import pytest

from pmt_autograd import Tensor, no_grad, operation_hook
from pmt_nn import TransformerConfig, TransformerEncoder, capture


@pytest.mark.parametrize("norm_first", [True, False])
@pytest.mark.parametrize("activation", ["gelu", "gelu_exact", "relu"])
@pytest.mark.parametrize("bias", [True, False])
def test_values_are_those_of_the_layers(rng, norm_first, activation, bias) -> None:
    config = TransformerConfig(
        width=8, heads=2, hidden=12, layers=3, norm_first=norm_first, activation=activation,
        bias=bias,
    )  # fmt: skip
    encoder = TransformerEncoder(config, rng).eval()
    x = Tensor(rng.normal(size=(4, 6, 8)).astype(np.float32))
    before = x.data.copy()
    for mask in (None, np.arange(6) < np.array([[6], [2], [0], [5]])):
        recorded = encoder(x, mask).data
        with no_grad():
            inferred = encoder(x, mask)
        assert inferred.dtype == np.float32
        np.testing.assert_allclose(inferred.data, recorded, atol=2e-6)
    np.testing.assert_array_equal(x.data, before)


@pytest.mark.parametrize("norm_first", [True, False])
def test_relative_attention_on_the_rows_of_tokens(rng, norm_first) -> None:
    """Gaps are positions that count, so a mask with gaps is computed with its padding."""
    config = TransformerConfig(
        width=8, heads=2, hidden=12, layers=2, norm_first=norm_first, positions="tener"
    )
    encoder = TransformerEncoder(config, rng).eval()
    x = Tensor(rng.normal(size=(4, 6, 8)).astype(np.float32))
    gaps = rng.random((4, 6)) < 0.6
    for mask in (None, np.arange(6) < np.array([[6], [2], [0], [5]]), gaps):
        recorded = encoder(x, mask).data
        with no_grad():
            np.testing.assert_allclose(encoder(x, mask).data, recorded, atol=2e-6)


def test_few_rows_of_wide_layers(rng) -> None:
    """The product is cut along its sum."""
    config = TransformerConfig(width=288, heads=2, hidden=640, layers=1, norm_first=False)
    encoder = TransformerEncoder(config, rng).eval()
    x = Tensor(rng.normal(size=(1, 13, 288)).astype(np.float32))
    recorded = encoder(x).data
    with no_grad():
        np.testing.assert_allclose(encoder(x).data, recorded, atol=1e-5)


def test_hooks_dropout_and_positions_take_the_ordinary_way(rng) -> None:
    config = TransformerConfig(width=8, heads=2, hidden=12, layers=2, dropout=0.5)
    encoder = TransformerEncoder(config, rng).eval()
    x = Tensor(rng.normal(size=(2, 3, 8)).astype(np.float32))
    names: list[str] = []

    def noted(name, function):
        names.append(name)
        return function

    with no_grad():
        plain = encoder(x).data
        with operation_hook(noted):
            encoder(x)
        assert "feed_forward" in names
        with capture(encoder, outputs=True) as seen:
            encoder(x)
        assert "layers.1.output" in seen
        encoder.train()
        assert np.abs(encoder(x, rng=np.random.default_rng(1)).data - plain).max() > 1e-3
    rotary = TransformerEncoder(
        TransformerConfig(width=8, heads=2, hidden=12, layers=1, positions="rotary"), rng
    ).eval()
    recorded = rotary(x).data
    with no_grad():
        np.testing.assert_allclose(rotary(x).data, recorded, atol=1e-6)
