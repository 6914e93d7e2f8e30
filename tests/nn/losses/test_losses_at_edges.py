"""Losses of zero, tiny and huge vectors, certain probabilities, infinite logits, ignored rows."""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np
import pytest

import pmt_nn as nn
from pmt_autograd import Tensor, gradients, profile
from pmt_autograd import sqrt as root
from pmt_core import DtypeError, SettingsError
from pmt_nn.losses.contrastive import distance, normalized

INF, NAN = np.inf, np.nan
dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def leaf(values: Any, dtype: type = np.float64) -> Tensor:
    return Tensor(np.asarray(values, dtype), requires_grad=True)


# --- lengths --------------------------------------------------------------------------------------


@dtypes
def test_cosines_of_vectors_of_any_length(dtype) -> None:
    info = np.finfo(dtype)
    for unit in (info.smallest_subnormal, info.tiny, 1e-30, 5e-7, 1.0, 1e30, info.max / 8):
        a = leaf([[3 * unit, 4 * unit], [unit, 0]], dtype)
        b = leaf([[4, 3], [7, 0]], dtype)
        np.testing.assert_allclose(nn.cosine_similarity(a, b).data, [24 / 25, 1], rtol=1e-6)
        np.testing.assert_allclose(normalized(a).data, [[0.6, 0.8], [1, 0]], rtol=1e-6)
        same = np.array([True, False])
        losses = nn.cosine_loss(a, b, same, reduction="none")
        np.testing.assert_allclose(losses.data, [1 / 25, 1], rtol=1e-5)
        in_batch = nn.in_batch_contrastive_loss(a, a, temperature=1.0, reduction="none")
        np.testing.assert_allclose(in_batch.data, np.log1p(np.exp(0.6 - 1)), rtol=1e-6)


def test_the_gradient_of_a_cosine_scales_with_the_length() -> None:
    b = Tensor(np.array([[1.0, 2.0]]))
    slopes = []
    for unit in (1.0, 1e-9, 1e-250, 1e250):
        a = leaf([[3 * unit, -1 * unit]])
        slopes.append(gradients(nn.cosine_similarity(a, b).sum())[a] * unit)
    for slope in slopes:
        np.testing.assert_allclose(slope, slopes[0], rtol=1e-9)


@dtypes
def test_distances_are_exact_down_to_zero(dtype) -> None:
    a, b = leaf([[0, 0], [1, 1], [1e-7, 0]], dtype), leaf([[3e-30, 4e-30], [1, 1], [0, 0]], dtype)
    far = distance(a, b)
    np.testing.assert_allclose(far.data, [5e-30, 0, 1e-7], rtol=1e-6)
    by_a = gradients(far.sum())[a]
    np.testing.assert_allclose(by_a, [[-0.6, -0.8], [0, 0], [1, 0]], rtol=1e-6)
    with np.errstate(divide="ignore"):
        assert (gradients(root(distance(a, b)).sum())[a][1] == 0).all()
    assert nn.triplet_loss(a, a, a, margin=0.25).item() == 0.25
    same = np.array([True] * 3)
    assert nn.contrastive_loss(a, a, same).item() == 0
    other = nn.contrastive_loss(a, a, ~same, margin=2.0, reduction="none")
    assert other.data.tolist() == [2, 2, 2]


def test_vectors_of_zeros_have_a_cosine_and_a_slope_of_zero() -> None:
    zero, one = leaf(np.zeros((2, 3))), leaf(np.ones((2, 3)))
    cosine = nn.cosine_similarity(zero, one)
    assert cosine.data.tolist() == [0, 0]
    grads = gradients(cosine.sum())
    assert (grads[zero] == 0).all()
    assert (grads[one] == 0).all()


def test_the_branch_of_a_pair_that_is_not_taken_has_no_influence() -> None:
    a, b = leaf([[1.0, 0.0], [INF, 1.0]]), leaf([[0.0, 1.0], [1.0, 0.0]])
    for loss in (nn.cosine_loss, nn.contrastive_loss):
        with np.errstate(all="ignore"):
            losses = loss(a, b, np.array([True, False]), reduction="none")
            by_a = gradients(losses, np.array([1.0, 0.0]))[a]
        assert np.isfinite(losses.data[0])
        assert np.isfinite(by_a[0]).all()


@pytest.mark.parametrize("temperature", [0, -1, NAN, INF])
def test_a_temperature_is_finite_and_above_zero(temperature) -> None:
    with pytest.raises(SettingsError, match="temperature"):
        nn.in_batch_contrastive_loss(leaf(np.eye(2)), leaf(np.eye(2)), temperature=temperature)


# --- probabilities --------------------------------------------------------------------------------


@dtypes
def test_a_wrong_certainty_has_a_slope_that_leads_away(dtype) -> None:
    p = leaf([0, 1, 0, 1], dtype)
    losses = nn.binary_cross_entropy(p, [1, 0, 0, 1], reduction="none")
    by_p = gradients(losses.sum())[p]
    assert np.isfinite(losses.data).all()
    assert np.isfinite(by_p).all()
    assert by_p[0] < -1e6
    assert by_p[1] > 1e6
    np.testing.assert_allclose(by_p[2:], [1, -1], rtol=1e-6)
    np.testing.assert_allclose(losses.data[2:], 0, atol=1.3e-7)


def test_probabilities_learn_their_way_back_from_zero() -> None:
    for start in (0.0, 1.0):
        p = np.array([start])
        for _ in range(100):
            x = leaf(p)
            p = p - 0.01 * np.sign(gradients(nn.binary_cross_entropy(x, [0.3]))[x])
        np.testing.assert_allclose(p, 0.3, atol=0.011)


@pytest.mark.parametrize("wrong", [-3, -1e-30, 1.0000001, INF, -INF, NAN])
def test_what_is_no_probability_is_refused(wrong) -> None:
    numbers = np.array([0.5, wrong])
    with pytest.raises(SettingsError, match=r"probabilities lie in \[0, 1\]"):
        nn.binary_cross_entropy(leaf(numbers), [1, 0])
    for loss in (nn.binary_cross_entropy, nn.binary_cross_entropy_with_logits):
        with pytest.raises(SettingsError, match=r"targets lie in \[0, 1\]"):
            loss(leaf([0.5, 0.5]), numbers)


def test_infinite_logits_cost_nothing_if_they_are_right() -> None:
    for form in (nn.binary_cross_entropy_with_logits, composed_logit_losses):
        x = leaf([INF, -INF, INF, -INF])
        with np.errstate(invalid="ignore"):
            losses = form(x, np.array([1, 0, 0, 1]), reduction="none")
            by_x = gradients(losses.sum())[x]
        assert losses.data.tolist() == [0, 0, INF, INF]
        assert by_x.tolist() == [0, 0, 1, -1]


def composed_logit_losses(x: Tensor, y: np.ndarray, *, reduction: str) -> Tensor:
    from pmt_nn.losses.binary_cross_entropy import logit_losses

    return logit_losses.composed(x, y)


# --- cross-entropy --------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["fused", "composed"])
def test_excluded_classes_and_ignored_rows_cost_nothing(form) -> None:
    function = nn.cross_entropy if form == "fused" else nn.cross_entropy.composed
    x = leaf([[0, 0, -INF], [NAN, INF, 1], [1, -INF, 1]])
    labels = np.array([1, -100, 2])
    with np.errstate(invalid="ignore"):
        losses = function(x, labels, reduction="none")
        by_x = gradients(losses, np.array([1, INF, 1]))[x]
    np.testing.assert_allclose(losses.data, [np.log(2), 0, np.log(2)])
    if form == "composed":  # log_softmax of a row that is nan
        by_x[1] = 0
    np.testing.assert_allclose(by_x, [[0.5, -0.5, 0], [0, 0, 0], [0.5, 0, -0.5]])


def test_a_class_without_weight_costs_nothing() -> None:
    x, weights = leaf([[-INF, 0, 0]]), np.array([0, 1, 1])
    for settings in ({}, {"label_smoothing": 0.3}):
        loss = nn.cross_entropy(
            x, np.array([0]), class_weights=weights, reduction="sum", **settings
        )
        assert np.isfinite(loss.item())
        assert np.isfinite(gradients(loss)[x]).all()
    with np.errstate(divide="ignore"):
        loss = nn.cross_entropy(x, np.array([0]), class_weights=weights, reduction="sum")
        assert (gradients(root(loss))[x] == 0).all()


def test_a_bias_of_minus_infinity_excludes_a_word() -> None:
    x, table, bias = leaf([[1.0, 2.0]]), leaf([[1.0, 0], [0, 1], [1, 1]]), leaf([0, 0, -INF])
    loss = nn.tied_cross_entropy(x, table, bias, np.array([1]))
    np.testing.assert_allclose(loss.item(), np.log1p(np.exp(-1)))
    for gradient in gradients(loss).values():
        assert np.isfinite(gradient).all()


def test_integers_are_no_logits_of_integers() -> None:
    loss = nn.cross_entropy(np.array([[1, 2, 3]]), np.array([0]))
    assert loss.dtype == np.float32
    assert loss.item() == pytest.approx(2.4076, rel=1e-4)
    with pytest.raises(DtypeError):
        nn.cross_entropy(np.array([[1, 2, 3]]), np.array([0.0]))


def test_targets_of_any_dtype_keep_the_dtype_of_the_prediction() -> None:
    x = leaf([0.5, 0.25], np.float32)
    for loss in (nn.mse, nn.huber, nn.binary_cross_entropy, nn.binary_cross_entropy_with_logits):
        for target in ([1, 0], np.array([1, 0]), np.array([1.0, 0.0]), Tensor(np.array([1.0, 0]))):
            assert loss(x, target).dtype == np.float32


def test_huber_refuses_a_delta_of_nan() -> None:
    with pytest.raises(SettingsError, match="delta"):
        nn.huber(leaf([1.0]), [0.0], delta=NAN)
    assert nn.huber(leaf([3.0]), [0.0], delta=sqrt(2)).item() == pytest.approx(sqrt(2) * 3 - 1)


def test_profile_counts_the_losses() -> None:
    a = leaf(np.ones((2, 3)))
    with profile() as measured:
        nn.cosine_similarity(a, a)
    assert {"normalized", "multiply", "sum"} == {row.operation for row in measured.by_operation()}
