"""The random comparison with torch finds planted faults (`-m oracle`)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from random_arrays import Draw
from torch_comparison import CONFIGURATIONS, Comparison, Inputs, disagreements, wrong_cells

import pmt_autograd as ag

INF, NAN = np.inf, np.nan


def one(draw: Draw) -> Inputs:
    return [draw.array(draw.shape())], {}


def count(ours: Any, theirs: Any, **options: Any) -> int:
    torch = pytest.importorskip("torch")
    comparison = Comparison("planted", ours, theirs, one, **options)
    return len(list(disagreements(comparison, torch, range(CONFIGURATIONS))))


PLANTED: dict[str, tuple[Any, Any]] = {
    "0.01 % too large": (lambda x: x * 1.0001, lambda t, x: x * 1.0),
    "half at ties": (lambda x: ag.maximum(x, 0.0), lambda t, x: t.relu(x)),
    "a gradient of 0.1 % too much": (
        lambda x: x * 1.001 - x.data * 0.001,
        lambda t, x: x * 1.0,
    ),
    "nan as a number": (lambda x: ag.where(np.isnan(x.data), 0.0, x), lambda t, x: x * 1.0),
    "the sign of an infinity": (
        lambda x: ag.where(np.isinf(x.data), np.abs(x.data), x),
        lambda t, x: x * 1.0,
    ),
    "a mask that multiplies": (
        lambda x: ag.sqrt(x * (x.data > 0)),
        lambda t, x: t.sqrt(t.where(x > 0, x, 0.0)),
    ),
    "underflow": (lambda x: x * 1e-40 * 1e40, lambda t, x: x * 1.0),
    "the wrong dtype": (lambda x: x.astype(np.float64), lambda t, x: x * 1.0),
    "the wrong shape": (lambda x: x.reshape(-1), lambda t, x: x * 1.0),
    "an error": (lambda x: x.reshape(2, -1), lambda t, x: x * 1.0),
}


@pytest.mark.oracle
@pytest.mark.parametrize("fault", PLANTED)
def test_a_planted_fault_is_found(fault: str) -> None:
    assert count(*PLANTED[fault])


@pytest.mark.oracle
def test_what_is_right_is_not_reported() -> None:
    assert count(lambda x: x * 1.0, lambda t, x: x * 1.0) == 0


@pytest.mark.oracle
def test_a_comparison_that_compares_little_fails() -> None:
    def refuse(*inputs: Any) -> Any:
        raise ValueError

    assert count(refuse, refuse) == 1


@pytest.mark.parametrize(
    ("ours", "theirs", "wrong"),
    [
        ([1.0, NAN, INF, -INF, 0.0], [1.0, NAN, INF, -INF, -0.0], [0, 0, 0, 0, 0]),
        ([1.0, NAN, INF, -INF, 0.0], [NAN, 1.0, -INF, INF, 1e-30], [1, 1, 1, 1, 1]),
        ([1 + 1e-6, 1 + 1e-5, 1e30, -1.0], [1.0, 1.0, INF, 1.0], [0, 1, 1, 1]),
    ],
)
def test_elements_that_differ(ours: list[float], theirs: list[float], wrong: list[int]) -> None:
    cells = wrong_cells(np.array(ours, np.float32), np.array(theirs, np.float32), 4.0)
    np.testing.assert_array_equal(cells, np.array(wrong, bool))


def test_an_error_is_relative_to_the_largest_element_of_a_sum() -> None:
    ours, theirs = np.array([1000.0, 1e-3], np.float32), np.array([1000.0, 0.0], np.float32)
    assert wrong_cells(ours, theirs, 4.0).tolist() == [False, True]
    assert not wrong_cells(ours, theirs, 4.0, by_array=True).any()
    assert not wrong_cells(ours, theirs, 4.0, 1000.0).any()


def test_a_configuration_is_the_same_in_every_run() -> None:
    for number in range(8):
        first, second = (one(Draw("again", number))[0][0] for _ in range(2))
        np.testing.assert_array_equal(first, second)
