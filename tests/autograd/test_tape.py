"""What a backward pass does with shared values, leaves, views, row-sparse parts and errors."""

from __future__ import annotations

import numpy as np
import pytest

import pmt_autograd as ag
from pmt_autograd import Tensor, gradients
from pmt_core import DtypeError, RowSparse, ShapeError, StateError


def leaf(*values: float) -> Tensor:
    return Tensor(np.array(values, np.float32), requires_grad=True)


def test_a_shared_subexpression_gets_the_sum() -> None:
    x = leaf(2.0)
    y = x * x  # 4
    (y * y + y).sum().backward()  # x^4 + x^2
    np.testing.assert_allclose(x.grad, [4 * 8 + 2 * 2])


def test_a_leaf_used_twice_in_one_operation() -> None:
    x = leaf(3.0)
    (x / x + x - x).sum().backward()
    np.testing.assert_allclose(x.grad, [0.0])


def test_backward_adds_to_grad_and_zero_grad_forgets() -> None:
    x = leaf(1.0, 2.0)
    (x * 3).sum().backward()
    (x * 3).sum().backward()
    np.testing.assert_array_equal(x.grad, [6.0, 6.0])
    x.zero_grad()
    assert x.grad is None


def test_a_leaf_can_be_the_loss() -> None:
    x = leaf(5.0)
    x.backward()
    np.testing.assert_array_equal(x.grad, [1.0])


def test_grads_of_two_leaves_do_not_share_memory() -> None:
    a, b = leaf(1.0, 1.0), leaf(2.0, 2.0)
    (a + b).sum().backward()
    assert a.grad is not None
    a.grad[...] = 7
    np.testing.assert_array_equal(b.grad, [1.0, 1.0])


def test_the_seed_is_not_kept_as_a_gradient() -> None:
    a = leaf(1.0, 1.0)
    seed = np.ones(2, np.float32)
    (a + 0.0).backward(seed)
    assert a.grad is not None
    a.grad[...] = 7
    np.testing.assert_array_equal(seed, [1.0, 1.0])


def test_accumulating_does_not_write_to_an_older_gradient() -> None:
    """A sum node hands the same array to several parents; adding must not spoil the others."""
    a, b = leaf(1.0, 2.0), leaf(3.0, 4.0)
    s, t = a * 1.0, b * 1.0
    total = s + t
    (total + s + s).sum().backward()
    np.testing.assert_array_equal(a.grad, [3.0, 3.0])
    np.testing.assert_array_equal(b.grad, [1.0, 1.0])


def test_gradients_touches_no_grad() -> None:
    x = leaf(1.0, 2.0)
    grads = gradients((x * x).sum())
    np.testing.assert_array_equal(grads[x], [2.0, 4.0])
    assert x.grad is None
    assert set(grads) == {x}


def test_backward_with_a_gradient() -> None:
    x = leaf(1.0, 2.0)
    (x * x).backward([1.0, 10.0])
    np.testing.assert_array_equal(x.grad, [2.0, 40.0])


def test_backward_needs_a_single_element_or_a_gradient() -> None:
    x = leaf(1.0, 2.0)
    with pytest.raises(ShapeError, match=r"single element, got shape \(2,\)"):
        (x * x).backward()
    with pytest.raises(ShapeError, match="expected"):
        (x * x).backward(np.ones(3))


def test_a_tape_is_used_once() -> None:
    x = leaf(1.0)
    loss = (x * x).sum()
    loss.backward()
    with pytest.raises(StateError, match="has used the tape"):
        loss.backward()


def test_a_shared_part_is_used_once() -> None:
    x = leaf(1.0)
    shared = ag.exp(x)
    (shared * 2).sum().backward()
    with pytest.raises(StateError, match="has used the tape behind 'exp'"):
        (shared * 3).sum().backward()


def test_nothing_to_differentiate_is_an_error() -> None:
    with pytest.raises(StateError, match="depends on nothing"):
        Tensor([1.0]).sum().backward()


def test_a_backward_with_too_few_gradients_is_named() -> None:
    @ag.primitive
    def careless_for_test(a, b):
        return a * b, lambda grad: (grad * b,)

    try:
        with pytest.raises(ShapeError, match="careless_for_test.*1 gradients for 2 inputs"):
            careless_for_test(leaf(1.0), leaf(2.0)).sum().backward()
    finally:
        ag.REGISTRY.pop("careless_for_test")


def test_no_gradient_where_none_is_wanted() -> None:
    x, frozen = leaf(1.0), Tensor([2.0])
    (x * frozen).sum().backward()
    assert frozen.grad is None


def test_detach_cuts_the_tape() -> None:
    x = leaf(3.0)
    y = (x * x).detach()
    assert not y.requires_grad
    (x * y).sum().backward()
    np.testing.assert_array_equal(x.grad, [9.0])


def test_a_gradient_has_the_dtype_of_its_leaf() -> None:
    single = Tensor(np.ones(2, np.float32), requires_grad=True)
    double = Tensor(np.ones(2, np.float64), requires_grad=True)
    (single * double).sum().backward()
    assert single.grad.dtype == np.float32
    assert double.grad.dtype == np.float64


def test_row_sparse_and_dense_parts_add_up() -> None:
    table = Tensor(np.arange(8, dtype=np.float32).reshape(4, 2), requires_grad=True)
    rows = ag.take_rows(table, np.array([1, 1, 3]))
    only_rows = gradients(rows.sum())[table]
    assert isinstance(only_rows, RowSparse)
    expected = np.array([[0, 0], [2, 2], [0, 0], [1, 1]], np.float32)
    np.testing.assert_array_equal(only_rows.to_dense(), expected)
    for first_dense in (True, False):
        dense, sparse = (table * 3).sum(), ag.take_rows(table, np.array([1, 1, 3])).sum()
        loss = dense + sparse if first_dense else sparse + dense
        np.testing.assert_array_equal(gradients(loss)[table], expected + 3)


def test_row_sparse_gradients_accumulate_in_grad() -> None:
    table = Tensor(np.zeros((4, 2), np.float32), requires_grad=True)
    for _ in range(2):
        ag.take_rows(table, np.array([2])).sum().backward()
    assert isinstance(table.grad, RowSparse)
    assert table.grad.to_dense()[2].tolist() == [2.0, 2.0]
    (table * 1.0).sum().backward()
    np.testing.assert_array_equal(table.grad, [[1, 1], [1, 1], [3, 3], [1, 1]])


def test_row_sparse_through_an_operation_in_between() -> None:
    """A table that is itself computed gets the dense gradient its operation needs."""
    base = Tensor(np.ones((3, 2), np.float32), requires_grad=True)
    ag.take_rows(base * 2.0, np.array([0, 0]), sparse=False).sum().backward()
    np.testing.assert_array_equal(base.grad, [[4, 4], [0, 0], [0, 0]])


def test_zero_d_gradients_are_arrays() -> None:
    x = Tensor(np.array(2.0, np.float32), requires_grad=True)
    (x * x).backward()
    assert isinstance(x.grad, np.ndarray)
    assert x.grad.shape == ()
    assert x.grad == 4


def test_results_are_read_only_while_the_tape_needs_them() -> None:
    x = leaf(1.0, 2.0)
    y = ag.exp(x)
    with pytest.raises(ValueError, match="read-only"):
        y.data[0] = 5
    with pytest.raises(StateError, match="'exp'"):
        y.data = np.zeros(2, np.float32)
    with pytest.raises(StateError, match=r"made by 'exp'.*\.set\(index, value\)"):
        y[0] = 5.0
    y.sum().backward()
    y.data[0] = 5  # the tape is gone
    np.testing.assert_allclose(x.grad, np.exp([1.0, 2.0]), rtol=1e-6)


def test_data_of_a_leaf_can_be_rebound_to_a_view() -> None:
    buffer = np.zeros(6, np.float32)
    x = leaf(1.0, 2.0)
    x.data = buffer[2:4]
    buffer[2:4] = 7
    np.testing.assert_array_equal(x.data, [7, 7])
    with pytest.raises(DtypeError, match="NumPy array"):
        x.data = [1.0, 2.0]


def test_rebinding_a_leaf_between_forward_and_backward_keeps_the_gradient_right() -> None:
    x = leaf(3.0)
    loss = (x * x).sum()
    x.data = np.array([100.0], np.float32)
    loss.backward()
    np.testing.assert_array_equal(x.grad, [6.0])
