"""Attention against loops written from the paper, and what masks promise."""

from __future__ import annotations

from math import exp, sqrt

import numpy as np
import pytest

from pmt_autograd import Tensor, gradients
from pmt_core import DtypeError, SettingsError, ShapeError
from pmt_nn import (
    DropoutMask,
    SelfAttention,
    attention,
    attention_weights,
    causal_mask,
    masked_mean,
    packed_attention,
)
from pmt_nn.masks import head_mask


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(11)


def attention_by_loops(q, k, v, heads, allowed, factor=None):
    """Vaswani et al. 2017, eq. 1, one number at a time. allowed: (b, h, t, s) booleans."""
    b, t, d = q.shape
    s, width = k.shape[1], d // heads
    output = np.zeros((b, t, d))
    weights = np.zeros((b, heads, t, s))
    for i in range(b):
        for h in range(heads):
            part = slice(h * width, (h + 1) * width)
            for j in range(t):
                places = [n for n in range(s) if allowed[i, h, j, n]]
                if not places:
                    continue
                scores = [float(np.dot(q[i, j, part], k[i, n, part])) / sqrt(width) for n in places]
                top = max(scores)
                powers = [exp(score - top) for score in scores]
                for n, power in zip(places, powers, strict=True):
                    weight = power / sum(powers)
                    weights[i, h, j, n] = weight
                    if factor is not None:
                        weight *= factor[i, h, j, n]
                    output[i, j, part] += weight * v[i, n, part]
    return output, weights


@pytest.mark.parametrize("kind", ["none", "keys", "causal", "by query", "by head", "nothing"])
def test_against_loops(rng: np.random.Generator, kind: str) -> None:
    b, h, t, s, d = 2, 3, 4, 5, 6
    if kind == "causal":
        s = t
    mask = {
        "none": None,
        "keys": rng.random((b, s)) < 0.6,
        "causal": causal_mask(t),
        "by query": rng.random((b, t, s)) < 0.6,
        "by head": rng.random((b, h, t, s)) < 0.6,
        "nothing": np.zeros((b, s), bool),
    }[kind]
    q, k, v = rng.normal(size=(b, t, d)), rng.normal(size=(b, s, d)), rng.normal(size=(b, s, d))
    allowed = np.ones((b, h, t, s), bool)
    if mask is not None:
        allowed = np.broadcast_to(head_mask(mask, b, t, s), allowed.shape)
    expected, weights = attention_by_loops(q, k, v, h, allowed)
    np.testing.assert_allclose(attention(q, k, v, heads=h, mask=mask).data, expected, atol=1e-12)
    np.testing.assert_allclose(attention_weights(q, k, heads=h, mask=mask), weights, atol=1e-12)


def test_dropped_weights_against_loops(rng: np.random.Generator) -> None:
    q, k, v = rng.normal(size=(3, 2, 4, 6))
    keep = rng.random((2, 2, 4, 4)) < 0.5
    allowed = np.ones((2, 2, 4, 4), bool)
    expected, _ = attention_by_loops(q, k, v, 2, allowed, factor=keep * 2.0)
    got = attention(q, k, v, heads=2, dropout_mask=DropoutMask(keep, 2.0)).data
    np.testing.assert_allclose(got, expected, atol=1e-12)


def test_packed_equals_apart(rng: np.random.Generator) -> None:
    qkv = rng.normal(size=(2, 5, 18))
    q, k, v = np.split(qkv, 3, axis=-1)
    mask = rng.random((2, 5)) < 0.7
    np.testing.assert_allclose(
        packed_attention(qkv, heads=3, mask=mask).data,
        attention(q, k, v, heads=3, mask=mask).data,
        atol=1e-13,
    )


def test_nothing_to_attend_to_gives_zeros_and_zero_gradients(rng: np.random.Generator) -> None:
    q, k, v = (Tensor(x, requires_grad=True) for x in rng.normal(size=(3, 2, 3, 4)))
    mask = np.array([[False, False, False], [True, True, False]])
    y = attention(q, k, v, heads=2, mask=mask)
    assert (y.data[0] == 0).all()
    assert (y.data[1] != 0).all()
    grads = gradients((y * y).sum() + y.sum())
    for leaf in (q, k, v):
        assert (grads[leaf][0] == 0).all()
        assert np.isfinite(grads[leaf]).all()
    assert (grads[v][1, 2] == 0).all()
    assert (grads[k][1, 2] == 0).all()


def test_masked_keys_may_hold_anything(rng: np.random.Generator) -> None:
    """Padding may carry any finite number: it must not leak into the result."""
    q, k, v = rng.normal(size=(3, 1, 3, 4)).astype(np.float32)
    mask = np.array([[True, True, False]])
    before = attention(q, k, v, heads=2, mask=mask).data
    k[:, 2], v[:, 2] = 1e18, -1e18
    np.testing.assert_array_equal(attention(q, k, v, heads=2, mask=mask).data, before)


@pytest.mark.parametrize("scale", [1e3, 1e6])
def test_huge_scores_choose_one_key(scale: float) -> None:
    q = np.array([[[scale]]], np.float32)
    k = np.array([[[1.0], [-1.0]]], np.float32)
    v = np.array([[[3.0], [5.0]]], np.float32)
    assert attention(q, k, v, heads=1).data.item() == 3.0
    assert attention(-q, k, v, heads=1).data.item() == 5.0


def test_causal_mask_by_hand() -> None:
    assert causal_mask(3).tolist() == [
        [[True, False, False], [True, True, False], [True, True, True]]
    ]


def test_a_mask_that_is_not_boolean_is_refused(rng: np.random.Generator) -> None:
    q = rng.normal(size=(2, 3, 4))
    with pytest.raises(DtypeError, match="boolean"):
        attention(q, q, q, heads=2, mask=np.ones((2, 3)))


@pytest.mark.parametrize("shape", [(3,), (2, 4), (3, 3), (2, 2, 2), (2, 2, 3, 4), (1, 1, 1, 1, 1)])
def test_a_mask_that_does_not_fit_is_refused(
    rng: np.random.Generator, shape: tuple[int, ...]
) -> None:
    q = rng.normal(size=(2, 3, 4))
    with pytest.raises(ShapeError, match="mask"):
        attention(q, q, q, heads=2, mask=np.ones(shape, bool))


def test_heads_must_divide_the_width(rng: np.random.Generator) -> None:
    q = rng.normal(size=(2, 3, 4))
    with pytest.raises(ShapeError, match="multiple"):
        attention(q, q, q, heads=3)
    with pytest.raises(SettingsError, match="multiple"):
        SelfAttention(4, 3, rng)


def test_self_attention_is_its_parts(rng: np.random.Generator) -> None:
    module = SelfAttention(6, 2, rng, dtype=np.float64)
    x = rng.normal(size=(2, 4, 6))
    q, k, v = np.split(x @ module.qkv.weight.data + module.qkv.bias.data, 3, axis=-1)
    mixed, _ = attention_by_loops(q, k, v, 2, np.ones((2, 2, 4, 4), bool))
    expected = mixed @ module.project.weight.data + module.project.bias.data
    np.testing.assert_allclose(module(Tensor(x)).data, expected, atol=1e-12)


def test_masked_mean_by_hand() -> None:
    x = Tensor(np.arange(12.0).reshape(2, 3, 2), requires_grad=True)
    mask = np.array([[True, False, True], [False, False, False]])
    y = masked_mean(x, mask)
    assert y.data.tolist() == [[2.0, 3.0], [0.0, 0.0]]
    grads = gradients(y.sum())[x]
    assert grads.tolist() == [[[0.5, 0.5], [0, 0], [0.5, 0.5]], [[0, 0]] * 3]


@pytest.mark.parametrize("level", [-500.0, -90.0, -41.0, -39.0, 0.0, 39.0, 41.0, 90.0, 500.0])
def test_scores_of_any_level_give_their_softmax(level: float) -> None:
    """With and without a shift before the exponential, beside a usual row and an empty one."""
    keys = np.array([1.0, 1.01, 0.98])
    q = np.array([level, 0.5, level]).reshape(3, 1, 1)
    k = np.tile(keys.reshape(1, 3, 1), (3, 1, 1))
    v = np.arange(3.0).reshape(1, 3, 1).repeat(3, axis=0)
    mask = np.array([[True, True, True], [True, True, True], [False, False, False]])
    result = attention(*(x.astype(np.float32) for x in (q, k, v)), heads=1, mask=mask).data
    for row, score in ((0, level), (1, 0.5)):
        weights = np.exp(score * keys - (score * keys).max())
        expected = weights @ np.arange(3.0) / weights.sum()
        np.testing.assert_allclose(result[row].item(), expected, rtol=2e-4)
    assert result[2].item() == 0


@pytest.mark.parametrize("width", [32, 33])
@pytest.mark.parametrize("t", [31, 32, 40])
def test_long_sequences_of_narrow_heads_are_the_composed_form(
    rng: np.random.Generator, t: int, width: int
) -> None:
    """On either side of the sizes from which a transposed matrix is copied before the product."""
    x = rng.normal(size=(3, t, 3 * 2 * width))
    grad = rng.normal(size=(3, t, 2 * width))
    results = []
    for form in (packed_attention, packed_attention.composed):
        qkv = Tensor(x, requires_grad=True)
        y = form(qkv, heads=2, mask=causal_mask(t))
        (y * grad).sum().backward()
        results.append((y.data, qkv.grad))
    for ours, plain in zip(*results, strict=True):
        np.testing.assert_allclose(ours, plain, rtol=1e-10, atol=1e-12)
