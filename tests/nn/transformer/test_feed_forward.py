"""The fused feed-forward network and residual dropout against their composed twins."""

from __future__ import annotations

import numpy as np
import pytest

from pmt_autograd import Tensor, gradients
from pmt_nn import DropoutMask, feed_forward
from pmt_nn.layers.dropout import add_dropped
from pmt_nn.transformer.feed_forward import ACTIVATIONS


def tensors(*shapes: tuple[int, ...], dtype: str = "float64") -> list[Tensor]:
    rng = np.random.default_rng(5)
    return [Tensor(rng.normal(size=shape).astype(dtype), requires_grad=True) for shape in shapes]


def value_and_gradients(make, inputs):
    out = make(*inputs)
    cotangent = np.random.default_rng(6).normal(size=out.shape).astype(out.dtype)
    grads = gradients(out, cotangent)
    return [out.data, *(grads[x] for x in inputs)]


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("dropped", [False, True])
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-12), ("float32", 2e-5)])
def test_feed_forward_equals_its_parts(
    activation: str, dropped: bool, dtype: str, tolerance: float
) -> None:
    n, t, d, f = 3, 100, 8, 500  # 150,000 hidden numbers: more than one block
    inputs = tensors((n, t, d), (d, f), (f,), (f, d), (d,), dtype=dtype)
    dropout_mask = DropoutMask(np.random.default_rng(7).random((n, t, f)) < 0.8, 1.25)
    settings = {"activation": activation, "dropout_mask": dropout_mask if dropped else None}
    fused = value_and_gradients(lambda *xs: feed_forward(*xs, **settings), inputs)
    composed = value_and_gradients(lambda *xs: feed_forward.composed(*xs, **settings), inputs)
    for first, other in zip(fused, composed, strict=True):
        assert first.dtype == np.dtype(dtype)
        np.testing.assert_allclose(
            first, other, rtol=tolerance, atol=tolerance * np.abs(other).max()
        )


@pytest.mark.parametrize("transposed", [False, True])
def test_a_residual_with_dropout_equals_its_parts(transposed: bool) -> None:
    x, y = tensors((600, 300), (600, 300))
    if transposed:
        x, y = (Tensor(z.data.T.copy().T, requires_grad=True) for z in (x, y))
    settings = {
        "dropout_mask": DropoutMask(np.random.default_rng(7).random((600, 300)) < 0.8, 1.25)
    }
    fused = value_and_gradients(lambda a, b: add_dropped(a, b, **settings), (x, y))
    composed = value_and_gradients(lambda a, b: add_dropped.composed(a, b, **settings), (x, y))
    for first, other in zip(fused, composed, strict=True):
        np.testing.assert_allclose(first, other, rtol=1e-12)


@pytest.mark.parametrize("infinite", [np.inf, -np.inf, np.nan])
def test_a_slope_of_zero_cuts_a_gradient_that_is_not_finite(infinite: float) -> None:
    """The hidden units are x and -x for relu: one of the two is off for each row of x."""
    x = Tensor(np.array([[2.0], [-3.0]]), requires_grad=True)
    parameters = [np.array([[1.0, -1.0]]), np.zeros(2), np.array([[1.0], [1.0]]), np.zeros(1)]
    leaves = [x, *(Tensor(p, requires_grad=i < 2) for i, p in enumerate(parameters))]
    results = gradients(feed_forward(*leaves, activation="relu"), np.array([[1.0], [infinite]]))
    by_bias = np.asarray(results[leaves[2]])
    assert by_bias[0] == 1  # the first unit is off for the second row
    assert not np.isfinite(by_bias[1])
