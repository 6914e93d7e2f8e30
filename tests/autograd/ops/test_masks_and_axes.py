"""Masks cut gradients; nan is chosen; axes of 0-d tensors; ties."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import pmt_autograd as ag
from pmt_autograd import Tensor, gradients
from pmt_core import PmtError, ShapeError

INF, NAN = np.inf, np.nan
dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def gradient_of(
    operation: Callable[[Tensor], Tensor], x: Any, dtype: type = np.float64, grad: float = 1.0
) -> list[Any]:
    leaf = Tensor(np.asarray(x, dtype), requires_grad=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        y = operation(leaf)
        by_x = gradients(y, np.full(y.shape, grad, dtype))[leaf]
    assert y.dtype == by_x.dtype == dtype
    return by_x.tolist()


CUTS: dict[str, tuple[Callable[[Tensor], Tensor], list[float]]] = {
    "sqrt(relu(x))": (lambda x: ag.sqrt(ag.relu(x)), [0, 0, 0.25]),
    "sqrt(clip(x, low=0))": (lambda x: ag.sqrt(ag.clip(x, low=0)), [0, INF, 0.25]),
    "log(clip(x, low=0))": (lambda x: ag.log(ag.clip(x, low=0)), [0, INF, 0.25]),
    "log(0 - clip(x, high=0))": (lambda x: ag.log(0 - ag.clip(x, high=0)), [-1, -INF, 0]),
    "sqrt(maximum(x, 0))": (lambda x: ag.sqrt(ag.maximum(x, 0)), [0, INF, 0.25]),
    "sqrt(0 - minimum(-x, 0))": (lambda x: ag.sqrt(0 - ag.minimum(-x, 0)), [0, INF, 0.25]),
    "sqrt(where(x > 0, x, 0))": (lambda x: ag.sqrt(ag.where(x > 0, x, 0)), [0, 0, 0.25]),
    "sqrt(masked(x))": (lambda x: ag.sqrt(ag.masked(x, mask=x > 0)), [0, 0, 0.25]),
    "sqrt(leaky_relu(x))": (lambda x: ag.sqrt(ag.leaky_relu(x, slope=0.0)), [0, 0, 0.25]),
    "sqrt(elu(x))": (lambda x: ag.sqrt(ag.elu(x, alpha=0.0)), [0, 0, 0.25]),
    "sqrt(|x|)": (lambda x: ag.sqrt(abs(x)), [-0.5, 0, 0.25]),
    "sqrt(x^0 - 1)": (lambda x: ag.sqrt(x**0 - 1), [0, 0, 0]),
}


@dtypes
@pytest.mark.parametrize("name", CUTS)
def test_an_infinite_gradient_is_cut(name: str, dtype: type) -> None:
    operation, expected = CUTS[name]
    np.testing.assert_allclose(gradient_of(operation, [-1, 0, 4], dtype), expected, rtol=1e-6)


def test_a_length_of_zero_cuts() -> None:
    rows = np.array([[0.0, 0.0], [3.0, 4.0]])
    assert gradient_of(lambda x: ag.sqrt(ag.norm(x, axis=1)), rows) == [
        [0, 0],
        pytest.approx([0.3 / np.sqrt(5), 0.4 / np.sqrt(5)]),
    ]
    assert gradient_of(lambda x: ag.sqrt(ag.std(x, axis=1)), [[2.0, 2.0]]) == [[0, 0]]


@dtypes
def test_nan_has_the_gradient(dtype) -> None:
    for operation in (ag.relu, lambda x: ag.maximum(x, 0), lambda x: ag.minimum(x, 0)):
        assert gradient_of(operation, [NAN], dtype) == [1]
    for operation in (ag.max, ag.min, lambda x: ag.top_k(x, k=1)[0]):
        assert gradient_of(operation, [1, NAN, INF, -INF], dtype) == [0, 1, 0, 0]
    assert gradient_of(ag.max, [[NAN, NAN], [1, 0]], dtype) == [[0.5, 0.5], [0, 0]]
    assert gradient_of(lambda x: ag.max(x, axis=1), [[NAN, NAN], [1, 0]], dtype) == [
        [0.5, 0.5],
        [1, 0],
    ]


def test_top_k_sorts_nan_first_and_keeps_the_order_of_ties() -> None:
    values, indices = ag.top_k(Tensor([2.0, NAN, 3.0, 2.0, NAN]), k=4)
    assert indices.data.tolist() == [1, 4, 2, 0]
    np.testing.assert_array_equal(values.data, np.array([NAN, NAN, 3, 2], np.float32))
    assert ag.top_k(Tensor(np.array([-128, 127, -128], np.int8)), k=3)[1].data.tolist() == [1, 0, 2]


@dtypes
def test_norms_beyond_the_range_of_squares(dtype) -> None:
    info = np.finfo(dtype)
    for unit in (info.smallest_subnormal, info.tiny, info.max / 8):
        x = np.array([3, 0, 4], dtype) * dtype(unit)
        assert ag.norm(Tensor(x)).item() == dtype(5) * dtype(unit)
        np.testing.assert_allclose(gradient_of(ag.norm, x, dtype), [0.6, 0, 0.8], rtol=1e-6)
    assert ag.norm(Tensor(np.array([INF, 1], dtype))).item() == INF
    assert ag.norm(Tensor(np.array([-INF, INF], dtype))).item() == INF
    assert np.isnan(ag.norm(Tensor(np.array([INF, NAN], dtype))).item())
    tiny = np.array([1, 3], dtype) * dtype(info.tiny)
    assert ag.std(Tensor(tiny)).item() == dtype(info.tiny)


def test_repeat_of_a_single_number() -> None:
    x = Tensor(5.0, requires_grad=True)
    for axis in (0, -1):
        y = ag.repeat(x, count=3, axis=axis)
        assert y.data.tolist() == [5, 5, 5]
        assert gradients(y, np.array([1, 2, 4]))[x] == 7
    with pytest.raises(ShapeError, match="axis 1"):
        ag.repeat(x, count=3, axis=1)


@pytest.mark.parametrize(
    "operation",
    [
        lambda x, axis: ag.repeat(x, count=2, axis=axis),
        lambda x, axis: ag.top_k(x, k=1, axis=axis),
        lambda x, axis: ag.split(x, sections=1, axis=axis),
        lambda x, axis: ag.concat(x, x, axis=axis),
        lambda x, axis: ag.tensordot(x, x, ((axis,), (axis,))),
        lambda x, axis: ag.mean(x, axis=axis),
        lambda x, axis: ag.var(x, axis=axis),
        lambda x, axis: ag.std(x, axis=axis),
    ],
    ids=["repeat", "top_k", "split", "concat", "tensordot", "mean", "var", "std"],
)
def test_an_axis_that_does_not_exist_is_refused(operation) -> None:
    for x, axis in ((np.ones((2, 3)), 2), (np.ones((2, 3)), -3), (np.ones(()), 1)):
        with pytest.raises(PmtError, match=f"axis {axis} does not exist"):
            operation(Tensor(x, requires_grad=True), axis)


@pytest.mark.parametrize("axis", [0, -1])
def test_reductions_of_a_0_d_tensor_over_its_axis(axis) -> None:
    for operation in (ag.sum, ag.max, ag.min, ag.norm, ag.logsumexp, ag.softmax, ag.cumsum):
        x = Tensor(np.array(2.0), requires_grad=True)
        y = operation(x, axis=axis)
        assert gradients(y, np.ones(y.shape))[x].shape == ()


@pytest.mark.parametrize(
    "mask",
    [
        np.ones(3),
        np.array([1, 0, 2]),
        np.ones(4, bool),
        np.ones((4, 2, 3), bool),
        np.ones((3, 1), bool),
    ],
    ids=["float", "int", "longer", "more axes", "other length"],
)
def test_a_mask_is_boolean_and_broadcasts(mask) -> None:
    with pytest.raises(PmtError, match="mask"):
        ag.masked(Tensor(np.ones((2, 3))), mask=mask)


@pytest.mark.parametrize("count", [-1, 1.5, True])
def test_counts_are_whole_numbers(count) -> None:
    x = Tensor(np.ones((2, 4)))
    for call in (
        lambda: ag.repeat(x, count=count, axis=0),
        lambda: ag.top_k(x, k=count),
        lambda: ag.split(x, sections=count, axis=1),
    ):
        with pytest.raises(PmtError, match="whole number"):
            call()


def test_widths_are_pairs_for_every_axis() -> None:
    for widths in ([(1, 1)], [(-1, 0), (0, 0)]):
        with pytest.raises(ShapeError, match="widths"):
            ag.pad(Tensor(np.ones((2, 4))), widths=widths)
