"""Sums over axes of length 0, and gradients that are not finite beside rows that nothing read."""

from __future__ import annotations

import numpy as np
import pytest

import pmt_autograd as ag
from pmt_autograd import Tensor, gradients

INF, NAN = np.inf, np.nan


def test_a_batch_by_a_matrix_without_a_summed_axis() -> None:
    a = Tensor(np.ones((2, 3, 0)), requires_grad=True)
    b = Tensor(np.ones((0, 4)), requires_grad=True)
    product = a @ b
    np.testing.assert_array_equal(product.data, np.zeros((2, 3, 4)))
    results = gradients(product.sum())
    assert results[a].shape == (2, 3, 0)
    assert results[b].shape == (0, 4)


@pytest.mark.filterwarnings("ignore:Mean of empty slice", "ignore:invalid value")
@pytest.mark.parametrize("operation", [ag.mean, ag.var, ag.std])
@pytest.mark.parametrize("axis", [None, 1, (0, 1)])
def test_moments_of_nothing_are_nan(operation, axis) -> None:
    x = Tensor(np.zeros((2, 0)), requires_grad=True)
    y = operation(x, axis=axis)
    assert np.isnan(y.data).all()
    assert gradients(y, np.ones(y.shape))[x].shape == (2, 0)


@pytest.mark.parametrize("table", [3, 600])
@pytest.mark.parametrize("wrong", [INF, NAN])
def test_an_infinite_gradient_stays_in_the_row_that_was_read(table: int, wrong: float) -> None:
    """In a table of few rows and of many; the gradient of row 0 was nan."""
    weights = Tensor(np.ones((table, 2)), requires_grad=True)
    rows = ag.take_rows(weights, np.array([1, 2, 2]), sparse=False)
    by_rows = np.array([[wrong, 1.0], [1.0, 1.0], [2.0, 1.0]])
    result = gradients(rows, by_rows)[weights]
    np.testing.assert_array_equal(result[:3], [[0, 0], [wrong, 1], [3, 2]])
