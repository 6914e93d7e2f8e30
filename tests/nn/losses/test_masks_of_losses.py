"""Losses of numbers with a mask: what it leaves out has no influence."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pmt_autograd import Tensor, gradients
from pmt_core import DtypeError, ShapeError
from pmt_nn import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    huber,
    l1_loss,
    mse,
    smooth_l1_loss,
)

X = np.array([[0.2, 0.9, 0.4], [0.6, 0.1, 0.7]])
Y = np.array([[0.0, 1.0, 1.0], [1.0, 0.0, 0.0]])
MASK = np.array([[True, False, True], [False, False, True]])
LOSSES: list[Any] = [
    mse,
    huber,
    l1_loss,
    smooth_l1_loss,
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
]
each = pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.__name__)


@each
@pytest.mark.parametrize("padding", [np.nan, np.inf, -7.0])
def test_what_is_masked_has_no_influence(loss: Any, padding: float) -> None:
    x, y = np.where(MASK, X, padding), np.where(MASK, Y, padding)
    for reduction in ("mean", "sum"):
        leaf, chosen = Tensor(x, requires_grad=True), Tensor(X[MASK], requires_grad=True)
        got = loss(leaf, y, mask=MASK, reduction=reduction)
        expected = loss(chosen, Y[MASK], reduction=reduction)
        assert got.item() == pytest.approx(expected.item())
        by_x = gradients(got)[leaf]
        np.testing.assert_allclose(by_x[MASK], gradients(expected)[chosen])
        np.testing.assert_array_equal(by_x[~MASK], 0)
    single = loss(x, y, mask=MASK, reduction="none").data
    np.testing.assert_array_equal(single[~MASK], 0)
    np.testing.assert_allclose(single[MASK], loss(X, Y, reduction="none").data[MASK])


@each
def test_a_mask_broadcasts_and_may_be_empty(loss: Any) -> None:
    row = np.array([[True], [False]])
    assert loss(X, Y, mask=row).item() == pytest.approx(loss(X[:1], Y[:1]).item())
    assert loss(X, Y, mask=np.zeros_like(MASK)).item() == 0
    assert loss(X, Y, mask=np.ones_like(MASK)).item() == pytest.approx(loss(X, Y).item())


@each
def test_a_mask_is_checked(loss: Any) -> None:
    with pytest.raises(DtypeError, match="boolean"):
        loss(X, Y, mask=MASK.astype(int))
    with pytest.raises(ShapeError, match="broadcasts"):
        loss(X, Y, mask=MASK[:, :2])
