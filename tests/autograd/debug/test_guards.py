"""In-place guard and anomaly mode: errors that name the operation and the user's line."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

import pmt_autograd as ag
from pmt_autograd import Tensor, detect_anomaly, in_place_guard
from pmt_core import GradientError, StateError


def line_number() -> int:
    return inspect.currentframe().f_back.f_lineno


def test_a_changed_leaf_is_found_and_the_line_named() -> None:
    array = np.ones((2, 3), np.float32)
    x = Tensor(array, requires_grad=True)
    with in_place_guard():
        y = ag.square(x)
        line = line_number() - 1
    array[0, 0] = 5
    with pytest.raises(StateError, match=rf"'square'.*shape \(2, 3\).*test_guards.py:{line}"):
        y.sum().backward()


def test_a_changed_constant_is_found() -> None:
    x, mask = Tensor([1.0, 2.0], requires_grad=True), np.ones(2, np.float32)
    with in_place_guard():
        y = x * mask
    mask[0] = 0
    with pytest.raises(StateError, match="'multiply'"):
        y.sum().backward()


def test_a_change_through_the_base_of_a_view_is_found() -> None:
    buffer = np.ones(10, np.float32)
    w = Tensor(buffer[2:6], requires_grad=True)
    with in_place_guard():
        y = w * w
    buffer *= 2
    with pytest.raises(StateError, match="changed in place"):
        y.sum().backward()


def test_a_change_that_no_gradient_sees_is_no_error() -> None:
    array = np.ones(3, np.float32)
    x = Tensor(array, requires_grad=True)
    with in_place_guard():
        y = (x + 1.0) * 2.0
    array[0] = 5
    y.sum().backward()
    np.testing.assert_array_equal(x.grad, [2, 2, 2])


def test_the_guard_finds_nothing_in_an_honest_pass() -> None:
    x = Tensor(np.ones((3, 4), np.float32), requires_grad=True)
    with in_place_guard():
        loss = ag.logsumexp(ag.tanh(x) @ x.T).sum() + x.split(2, axis=1)[0].sum()
    loss.backward()
    assert np.isfinite(x.grad).all()


def test_anomaly_in_forward() -> None:
    x = Tensor([[1.0, -1.0]], requires_grad=True)
    with (
        np.errstate(invalid="ignore"),
        detect_anomaly(),
        pytest.raises(
            GradientError,
            match=r"'log' gave 1 nan and 0 infinite elements of 2.*\(1, 2\).*"
            r"test_guards.py:\d+, in test_anomaly_in_forward",
        ),
    ):
        ag.log(x)


def test_anomaly_in_backward_names_the_line_of_forward() -> None:
    x = Tensor([0.0, 4.0], requires_grad=True)
    with detect_anomaly():
        y = ag.sqrt(x)
        line = line_number() - 1
    with (
        np.errstate(divide="ignore"),
        pytest.raises(GradientError, match=rf"gradient of 'sqrt' by input 0.*:{line},"),
    ):
        y.sum().backward()


def test_anomaly_mode_is_silent_where_all_is_finite_and_ends() -> None:
    x = Tensor([1.0, 4.0], requires_grad=True)
    with detect_anomaly():
        ag.sqrt(x).sum().backward()
    with np.errstate(invalid="ignore"):
        assert np.isnan(ag.log(Tensor([-1.0], requires_grad=True)).data).all()


def test_both_together() -> None:
    x = Tensor([1.0, 4.0], requires_grad=True)
    with detect_anomaly(), in_place_guard():
        y = ag.square(x)
    x.data[0] = 9
    with pytest.raises(StateError, match="'square'.*in test_both_together"):
        y.sum().backward()
