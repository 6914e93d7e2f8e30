"""Classification metrics by hand, at their edges, and compared to scikit-learn."""

from __future__ import annotations

import math

import numpy as np
import pytest

import pmt_train as pt
from pmt_core import DataError, DtypeError, SettingsError, ShapeError

LABELS = [1, 1, 1, 0, 0, 0, 0, 1]
PREDICTED = [1, 0, 1, 1, 0, 0, 1, 1]


def test_two_classes_by_hand():
    assert pt.accuracy(PREDICTED, LABELS) == 5 / 8
    scores = pt.precision_recall_f1(PREDICTED, LABELS)
    assert (scores.precision, scores.recall) == (3 / 5, 3 / 4)
    assert scores.f1 == pytest.approx(2 * 0.6 * 0.75 / 1.35)
    other = pt.precision_recall_f1(PREDICTED, LABELS, positive=0)
    assert (other.precision, other.recall) == (2 / 3, 2 / 4)
    np.testing.assert_array_equal(pt.confusion_matrix(PREDICTED, LABELS), [[2, 2], [1, 3]])


def test_the_definitions_agree_with_each_other():
    rng = np.random.default_rng(0)
    predicted, labels = rng.integers(0, 4, 500), rng.integers(0, 4, 500)
    matrix = pt.confusion_matrix(predicted, labels, classes=5)
    assert matrix.shape == (5, 5)
    assert matrix.sum() == 500
    assert pt.accuracy(predicted, labels) == np.trace(matrix) / 500
    for c in range(4):
        scores = pt.precision_recall_f1(predicted, labels, positive=c)
        assert scores.precision == matrix[c, c] / matrix[:, c].sum()
        assert scores.recall == matrix[c, c] / matrix[c].sum()


def test_the_share_of_nothing_is_zero():
    scores = pt.precision_recall_f1([0, 0], [0, 0])
    assert (scores.precision, scores.recall, scores.f1) == (0, 0, 0)


def test_a_uniform_guess_is_not_nine_out_of_ten():
    """One-hot cells are not examples: ten classes, always class 0, one label each: 0.1."""
    assert pt.accuracy(np.zeros(10, int), np.arange(10)) == 0.1
    with pytest.raises(DtypeError, match="class numbers"):
        pt.accuracy(np.zeros((10, 10)), np.eye(10))


def test_wrong_arguments():
    with pytest.raises(ShapeError, match="argmax"):
        pt.accuracy(np.zeros((4, 2), int), np.zeros(4, int))
    with pytest.raises(ShapeError, match="at least one example"):
        pt.accuracy([], [])
    with pytest.raises(ShapeError, match=r"0 ... 1, got 2"):
        pt.confusion_matrix([0, 2], [0, 1], classes=2)
    with pytest.raises(ShapeError, match="got -1"):
        pt.confusion_matrix([0, -1], [0, 1])


def test_averages_of_f1_by_hand():
    predicted, labels = [0, 0, 1, 1, 4], [0, 1, 1, 1, 0]
    # class 0: 1 of 2 predicted, 1 of 2 actual; class 1: 2/2 and 2/3; class 4: 0 of 1, none actual
    macro = pt.averaged_f1(predicted, labels)
    assert macro.precision == pytest.approx((1 / 2 + 1 + 0) / 3)
    assert macro.recall == pytest.approx((1 / 2 + 2 / 3 + 0) / 3)
    assert macro.f1 == pytest.approx((1 / 2 + 4 / 5 + 0) / 3)
    weighted = pt.averaged_f1(predicted, labels, "weighted")
    assert weighted.f1 == pytest.approx((2 * 1 / 2 + 3 * 4 / 5) / 5)
    assert pt.averaged_f1(predicted, labels, "micro").f1 == pt.accuracy(predicted, labels) == 0.6
    with pytest.raises(SettingsError):
        pt.averaged_f1(predicted, labels, "median")


def test_f_beta_by_hand():
    predicted, labels = [0, 0, 1, 1, 4], [0, 1, 1, 1, 0]
    precision, recall = 1.0, 2 / 3  # of class 1
    for beta in (0.5, 1.0, 3.0):
        expected = (1 + beta**2) * precision * recall / (beta**2 * precision + recall)
        assert pt.f_beta(predicted, labels, beta) == pytest.approx(expected)
    assert pt.f_beta(predicted, labels, 0) == precision
    assert pt.f_beta(predicted, labels, math.inf) == recall
    assert pt.f_beta(predicted, labels, 2, positive=7) == 0.0
    # class 0: precision and recall 1/2, so F is 1/2; class 4 scores 0 and has no label
    of_one = 5 * precision * recall / (4 * precision + recall)
    assert pt.f_beta(predicted, labels, 2, average="macro") == pytest.approx((0.5 + of_one) / 3)
    weighted = (2 * 0.5 + 3 * of_one) / 5
    assert pt.f_beta(predicted, labels, 2, average="weighted") == pytest.approx(weighted)
    assert pt.f_beta(predicted, labels, 2, average="micro") == pytest.approx(0.6)
    for beta, average in ((-1, "binary"), (math.nan, "binary"), (1, "median")):
        with pytest.raises(SettingsError):
            pt.f_beta(predicted, labels, beta, average=average)


def test_auc_of_several_classes_by_hand():
    scores = np.array([[0.7, 0.2, 0.1], [0.3, 0.4, 0.3], [0.5, 0.3, 0.2], [0.1, 0.2, 0.7]])
    labels = [0, 0, 1, 2]
    # rest: class 0 wins 3 of 4 pairs, 1 beats two of three (0.3 beats 0.2, 0.2), 2 beats all
    areas = [3 / 4, 2 / 3, 1.0]
    assert pt.multiclass_roc_auc(scores, labels) == pytest.approx(sum(areas) / 3)
    weighted = pt.multiclass_roc_auc(scores, labels, "ovr", "weighted")
    assert weighted == pytest.approx((2 * areas[0] + areas[1] + areas[2]) / 4)
    # pairs: (0, 1): 1/2 by column 0, 1/2 by column 1; (0, 2): 1 and 1; (1, 2): 1 and 1
    assert pt.multiclass_roc_auc(scores, labels, "ovo") == pytest.approx((0.5 + 1 + 1) / 3)
    by_size = pt.multiclass_roc_auc(scores, labels, "ovo", "weighted")
    assert by_size == pytest.approx((3 * 0.5 + 3 * 1 + 2 * 1) / 8)


@pytest.mark.parametrize(
    ("error", "scores", "labels", "options"),
    [
        (ShapeError, [0.1, 0.9], [0, 1], {}),
        (ShapeError, [[0.1, 0.9]], [0, 1], {}),
        (ShapeError, [[0.1, 0.9]] * 2, [[0], [1]], {}),
        (ShapeError, [[0.1, 0.9]] * 2, [0, 2], {}),
        (DataError, [[0.1, 0.8, 0.1]] * 2, [0, 2], {}),
        (DataError, [[0.1, math.nan]] * 2, [0, 1], {}),
        (SettingsError, [[0.1, 0.9]] * 2, [0, 1], {"average": "micro"}),
        (SettingsError, [[0.1, 0.9]] * 2, [0, 1], {"multi_class": "one"}),
        (DtypeError, [[0.1, 0.9]] * 2, [0.0, 1.0], {}),
    ],
)
def test_what_has_no_auc_of_several_classes(error, scores, labels, options):
    with pytest.raises(error):
        pt.multiclass_roc_auc(scores, labels, **options)


def test_auc_by_hand():
    # pairs (positive, negative): 0.8 beats both; 0.5 ties with one and beats the other
    assert pt.roc_auc([0.8, 0.5, 0.5, 0.1], [1, 1, 0, 0]) == (1 + 1 + 0.5 + 1) / 4
    assert pt.roc_auc([3, 2, 1], [0, 1, 1]) == 0.0
    assert pt.roc_auc([5, 5, 5, 5], [0, 1, 0, 1]) == 0.5
    with pytest.raises(DataError, match="3 and 0"):
        pt.roc_auc([1, 2, 3], [1, 1, 1])
    with pytest.raises(DataError, match="finite"):
        pt.roc_auc([1, math.nan], [1, 0])
    with pytest.raises(ShapeError):
        pt.roc_auc([1, 2, 3], [1, 0])


def test_matthews_by_hand():
    # TP 3 TN 2 FP 2 FN 1: (3*2 - 2*1) / sqrt(5 * 4 * 4 * 3)
    predicted, labels = [1, 1, 1, 0, 1, 1, 0, 0], [1, 1, 1, 1, 0, 0, 0, 0]
    assert pt.matthews_correlation(predicted, labels) == pytest.approx(4 / math.sqrt(240))
    assert pt.matthews_correlation([0, 1, 2], [0, 1, 2]) == pytest.approx(1)
    assert pt.matthews_correlation([1, 1, 1], [0, 1, 1]) == 0.0


@pytest.mark.oracle
@pytest.mark.parametrize("seed", range(20))
def test_scikit_learn_agrees(seed):
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(seed)
    n, classes = int(rng.integers(2, 200)), int(rng.integers(2, 6))
    labels, predicted = rng.integers(0, classes, n), rng.integers(0, classes, n)
    ours = pt.matthews_correlation(predicted, labels)
    assert ours == pytest.approx(metrics.matthews_corrcoef(labels, predicted), abs=1e-12)
    for average in ("macro", "micro", "weighted"):
        f1_scores = pt.averaged_f1(predicted, labels, average)
        expected = metrics.precision_recall_fscore_support(
            labels, predicted, average=average, zero_division=0
        )
        assert (f1_scores.precision, f1_scores.recall, f1_scores.f1) == pytest.approx(expected[:3])
    scores = np.round(rng.normal(size=n + 2), 1)  # with ties
    binary = np.concatenate([[0, 1], rng.integers(0, 2, n)])
    assert pt.roc_auc(scores, binary) == pytest.approx(metrics.roc_auc_score(binary, scores))
