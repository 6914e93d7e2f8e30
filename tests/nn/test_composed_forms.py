"""Each fused function equals its composed twin: values and gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pmt_autograd import Tensor, gradients
from pmt_nn import (
    attention,
    avg_pool2d,
    causal_mask,
    conv_transpose2d,
    cross_entropy,
    gelu,
    gelu_exact,
    layer_norm,
    linear,
    max_pool2d,
    packed_attention,
    tied_linear,
)

KEYS = np.array([[True, True, True, False], [True, False, False, False]])
NOTHING = np.array([[False] * 4, [True, True, False, True]])


def outcome(
    function: Callable[..., Tensor], arrays: list[np.ndarray], dtype: Any, **settings: Any
) -> list[np.ndarray]:
    """Value and all gradients of sum(value^2)."""
    leaves = [Tensor(x.astype(dtype), requires_grad=True) for x in arrays]
    value = function(*leaves, **settings)
    found = gradients((value * value).sum())
    return [value.data, *(np.asarray(found[leaf]) for leaf in leaves)]


def assert_twins(
    fused: Callable[..., Tensor],
    composed: Callable[..., Tensor],
    arrays: list[np.ndarray],
    **settings: Any,
) -> None:
    for dtype, rtol in ((np.float64, 1e-10), (np.float32, 2e-5)):
        a = outcome(fused, arrays, dtype, **settings)
        b = outcome(composed, arrays, dtype, **settings)
        for x, y in zip(a, b, strict=True):
            scale = max(float(np.abs(y).max(initial=0)), 1.0)
            np.testing.assert_allclose(x, y, rtol=rtol, atol=rtol * scale)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(5)


@pytest.mark.parametrize("shape", [(5, 4), (2, 5, 4), (4,), (0, 4)])
def test_linear(rng: np.random.Generator, shape: tuple[int, ...]) -> None:
    arrays = [rng.normal(size=s) for s in (shape, (4, 3), (3,))]
    assert_twins(linear, linear.composed, arrays)


@pytest.mark.parametrize("shape", [(5, 4), (2, 5, 4), (4,), (0, 4)])
def test_tied_linear(rng: np.random.Generator, shape: tuple[int, ...]) -> None:
    arrays = [rng.normal(size=s) for s in (shape, (3, 4), (3,))]
    assert_twins(tied_linear, tied_linear.composed, arrays)


@pytest.mark.parametrize("shape", [(5, 8), (2, 5, 8), (8,)])
def test_layer_norm(rng: np.random.Generator, shape: tuple[int, ...]) -> None:
    arrays = [rng.normal(size=s) for s in (shape, (8,), (8,))]
    assert_twins(layer_norm, layer_norm.composed, arrays)
    assert_twins(layer_norm, layer_norm.composed, arrays, eps=1e-12)


def test_gelu(rng: np.random.Generator) -> None:
    assert_twins(gelu, gelu.composed, [rng.normal(size=(3, 4)) * 3])
    assert_twins(gelu, gelu.composed, [np.array([-30.0, 0.0, 30.0])])


@pytest.mark.parametrize("scale", [1.0, 1000.0])
def test_cross_entropy(rng: np.random.Generator, scale: float) -> None:
    logits = np.round(rng.normal(size=(6, 5)) * 2) / 2 * scale
    labels = rng.integers(0, 5, 6)
    assert_twins(
        lambda x: cross_entropy(x, labels, reduction="sum"),
        lambda x: cross_entropy.composed(x, labels),
        [logits],
    )


@pytest.mark.parametrize("scale", [1.0, 40.0])
@pytest.mark.parametrize(
    "mask",
    [
        None,
        KEYS,
        causal_mask(4),
        KEYS[:, np.newaxis] & causal_mask(4),
        NOTHING,
        np.zeros((2, 4), bool),
        np.random.default_rng(0).random((2, 2, 4, 4)) < 0.5,
    ],
    ids=["none", "keys", "causal", "keys and causal", "one row nothing", "all nothing", "by head"],
)
def test_attention(rng: np.random.Generator, mask: Any, scale: float) -> None:
    q, k, v = rng.normal(size=(3, 2, 4, 6))
    arrays = [q * scale, k * scale, v]  # scores up to thousands: the softmax is one-hot, not nan
    assert_twins(attention, attention.composed, arrays, heads=2, mask=mask)


@pytest.mark.parametrize("mask", [None, KEYS, NOTHING, causal_mask(4)])
def test_packed_attention(rng: np.random.Generator, mask: Any) -> None:
    qkv = rng.normal(size=(2, 4, 18))

    def apart(x: Tensor, **settings: Any) -> Tensor:
        return attention.composed(x[..., :6], x[..., 6:12], x[..., 12:], **settings)

    assert_twins(packed_attention, apart, [qkv], heads=3, mask=mask)


def test_gelu_exact(rng: np.random.Generator) -> None:
    assert_twins(gelu_exact, gelu_exact.composed, [rng.normal(size=(3, 4)) * 3])
    assert_twins(gelu_exact, gelu_exact.composed, [np.array([-30.0, 0.0, 30.0])])


GRIDS = [
    {"kernel": 2},
    {"kernel": 3, "stride": 2, "padding": 1},
    {"kernel": (2, 3), "stride": (1, 2)},
    {"kernel": 2, "stride": 3},
]


@pytest.mark.parametrize("settings", GRIDS, ids=str)
def test_pools(rng: np.random.Generator, settings: dict[str, Any]) -> None:
    x = rng.permutation(2 * 3 * 7 * 6).reshape(2, 3, 7, 6) / 10.0  # no ties
    assert_twins(max_pool2d, max_pool2d.composed, [x], **settings)
    assert_twins(avg_pool2d, avg_pool2d.composed, [x], **settings)
    assert_twins(avg_pool2d, avg_pool2d.composed, [x], count_include_pad=False, **settings)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"stride": 2, "padding": 1, "output_padding": 1},
        {"stride": (1, 3), "dilation": 2, "output_padding": (0, 2)},
        {"groups": 2, "padding": (2, 1)},
    ],
    ids=str,
)
def test_transposed_convolution(rng: np.random.Generator, settings: dict[str, Any]) -> None:
    o = 3 * settings.get("groups", 1)
    arrays = [rng.normal(size=s) for s in ((2, 4, 4, 5), (4, 3, 3, 2), (o,))]
    assert_twins(conv_transpose2d, conv_transpose2d.composed, arrays, **settings)


def test_cross_attention_of_another_length(rng: np.random.Generator) -> None:
    arrays = [rng.normal(size=(2, 3, 6)), *rng.normal(size=(2, 2, 4, 6))]
    assert_twins(attention, attention.composed, arrays, heads=2, mask=NOTHING)
