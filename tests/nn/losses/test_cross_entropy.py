"""Cross-entropy by hand, at its limits, and its complaints."""

from __future__ import annotations

from math import exp, log

import numpy as np
import pytest

from pmt_autograd import Tensor, gradients
from pmt_core import DtypeError, SettingsError, ShapeError
from pmt_nn import cross_entropy


def test_by_hand() -> None:
    logits, labels = Tensor([[1.0, 2.0, 3.0], [0.0, 0.0, 0.0]]), np.array([0, 2])
    first = log(exp(1) + exp(2) + exp(3)) - 1
    assert cross_entropy(logits, labels, reduction="none").data == pytest.approx([first, log(3)])
    assert cross_entropy(logits, labels, reduction="sum").item() == pytest.approx(first + log(3))
    assert cross_entropy(logits, labels).item() == pytest.approx((first + log(3)) / 2)


def test_ignored_labels_count_nothing() -> None:
    logits = Tensor(np.random.default_rng(0).normal(size=(4, 3)), requires_grad=True)
    labels = np.array([1, -100, 2, -100])
    loss = cross_entropy(logits, labels)
    alone = cross_entropy(logits.data[[0, 2]], labels[[0, 2]])
    assert loss.item() == pytest.approx(alone.item())
    grads = gradients(loss)[logits]
    assert (grads[[1, 3]] == 0).all()
    assert (grads[[0, 2]] != 0).all()


def test_a_padding_id_can_be_ignored() -> None:
    logits = np.random.default_rng(0).normal(size=(3, 4))
    got = cross_entropy(logits, np.array([0, 2, 0]), ignore_index=0, reduction="sum")
    assert got.item() == pytest.approx(cross_entropy(logits[1:2], np.array([2])).item())


def test_all_ignored_is_zero_and_has_zero_gradients() -> None:
    logits = Tensor(np.ones((2, 3)), requires_grad=True)
    loss = cross_entropy(logits, np.full(2, -100))
    assert loss.item() == 0
    assert (gradients(loss)[logits] == 0).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_logits_of_a_thousand(dtype: type) -> None:
    logits = Tensor(np.array([[1000, -1000], [1000, -1000]], dtype), requires_grad=True)
    loss = cross_entropy(logits, np.array([0, 1]), reduction="none")
    assert loss.data.tolist() == [0.0, 2000.0]
    assert loss.dtype == dtype
    grads = gradients(loss.sum())[logits]
    assert grads.tolist() == [[0.0, 0.0], [1.0, -1.0]]


def test_the_gradient_of_each_row_sums_to_zero() -> None:
    rng = np.random.default_rng(0)
    logits = Tensor(rng.normal(size=(2, 5, 7)), requires_grad=True)
    grads = gradients(cross_entropy(logits, rng.integers(0, 7, (2, 5))))[logits]
    np.testing.assert_allclose(grads.sum(axis=-1), 0, atol=1e-12)


def test_sums_of_shards_add_up() -> None:
    rng = np.random.default_rng(0)
    logits, labels = rng.normal(size=(9, 4)), rng.integers(0, 4, 9)
    whole = cross_entropy(logits, labels, reduction="sum").item()
    shards = [cross_entropy(logits[i::2], labels[i::2], reduction="sum").item() for i in (0, 1)]
    assert sum(shards) == pytest.approx(whole)


def test_complaints() -> None:
    logits = np.zeros((2, 3))
    with pytest.raises(ShapeError, match=r"0 \.\.\. 2.*got 3"):
        cross_entropy(logits, np.array([0, 3]))
    with pytest.raises(ShapeError, match="got -1"):
        cross_entropy(logits, np.array([0, -1]))
    with pytest.raises(ShapeError, match=r"\(2,\)"):
        cross_entropy(logits, np.array([0, 1, 2]))
    with pytest.raises(DtypeError, match="float64"):
        cross_entropy(logits, np.array([0.0, 1.0]))
    with pytest.raises(SettingsError, match="average"):
        cross_entropy(logits, np.array([0, 1]), reduction="average")
