"""TENER's attention: what it sees of distance and direction."""

from __future__ import annotations

import numpy as np
import pytest

from pmt_autograd import Tensor, gradients
from pmt_core import SettingsError, ShapeError
from pmt_nn import (
    RelativeAttention,
    SelfAttention,
    capture,
    relative_attention,
)

MASK = np.arange(5) < np.array([[5], [3], [0]])


@pytest.mark.parametrize(
    ("dtype", "size"), [(np.float32, 0.5), (np.float64, 0.5), (np.float64, 12.0)]
)
@pytest.mark.parametrize("mask", [None, MASK, np.tril(np.ones((1, 5, 5), bool))])
def test_fused_equals_the_table_of_all_offsets(rng, dtype, size: float, mask) -> None:
    """Also where scores are in the hundreds."""
    shapes = [(3, 5, 24), (2, 4), (2, 4)]
    arrays = [(rng.normal(size=s) * size).astype(dtype) for s in shapes]
    results = []
    for function in (relative_attention, relative_attention.composed):
        leaves = [Tensor(a, requires_grad=True) for a in arrays]
        y = function(*leaves, mask=mask)
        grads = gradients((y * y).sum())
        results.append([y.data, *(grads[leaf] for leaf in leaves)])
    tolerance = 1e-10 if dtype == np.float64 else 3e-4
    for a, b in zip(*results, strict=True):
        scale = max(float(np.abs(b).max()), 1.0)
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance * scale)


def test_the_score_of_an_offset_by_hand() -> None:
    """One head of width 2 asks for nothing but sin(s - t): the key to the right scores most."""
    qkv = np.zeros((1, 3, 6))
    qkv[0, :, 4] = [1, 2, 3]  # values
    position_bias = np.array([[4.0, 0.0]])
    y = relative_attention(Tensor(qkv), np.zeros((1, 2)), position_bias).data[0, :, 0]
    offsets = np.arange(3) - np.arange(3)[:, np.newaxis]
    weights = np.exp(4 * np.sin(offsets))
    weights /= weights.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(y, weights @ [1, 2, 3], rtol=1e-12)


def test_it_sees_order_where_plain_attention_does_not(rng) -> None:
    x = Tensor(rng.normal(size=(1, 5, 8)).astype(np.float32))
    back = Tensor(x.data[:, ::-1].copy())
    plain = SelfAttention(8, 2, rng)
    np.testing.assert_allclose(plain(back).data[:, ::-1], plain(x).data, atol=1e-5)
    relative = RelativeAttention(8, 2, rng)
    assert np.abs(relative(back).data[:, ::-1] - relative(x).data).max() > 0.1


def test_only_offsets_count_not_where_the_sentence_begins(rng) -> None:
    attention = RelativeAttention(8, 2, rng, dtype=np.float64)
    x = rng.normal(size=(1, 5, 8))
    later = np.concatenate([rng.normal(size=(1, 40, 8)), x], axis=1)
    mask = np.arange(45)[np.newaxis] >= 40
    np.testing.assert_allclose(
        attention(Tensor(later), mask).data[:, 40:], attention(Tensor(x)).data, atol=1e-10
    )


def test_blocks_of_a_large_batch_equal_each_alone(rng) -> None:
    attention = RelativeAttention(16, 4, rng)
    x = rng.normal(size=(30, 60, 16)).astype(np.float32)
    mask = np.arange(60) < rng.integers(1, 61, (30, 1))
    together = attention(Tensor(x), mask).data
    for i in (0, 9, 29):
        alone = attention(Tensor(x[i : i + 1]), mask[i : i + 1]).data
        np.testing.assert_allclose(together[i], alone[0], atol=1e-5)


def test_its_weights_can_be_looked_at(rng) -> None:
    attention = RelativeAttention(8, 2, rng, dtype=np.float64)
    x = Tensor(rng.normal(size=(3, 5, 8)))
    with capture(attention) as seen:
        y = attention(x, MASK)
    weights = seen["weights"]
    values = attention.qkv(x).data[..., 16:].reshape(3, 5, 2, 4).swapaxes(1, 2)
    mixed = (weights @ values).swapaxes(1, 2).reshape(3, 5, 8)
    np.testing.assert_allclose(attention.project(Tensor(mixed)).data, y.data, atol=1e-12)
    assert (weights[1, :, :, 3:] == 0).all()


def test_complaints(rng) -> None:
    with pytest.raises(SettingsError, match="even"):
        RelativeAttention(6, 2, rng)
    with pytest.raises(ShapeError, match="3d"):
        relative_attention(np.zeros((1, 2, 9)), np.zeros((1, 4)), np.zeros((1, 4)))
