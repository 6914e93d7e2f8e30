"""Fused functions of vectors of length 0, of which `reshape(-1, 0)` does not know the number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pmt_autograd import Tensor, gradients
from pmt_nn import (
    RaggedLayout,
    feed_forward,
    from_ragged,
    group_norm,
    layer_norm,
    linear,
    rms_norm,
    tied_cross_entropy,
    tied_linear,
    to_ragged,
)

LAYOUT = RaggedLayout.of(np.array([[True, False], [True, True]]))
# function, shapes of its inputs, shape of the result
CASES: dict[str, tuple[Callable[..., Any], list[tuple[int, ...]], tuple[int, ...]]] = {
    "linear without inputs": (linear, [(2, 3, 0), (0, 4), (4,)], (2, 3, 4)),
    "linear without outputs": (linear, [(2, 3, 4), (4, 0), (0,)], (2, 3, 0)),
    "tied_linear of no width": (tied_linear, [(2, 3, 0), (4, 0), (4,)], (2, 3, 4)),
    "tied_linear of no rows": (tied_linear, [(2, 3, 4), (0, 4), (0,)], (2, 3, 0)),
    "layer_norm": (layer_norm, [(2, 3, 0), (0,), (0,)], (2, 3, 0)),
    "rms_norm": (rms_norm, [(2, 3, 0), (0,)], (2, 3, 0)),
    "group_norm": (lambda *x: group_norm(*x, groups=2), [(3, 4, 0), (4,), (4,)], (3, 4, 0)),
    "feed_forward": (feed_forward, [(2, 3, 0), (0, 5), (5,), (5, 4), (4,)], (2, 3, 4)),
    "to_ragged": (lambda x: to_ragged(x, layout=LAYOUT), [(2, 2, 0)], (3, 0)),
    "from_ragged": (lambda x: from_ragged(x, layout=LAYOUT), [(3, 0)], (2, 2, 0)),
}


@pytest.mark.parametrize("name", CASES)
def test_value_and_gradients_have_their_shapes(name: str) -> None:
    function, shapes, expected = CASES[name]
    inputs = [Tensor(np.ones(shape), requires_grad=True) for shape in shapes]
    y = function(*inputs)
    assert y.shape == expected
    results = gradients(y, np.ones(expected))
    assert [results[x].shape for x in inputs] == shapes


def test_no_inputs_leave_the_bias() -> None:
    bias = np.array([1.0, 2.0])
    y = linear(Tensor(np.ones((3, 0))), Tensor(np.ones((0, 2))), Tensor(bias))
    np.testing.assert_array_equal(y.data, np.tile(bias, (3, 1)))


def test_the_loss_of_no_rows_is_0_whatever_the_bias() -> None:
    """A bias of -inf forbids a token; the mean of the logits is that of no rows."""
    x, table = np.ones((0, 2)), np.ones((3, 2))
    bias = Tensor(np.array([0.0, -np.inf, np.nan]))
    labels = np.zeros(0, np.int64)
    loss = tied_cross_entropy(Tensor(x), Tensor(table), bias, labels, label_smoothing=0.1)
    assert loss.item() == 0
