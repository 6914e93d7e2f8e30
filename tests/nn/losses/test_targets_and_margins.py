"""Soft targets, likelihoods, divergences, focal and margin losses by hand and at their limits."""

from __future__ import annotations

from math import exp, log

import numpy as np
import pytest

from pmt_autograd import Tensor, gradients, log_softmax
from pmt_core import DtypeError, SettingsError, ShapeError
from pmt_nn import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cross_entropy,
    focal_loss,
    hinge_embedding_loss,
    hinge_loss,
    huber,
    kl_div,
    l1_loss,
    margin_ranking_loss,
    mse,
    multi_margin_loss,
    nll_loss,
    sigmoid_focal_loss,
    smooth_l1_loss,
)

LOGITS = np.array([[1.0, 2.0, 0.5], [0.0, -1.0, 3.0], [2.0, 2.0, 2.0]])
LABELS = np.array([2, 0, 1])


def t(values) -> Tensor:
    return Tensor(np.asarray(values, np.float64), requires_grad=True)


# --- soft targets ---------------------------------------------------------------------------------


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("weights", [None, np.array([1.0, 0.5, 2.0])])
def test_one_hot_targets_are_labels(smoothing, weights) -> None:
    settings = {"label_smoothing": smoothing, "class_weights": weights, "reduction": "none"}
    hard, soft = t(LOGITS), t(LOGITS)
    a = cross_entropy(hard, LABELS, **settings)
    b = cross_entropy(soft, np.eye(3)[LABELS], **settings)
    np.testing.assert_allclose(a.data, b.data)
    np.testing.assert_allclose(gradients(a.sum())[hard], gradients(b.sum())[soft])


def test_soft_targets_by_hand() -> None:
    q = np.array([0.5, 0.25, 0.25])
    p = np.exp(LOGITS[0]) / np.exp(LOGITS[0]).sum()
    x = t(LOGITS[:1])
    loss = cross_entropy(x, q[np.newaxis])
    assert loss.item() == pytest.approx(-(q * np.log(p)).sum())
    np.testing.assert_allclose(gradients(loss)[x], [p - q])


def test_soft_targets_have_a_gradient() -> None:
    q = t(np.full((1, 3), 1 / 3))
    by_q = gradients(cross_entropy(LOGITS[:1], q, reduction="sum"))[q]
    np.testing.assert_allclose(by_q, -log_softmax(Tensor(LOGITS[:1])).data)


def test_impossible_classes_of_probability_0_cost_nothing() -> None:
    x = t([[0.0, -np.inf, 0.0]])
    loss = cross_entropy(x, np.array([[0.5, 0.0, 0.5]]))
    assert loss.item() == pytest.approx(log(2))
    np.testing.assert_allclose(gradients(loss)[x], [[0, 0, 0]], atol=1e-15)


def test_soft_targets_of_float32_stay_float32() -> None:
    x = Tensor(LOGITS.astype(np.float32), requires_grad=True)
    loss = cross_entropy(x, np.eye(3)[LABELS], label_smoothing=0.1, class_weights=np.ones(3))
    assert loss.dtype == gradients(loss)[x].dtype == np.float32


def test_soft_targets_are_checked() -> None:
    with pytest.raises(ShapeError, match=r"probabilities of shape \(3, 3\)"):
        cross_entropy(LOGITS, np.ones((3, 2)))
    for wrong in (-0.1, np.nan, np.inf):
        with pytest.raises(SettingsError, match="0 or more"):
            cross_entropy(LOGITS, np.full((3, 3), wrong))
    with pytest.raises(DtypeError, match="integers"):
        cross_entropy(LOGITS, LABELS.astype(float))


# --- likelihoods and divergences ------------------------------------------------------------------


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("weights", [None, np.array([1.0, 0.5, 2.0])])
def test_nll_of_log_softmax_is_cross_entropy(reduction, weights) -> None:
    labels = np.array([2, -100, 1])
    settings = {"class_weights": weights, "reduction": reduction}
    a, b = t(LOGITS), t(LOGITS)
    expected = cross_entropy(a, labels, **settings)
    loss = nll_loss(log_softmax(b), labels, **settings)
    np.testing.assert_allclose(loss.data, expected.data)
    np.testing.assert_allclose(gradients(loss.sum())[b], gradients(expected.sum())[a])


def test_nll_cuts_ignored_rows() -> None:
    x = t([[np.nan, np.inf], [-1.0, -2.0]])
    loss = nll_loss(x, np.array([-100, 1]))
    assert loss.item() == 2
    np.testing.assert_array_equal(gradients(loss)[x], [[0, 0], [0, -1]])
    assert nll_loss(x, np.array([-100, -100])).item() == 0


def test_kl_divergence_by_hand() -> None:
    p, q = np.array([[0.5, 0.5], [1.0, 0.0]]), np.array([[0.25, 0.75], [0.5, 0.5]])
    rows = [0.5 * log(2) + 0.5 * log(2 / 3), log(2)]
    for reduction, expected in (("sum", sum(rows)), ("batchmean", sum(rows) / 2)):
        assert kl_div(np.log(q), p, reduction=reduction).item() == pytest.approx(expected)
    assert kl_div(np.log(q), p, reduction="mean").item() == pytest.approx(sum(rows) / 4)
    each = kl_div(np.log(q), p, reduction="none")
    np.testing.assert_allclose(each.data.sum(axis=1), rows)
    with np.errstate(divide="ignore"):
        logs = kl_div(np.log(q), np.log(p), log_target=True)
    assert logs.item() == pytest.approx(sum(rows) / 2)


def test_terms_of_probability_0_are_0_with_gradient_0() -> None:
    x, p = t([[-np.inf, 0.0]]), t([[0.0, 1.0]])
    loss = kl_div(x, p)
    by = gradients(loss)
    assert loss.item() == 0
    np.testing.assert_array_equal(by[x], [[0, -1]])
    np.testing.assert_array_equal(by[p], [[0, 1]])


def test_kl_divergence_refuses_log_probabilities_as_target() -> None:
    with pytest.raises(SettingsError, match="log_target=True"):
        kl_div(np.zeros((1, 2)), np.log([[0.5, 0.5]]))


# --- errors of numbers ----------------------------------------------------------------------------


def test_absolute_errors_by_hand() -> None:
    x = t([0.0, 1.0, -3.0])
    assert l1_loss(x, np.zeros(3), reduction="sum").item() == 4
    np.testing.assert_array_equal(
        gradients(l1_loss(x, np.zeros(3), reduction="sum"))[x], [0, 1, -1]
    )
    each = smooth_l1_loss(x, np.zeros(3), beta=2.0, reduction="none")
    np.testing.assert_allclose(each.data, [0, 0.25, 2])
    np.testing.assert_allclose(
        each.data, huber(x, np.zeros(3), delta=2.0, reduction="none").data / 2
    )
    assert smooth_l1_loss(x, np.zeros(3), beta=0.0).item() == l1_loss(x, np.zeros(3)).item()


def test_the_weight_of_positives_by_hand() -> None:
    x, y = np.array([[0.0, 0.0], [0.0, 0.0]]), np.array([[1, 1], [0, 0]])
    each = binary_cross_entropy_with_logits(x, y, pos_weight=[3.0, 0.5], reduction="none")
    np.testing.assert_allclose(each.data, np.array([[3, 0.5], [1, 1]]) * log(2))
    p = binary_cross_entropy(x + 0.5, y, pos_weight=[3.0, 0.5], reduction="none")
    np.testing.assert_allclose(p.data, each.data)
    for wrong in (np.ones(3), np.ones((1, 2, 2))):
        with pytest.raises(ShapeError, match="pos_weight"):
            binary_cross_entropy_with_logits(x, y, pos_weight=wrong)
    for value in (-1.0, np.nan, np.inf):
        with pytest.raises(SettingsError, match="pos_weight"):
            binary_cross_entropy_with_logits(x, y, pos_weight=[1.0, value])


# --- focal and margin losses ----------------------------------------------------------------------


def test_focal_loss_without_focus_is_cross_entropy() -> None:
    labels, weights = np.array([2, -100, 1]), np.array([1.0, 0.5, 2.0])
    for settings in ({}, {"class_weights": weights}):
        for reduction in ("mean", "sum", "none"):
            got = focal_loss(LOGITS, labels, gamma=0, reduction=reduction, **settings)
            expected = cross_entropy(LOGITS, labels, reduction=reduction, **settings)
            np.testing.assert_allclose(got.data, expected.data)
    yes = np.array([[True, False, True]])
    got = sigmoid_focal_loss(LOGITS[:1], yes, gamma=0, alpha=None)
    assert got.item() == pytest.approx(binary_cross_entropy_with_logits(LOGITS[:1], yes).item())


def test_focal_loss_by_hand() -> None:
    p = 1 / (1 + exp(-1.5))
    expected = (1 - p) ** 2 * -log(p)
    assert focal_loss([[1.5, 0.0]], np.array([0])).item() == pytest.approx(expected)
    assert sigmoid_focal_loss([1.5], [1]).item() == pytest.approx(expected / 4)
    assert sigmoid_focal_loss([-1.5], [0]).item() == pytest.approx(expected * 3 / 4)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0])
def test_focal_loss_of_a_certain_answer_is_finite(gamma) -> None:
    """p is 1, or 0, to the last bit."""
    x = t([[1000.0, 0.0], [0.0, 1000.0]])
    loss = focal_loss(x, np.array([0, 0]), gamma=gamma, reduction="none")
    np.testing.assert_array_equal(loss.data, [0, 1000])
    by_x = gradients(loss.sum())[x]
    np.testing.assert_allclose(by_x, [[0, 0], [-1, 1]], atol=1e-12)
    z = t([1000.0, -1000.0])
    by_z = gradients(sigmoid_focal_loss(z, [1, 1], alpha=None, gamma=gamma, reduction="sum"))[z]
    np.testing.assert_allclose(by_z, [0, -1], atol=1e-12)


def test_margins_by_hand() -> None:
    assert hinge_loss([2.0, 0.5, 0.5], [1, 1, -1], reduction="none").data.tolist() == [0, 0.5, 1.5]
    assert hinge_loss([0.5], [True]).item() == 0.5
    each = hinge_embedding_loss([0.3, 0.3, 2.0], [1, -1, -1], reduction="none")
    np.testing.assert_allclose(each.data, [0.3, 0.7, 0])
    each = margin_ranking_loss([1.0, 1.0], [0.8, 0.8], [1, -1], margin=0.5, reduction="none")
    np.testing.assert_allclose(each.data, [0.3, 0.7])
    # x = (1, 2, 0.5), label 2: (1 - 0.5 + 1) + (1 - 0.5 + 2) over three classes
    assert multi_margin_loss(LOGITS[:1], LABELS[:1]).item() == pytest.approx((1.5 + 2.5) / 3)
    squares = multi_margin_loss(LOGITS[:1], LABELS[:1], p=2, class_weights=np.array([0, 0, 2.0]))
    assert squares.item() == pytest.approx(2 * (1.5**2 + 2.5**2) / 3)


def test_margins_ignore_labels_and_cut_their_rows() -> None:
    x = t([[np.nan, np.inf], [0.5, 0.0]])
    for loss, labels in ((multi_margin_loss, [-100, 0]), (focal_loss, [-100, 0])):
        value = loss(x, np.array(labels))
        assert np.isfinite(value.data)
        np.testing.assert_array_equal(gradients(value)[x][0], [0, 0])
        assert loss(x, np.array([-100, -100])).item() == 0


def test_wrong_arguments_are_named() -> None:
    with pytest.raises(SettingsError, match="1 and -1"):
        hinge_loss([1.0], [0])
    with pytest.raises(ShapeError, match="margin_ranking_loss"):
        margin_ranking_loss(np.zeros(2), np.zeros(3), np.ones(2))
    with pytest.raises(SettingsError, match="p is 1 or 2"):
        multi_margin_loss(LOGITS, LABELS, p=3)
    with pytest.raises(SettingsError, match="gamma"):
        focal_loss(LOGITS, LABELS, gamma=-1)
    with pytest.raises(SettingsError, match="alpha"):
        sigmoid_focal_loss([0.0], [1], alpha=2)
    with pytest.raises(SettingsError, match="beta"):
        smooth_l1_loss([0.0], [1.0], beta=-1)
    with pytest.raises(SettingsError, match="margin"):
        hinge_loss([1.0], [1], margin=-1)
    with pytest.raises(SettingsError, match="reduction"):
        kl_div([[0.0]], [[1.0]], reduction="average")


@pytest.mark.parametrize(
    "loss",
    [
        lambda x: nll_loss(x, LABELS),
        lambda x: kl_div(x, np.eye(3)),
        lambda x: l1_loss(x, LOGITS + 1),
        lambda x: smooth_l1_loss(x, LOGITS + 1),
        lambda x: focal_loss(x, LABELS, class_weights=np.ones(3)),
        lambda x: sigmoid_focal_loss(x, np.eye(3)),
        lambda x: hinge_loss(x, np.ones((3, 3))),
        lambda x: hinge_embedding_loss(x, np.ones((3, 3))),
        lambda x: margin_ranking_loss(x, LOGITS, np.ones((3, 3))),
        lambda x: multi_margin_loss(x, LABELS, class_weights=np.ones(3)),
        lambda x: binary_cross_entropy_with_logits(x, np.eye(3), pos_weight=np.ones(3)),
        lambda x: mse(x, LOGITS),
    ],
)
def test_float32_stays_float32(loss) -> None:
    x = Tensor(LOGITS.astype(np.float32), requires_grad=True)
    value = loss(x)
    assert value.dtype == gradients(value)[x].dtype == np.float32
