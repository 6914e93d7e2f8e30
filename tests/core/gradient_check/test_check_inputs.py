"""The check of float32, integers, kinks, functions that write to their inputs; the report."""

import numpy as np
import pytest
from checked_functions import (
    check,
    lookup,
    matmul,
    multiply,
    normal,
    relu,
    soft,
    tanh,
)

from pmt_core import GradientError, RowSparse, SettingsError

# --- float32 ------------------------------------------------------------------------------------


def test_float32_that_turns_into_float64_is_rejected():
    def value_raised(x):
        return x * np.ones(3), lambda grad: grad.astype(x.dtype)

    def gradient_raised(x):
        return x + 0, lambda grad: grad * np.ones(3)

    with pytest.raises(GradientError, match="inputs of float32 gave a value of float64"):
        check(value_raised, normal(3))
    with pytest.raises(
        GradientError, match="gradient of input 0 is of float64, the input of float"
    ):
        check(gradient_raised, normal(3))
    for function in (value_raised, gradient_raised):
        assert check(function, normal(3), float32=False).float32_error is None


def test_a_gradient_wrong_only_in_float32_is_rejected():
    def wrong_in_single(x):
        y, backward = tanh(x)
        return (
            y,
            lambda grad: (
                backward(grad) * np.asarray(1.001 if x.dtype == np.float32 else 1, x.dtype)
            ),
        )

    with pytest.raises(GradientError, match="wrong gradient in float32: input 0"):
        check(wrong_in_single, normal(3, 4))


def test_a_formula_that_cancels_in_float32_is_rejected():
    def careless(x):  # 1 - cos x for small x; d = sin x written as a difference
        return 1 - np.cos(x), lambda grad: grad * (np.sin(x + 1) - np.sin(1 + 0 * x)) / np.cos(1)

    x = np.array([1e-6, 2e-6])
    with pytest.raises(GradientError):
        check(careless, x, rtol=1e-2)


def test_float32_inputs_are_points_like_any_other():
    report = check(tanh, normal(3, 4).astype(np.float32))
    assert report.error < 1e-6


def test_floats_that_are_not_differentiated_follow_the_precision():
    check(multiply, normal(3), normal(3), wrt=[0])
    report = check(multiply, normal(3), normal(3), wrt=[1])
    assert [r.index for r in report.inputs] == [1]


# --- integers, none, kinks, infinities ----------------------------------------------------------


def test_integers_and_booleans_are_passed_on():
    def choose(mask, x, y):
        return np.where(mask, x, y), lambda grad: (None, grad * mask, grad * ~mask)

    report = check(choose, np.array([True, False, True]), normal(3), normal(3))
    assert [r.index for r in report.inputs] == [1, 2]


def test_other_arguments_are_passed_on():
    def scaled(x, how, factor):
        assert how == {"a": 1}
        return x * factor, lambda grad: (grad * factor, None, None)

    check(scaled, normal(3), {"a": 1}, 3)


def test_none_means_that_the_value_does_not_depend_on_the_input():
    def first(x, y):
        return x + 0, lambda grad: (grad, None)

    def wrong(x, y):
        return x + y, lambda grad: (grad, None)

    check(first, normal(3), normal(3))
    with pytest.raises(GradientError, match="wrong gradient: input 1"):
        check(wrong, normal(3), normal(3))


def test_row_sparse_gradients_are_checked_too():
    ids = np.array([1, 1, 4])

    def forgets_repeats(table, ids):
        rows, where = np.unique(ids, return_index=True)
        return table[ids], lambda grad: (RowSparse(rows, grad[where], table.shape), None)

    def wrong_shape(table, ids):
        return table[ids], lambda grad: (RowSparse(ids, grad, (6, 3)), None)

    check(lookup, normal(5, 3), ids)
    with pytest.raises(GradientError, match=r"coordinate \(1, "):
        check(forgets_repeats, normal(5, 3), ids)
    with pytest.raises(GradientError, match="has shape"):
        check(wrong_shape, normal(5, 3), ids)


def test_kinks_are_pointed_out_and_can_be_left_out():
    x = np.array([-1.0, 0.0, 2.0])
    with pytest.raises(GradientError, match="a kink may be near"):
        check(relu, x)
    report = check(relu, x, smooth={0: lambda x: x != 0})
    assert report.inputs[0].unchecked == 1
    assert report.inputs[0].coordinates == 2
    check(relu, x, smooth={0: np.array([True, False, True])})
    check(relu, np.zeros(3), smooth={0: np.zeros(3, bool)})
    with pytest.raises(GradientError, match=r"coordinate \(2,\)"):
        check(off_in_relu, x, smooth={0: x != 0})
    with pytest.raises(SettingsError, match="smooth\\[0\\] must be boolean of shape"):
        check(relu, x, smooth={0: np.array([True])})


def off_in_relu(x):
    return np.maximum(x, 0), lambda grad: grad * (x > 0) * 1.001


def test_infinite_inputs_and_values_are_left_alone():
    def log_of(x):
        with np.errstate(divide="ignore"):
            return np.log(x), lambda grad: np.where(x > 0, grad / np.where(x > 0, x, 1), 0)

    report = check(log_of, np.array([0.0, 1.0, np.inf]), smooth={0: lambda x: x > 0})
    assert report.inputs[0].unchecked == 2


# --- purity -------------------------------------------------------------------------------------


def test_writing_to_an_input_or_a_gradient_is_rejected():
    def writes_forward(x):
        x *= 2
        return x, lambda grad: 2 * grad

    def writes_backward(x):
        y = np.tanh(x)

        def wrong(grad):
            grad *= 1 - y * y
            return grad

        return y, wrong

    x = normal(3)
    before = x.copy()
    for function in (writes_forward, writes_backward):
        with pytest.raises(GradientError, match="read-only"):
            check(function, x)
    assert (x == before).all()


def test_writing_through_the_back_door_is_rejected():
    x = normal(3)

    def sly(y):
        x[0] += 1
        return y * 2, lambda grad: grad * 2

    with pytest.raises(GradientError, match="input 0 was changed"):
        check(sly, x)


def test_other_errors_of_the_function_come_through():
    def broken(x):
        raise ValueError("out of cheese")

    with pytest.raises(ValueError, match="out of cheese"):
        check(broken, normal(3))


def test_random_functions_are_rejected():
    noise = np.random.default_rng(1)

    def dropout(x):
        mask = noise.random(x.shape) < 0.5
        return x * mask, lambda grad: grad * mask

    with pytest.raises(GradientError, match="different values for the same inputs"):
        check(dropout, normal(20))


# --- the report ---------------------------------------------------------------------------------


def test_the_report_says_what_was_done():
    report = check(matmul, normal(3, 4), normal(4, 30), directions=5, coordinates=50)
    assert [r.shape for r in report.inputs] == [(3, 4), (4, 30)]
    assert [r.coordinates for r in report.inputs] == [12, 50]
    assert [r.directions for r in report.inputs] == [5, 5]
    assert [r.unchecked for r in report.inputs] == [0, 0]
    assert report.error == max(r.error for r in report.inputs)
    assert report.float32_error == max(r.float32_error for r in report.inputs)


def test_it_is_a_pure_function_of_its_generator():
    assert check(soft, normal(3, 50)) == check(soft, normal(3, 50))


def test_every_coordinate_of_a_small_input_is_moved():
    moved = set()
    x = normal(4, 5)

    def watch(y):
        changed = np.flatnonzero(y != x)
        if len(changed) == 1:
            moved.add(int(changed[0]))
        return tanh(y)

    check(watch, x, float32=False)
    assert moved == set(range(20))


def test_arrays_that_are_not_contiguous_stay_so_in_float32():
    seen = []

    def watch(x):
        seen.append((x.dtype, x.flags.c_contiguous, x.flags.writeable))
        return tanh(x)

    check(watch, normal(6, 8)[::2, ::2])
    assert (np.dtype(np.float32), False, False) in seen
    assert not any(writeable for _, _, writeable in seen)
