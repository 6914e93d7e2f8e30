"""Dropout: its statistics, its streams, and when it acts."""

from __future__ import annotations

import numpy as np
import pytest
from inputs import stream

from pmt_autograd import Tensor, gradients
from pmt_core import SettingsError, StateError
from pmt_nn import Dropout, FeedForward, SelfAttention, TransformerConfig, TransformerEncoder
from pmt_nn.layers.dropout import keep_mask


@pytest.mark.parametrize("rate", [0.0, 0.1, 0.5, 0.9])
def test_keep_mask_meets_the_rate(rate: float) -> None:
    n = 400_000
    mask = keep_mask(stream(), (n,), rate)
    assert mask.dtype == np.bool_
    five_sigma = 5 * np.sqrt(rate * (1 - rate) / n)
    assert abs(1 - mask.mean() - rate) <= five_sigma + 1 / 131072


def test_keep_mask_is_independent_between_neighbors() -> None:
    """Four elements come out of one random word: they must not hang together."""
    mask = keep_mask(stream(3), (100_000, 4), 0.5).astype(float)
    correlation = np.corrcoef(mask.T) - np.eye(4)
    assert np.abs(correlation).max() < 5 / np.sqrt(100_000)


@pytest.mark.parametrize("kind", [np.random.Philox, np.random.PCG64, np.random.MT19937])
def test_keep_mask_takes_the_same_bits_from_every_kind_of_generator(kind) -> None:
    """As drawn by `integers`: histories of earlier versions stay, and MT19937 has 32 bits."""
    words = np.random.Generator(kind(3)).integers(0, 1 << 64, 125, np.uint64)
    bits, mask = words.view(np.uint8), keep_mask(np.random.Generator(kind(3)), (1000,), 0.5)
    decided = bits != 128  # the others are decided by another number
    assert (mask == (bits >= 128))[decided].all()
    assert decided.sum() > 980


@pytest.mark.parametrize("shape", [(), (1,), (3,), (5, 7), (0, 3)])
def test_keep_mask_of_every_shape(shape: tuple[int, ...]) -> None:
    assert keep_mask(stream(), shape, 0.5).shape == shape


def test_values_are_zero_or_scaled_up() -> None:
    y = Dropout(0.25)(Tensor(np.full(1000, 3.0, np.float32)), stream()).data
    assert set(np.unique(y)) == {np.float32(0), np.float32(4)}
    assert y.dtype == np.float32


def test_the_expected_value_stays() -> None:
    y = Dropout(0.3)(Tensor(np.ones(400_000, np.float32)), stream()).data
    assert y.mean() == pytest.approx(1, abs=5 * np.sqrt(0.3 / 0.7 / 400_000))


def test_the_gradient_goes_through_the_kept_ones() -> None:
    x = Tensor(np.ones(100), requires_grad=True)
    y = Dropout(0.5)(x, stream())
    np.testing.assert_array_equal(gradients(y.sum())[x], y.data)


def test_a_stream_says_what_is_dropped() -> None:
    x, layer = Tensor(np.ones((20, 20))), Dropout(0.5)
    np.testing.assert_array_equal(layer(x, stream(1)).data, layer(x, stream(1)).data)
    assert (layer(x, stream(1)).data != layer(x, stream(2)).data).any()
    continued = stream(1)
    assert (layer(x, continued).data != layer(x, continued).data).any()


@pytest.mark.parametrize("rate", [0.0, 0.5])
def test_in_evaluation_or_at_rate_zero_nothing_happens(rate: float) -> None:
    x = Tensor(np.ones(5))
    layer = Dropout(rate)
    if rate:
        layer.eval()
    assert layer(x) is x
    rng = stream()
    before = rng.bit_generator.state["state"]["counter"].copy()
    layer(x, rng)
    np.testing.assert_array_equal(rng.bit_generator.state["state"]["counter"], before)


@pytest.mark.parametrize("rate", [-0.1, 1.0, 1.5, float("nan")])
def test_a_rate_that_is_none_is_refused(rate: float) -> None:
    with pytest.raises(SettingsError, match="rate"):
        Dropout(rate)


@pytest.mark.parametrize(
    "model",
    [
        Dropout(0.1),
        FeedForward(4, 8, stream(), dropout=0.1),
        SelfAttention(4, 2, stream(), dropout=0.1),
        TransformerEncoder(
            TransformerConfig(width=4, heads=2, hidden=8, layers=1, dropout=0.1), stream()
        ),
    ],
    ids=lambda model: type(model).__name__,
)
def test_training_without_a_stream_is_an_error(model) -> None:
    x = Tensor(np.ones((2, 3, 4), np.float32))
    with pytest.raises(StateError, match="rng"):
        model(x)
    model.eval()
    model(x)


def test_the_encoder_drops_by_its_stream_alone() -> None:
    model = TransformerEncoder(
        TransformerConfig(width=8, heads=2, hidden=16, layers=2, dropout=0.2), stream()
    )
    x = Tensor(stream(5).normal(size=(2, 4, 8)).astype(np.float32))
    np.testing.assert_array_equal(model(x, rng=stream(1)).data, model(x, rng=stream(1)).data)
    assert np.abs(model(x, rng=stream(1)).data - model(x, rng=stream(2)).data).max() > 0.01
