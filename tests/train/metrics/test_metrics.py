from __future__ import annotations

import numpy as np
import pytest

from pmt_core import DtypeError, ShapeError
from pmt_train import accuracy, confusion_matrix, precision_recall_f1

LABELS = [1, 1, 1, 0, 0, 0, 0, 1]
CALLED = [1, 0, 1, 1, 0, 0, 1, 1]


def test_by_hand():
    assert accuracy(CALLED, LABELS) == 5 / 8
    found = precision_recall_f1(CALLED, LABELS)
    assert (found.precision, found.recall) == (3 / 5, 3 / 4)
    assert found.f1 == pytest.approx(2 * 0.6 * 0.75 / 1.35)
    other = precision_recall_f1(CALLED, LABELS, positive=0)
    assert (other.precision, other.recall) == (2 / 3, 2 / 4)
    np.testing.assert_array_equal(confusion_matrix(CALLED, LABELS), [[2, 2], [1, 3]])


def test_the_definitions_agree_with_each_other():
    rng = np.random.default_rng(0)
    called, labels = rng.integers(0, 4, 500), rng.integers(0, 4, 500)
    matrix = confusion_matrix(called, labels, classes=5)
    assert matrix.shape == (5, 5)
    assert matrix.sum() == 500
    assert accuracy(called, labels) == np.trace(matrix) / 500
    for c in range(4):
        found = precision_recall_f1(called, labels, positive=c)
        assert found.precision == matrix[c, c] / matrix[:, c].sum()
        assert found.recall == matrix[c, c] / matrix[c].sum()


def test_the_share_of_nothing_is_zero():
    none = precision_recall_f1([0, 0], [0, 0])
    assert (none.precision, none.recall, none.f1) == (0, 0, 0)


def test_a_uniform_guess_is_not_nine_out_of_ten():
    """One-hot cells are not examples: ten classes, always class 0, one label each: 0.1."""
    assert accuracy(np.zeros(10, int), np.arange(10)) == 0.1
    with pytest.raises(DtypeError, match="class numbers"):
        accuracy(np.zeros((10, 10)), np.eye(10))


def test_errors():
    with pytest.raises(ShapeError, match="argmax"):
        accuracy(np.zeros((4, 2), int), np.zeros(4, int))
    with pytest.raises(ShapeError, match="at least one example"):
        accuracy([], [])
    with pytest.raises(ShapeError, match=r"0 ... 1, got 2"):
        confusion_matrix([0, 2], [0, 1], classes=2)
    with pytest.raises(ShapeError, match="got -1"):
        confusion_matrix([0, -1], [0, 1])
