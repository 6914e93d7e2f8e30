"""Gradients are first order: one in an expression that is recorded is refused, never a constant."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import pmt_autograd as ag
from pmt_autograd import GradientArray, Tensor, gradients, no_grad
from pmt_core import DtypeError, GradientError, RowSparse

V = [1.0, -2.0, 3.0]


def leaf(values: Any = V) -> Tensor:
    return Tensor(np.array(values, np.float32), requires_grad=True)


def inner(x: Tensor) -> np.ndarray:
    """The gradient of the sum of x^3."""
    return gradients((x**3).sum())[x]


def by_backward(x: Tensor) -> np.ndarray:
    (x**3).sum().backward()
    assert isinstance(x.grad, np.ndarray)
    return x.grad


# Expressions of a leaf x and of g, a gradient by x: their derivative needs that of g.
SECOND_ORDER: dict[str, Callable[[Tensor, Any], Any]] = {
    "product": lambda x, g: (x * g).sum(),
    "product, the gradient first": lambda x, g: (g * x).sum(),
    "operation of the gradient alone": lambda x, g: ag.sum(g),
    "a tensor of it": lambda x, g: Tensor(g).sum(),
    "a tensor of some of it": lambda x, g: Tensor([g[0], g[1]]),
    "square in NumPy": lambda x, g: x.sum() + (g**2).sum(),
    "penalty by NumPy's norm": lambda x, g: x.sum() + (np.linalg.norm(g, axis=0) - 1) ** 2,
    "mean": lambda x, g: x + g.mean(),
    "one element": lambda x, g: x * g[1],
    "some elements": lambda x, g: x[:2] * g[1:],
    "dot": lambda x, g: x * g.dot(np.ones(3, np.float32)),
    "matmul": lambda x, g: x * (g @ g),
    "function of NumPy": lambda x, g: np.maximum(x, np.concatenate([g[:1], g[1:]])),
    "sum of Python": lambda x, g: x * sum(g),
    "a step of Newton": lambda x, g: ag.square(x - 0.1 * g),
    "set": lambda x, g: x.set(0, g[0]),
    "where": lambda x, g: ag.where(x > 0, x, g),
    "in a list": lambda x, g: ag.add(x, [g[0], g[1], 1.0]),
    "limit of clip": lambda x, g: x.clip(g, None),
    "linear in it": lambda x, g: ag.einsum(g, x, subscripts="i,i->"),
}


@pytest.mark.parametrize("take", [inner, by_backward])
@pytest.mark.parametrize("name", SECOND_ORDER)
def test_a_gradient_in_a_differentiated_expression_is_refused(name: str, take: Any) -> None:
    x = leaf()
    with pytest.raises(GradientError, match=r"first order only.*Second derivatives.*np\.asarray"):
        SECOND_ORDER[name](x, take(x))


def test_a_gradient_function_inside_a_function() -> None:
    """The gradient of x f'(x), where f' takes its gradient by its argument, a recorded tensor."""

    def slope(x: Any) -> Any:
        x = Tensor(x, requires_grad=True)
        return gradients((x**3).sum())[x]

    assert slope(np.array(2.0)) == 12
    with pytest.raises(DtypeError, match=r"lose its gradient.*x\.detach\(\)"):
        slope(leaf() * 1.0)


def test_the_gradient_of_a_gradient_is_refused() -> None:
    x = leaf()
    for call in (lambda g: gradients(g), lambda g: gradients(g[0]), lambda g: g.sum().backward()):
        with pytest.raises((DtypeError, GradientError), match="first order only"):
            call(inner(x))


# What reads the values of a row-sparse gradient g of a table of 4 rows, of which 1 and 3 were read.
ROW_SPARSE: dict[str, Callable[[Any], Any]] = {
    "dense": lambda g: g.to_dense(),
    "one element": lambda g: g.to_dense()[1, 0],
    "values": lambda g: g.values,
    "coalesced": lambda g: g.coalesce().values,
    "scaled": lambda g: g.scale(2.0).to_dense(),
    "sum of two": lambda g: (g + g).to_dense(),
    "sum with a plain one": lambda g: (
        RowSparse(g.rows, np.ones((len(g.rows), 2)), g.shape) + g
    ).to_dense(),
    "sum with an array": lambda g: g + np.ones(g.shape),
    "array and it": lambda g: np.ones(g.shape) + g,
    "dense and row-sparse": lambda g: g.to_dense() + g,
}


@pytest.mark.parametrize("name", ROW_SPARSE)
@pytest.mark.parametrize("accumulated", [False, True])
def test_a_row_sparse_gradient_is_refused_too(name: str, accumulated: bool) -> None:
    table = Tensor(np.ones((4, 2)), requires_grad=True)

    def loss() -> Tensor:
        return (ag.take_rows(table, np.array([1, 3, 1])) ** 3).sum()

    if accumulated:
        loss().backward()
        loss().backward()
        grad = table.grad
    else:
        grad = gradients(loss())[table]
    assert isinstance(grad, RowSparse)
    taken = ROW_SPARSE[name](grad)
    with pytest.raises(GradientError, match="first order only"):
        (table.sum() * taken).sum()
    (table.sum() * np.asarray(taken)).sum().backward()  # a constant on purpose
    assert isinstance(grad.squared_norm(), float)


# --- what is meant as a constant, or is none -----------------------------------------------------


def test_a_constant_on_purpose() -> None:
    x = leaf()
    (x * np.asarray(inner(x))).sum().backward()
    np.testing.assert_array_equal(x.grad, [3, 12, 27])
    with no_grad():
        assert (x * inner_values(x)).sum().item() == 3 * (1 - 8 + 27)
        assert type(Tensor(inner_values(x)).data) is np.ndarray


def inner_values(x: Tensor) -> np.ndarray:
    with ag.enable_grad():
        return inner(x)


def test_a_step_by_hand() -> None:
    """Leaves may be made of gradients, and be set to what was computed from them."""
    w = leaf()
    for _ in range(2):
        w.zero_grad()
        (w * w).sum().backward()
        w.data = w.data - 0.25 * w.grad
        assert type(w.data) is np.ndarray
    w.data -= 0.5 * by_backward(w)
    new = Tensor(w.data - 0.1 * by_backward(w), requires_grad=True)
    assert (new * new).requires_grad
    assert type(new.data) is np.ndarray


def test_an_adversarial_example_by_the_sign() -> None:
    """The sign of a gradient is constant, so nothing is lost (Goodfellow et al. 2015)."""
    x, w = leaf(), leaf([0.5, 0.5, 1.0])
    g = gradients(((x * w) ** 2).sum())[x]
    loss = (w * (x.data + 0.1 * np.sign(g))).sum()
    np.testing.assert_allclose(gradients(loss)[w], [1.1, -2.1, 3.1], rtol=1e-6)


def test_losses_that_share_leaves_and_gradients_that_add_up() -> None:
    x = leaf()
    first, second = (x * 2).sum(), (x * x).sum()
    first.backward()
    second.backward()
    (x * 3).sum().backward()
    np.testing.assert_array_equal(x.grad, [7, 1, 11])
    assert isinstance(x.grad, GradientArray)


def test_recompute_and_a_primitive_may_take_gradients_inside() -> None:
    x = leaf()
    ag.recompute(lambda x: (x**3).sum(), x).backward()
    np.testing.assert_array_equal(x.grad, [3, 12, 27])

    @ag.primitive
    def cubic_slope_for_test(x):  # 3 x^2 by a tape of its own, and its derivative by hand
        own = Tensor(x, requires_grad=True)
        return inner(own), lambda grad: grad * 6 * x

    try:
        y = cubic_slope_for_test(x)
        assert type(y.data) is np.ndarray
        np.testing.assert_array_equal(gradients(y.sum())[x], [6, -12, 18])
    finally:
        ag.REGISTRY.pop("cubic_slope_for_test")


# --- a gradient is an array like any other --------------------------------------------------------


def test_what_stays_a_gradient_and_what_does_not() -> None:
    g = inner(leaf())
    for kept in (g * 2, -g, g.sum(), g[0], g[1:], np.sqrt(g), g.mean(), np.linalg.norm(g), g @ g):
        assert isinstance(kept, GradientArray)
    for kept in (*np.split(g, 3), np.copy(g), np.ones(3) + g, abs(g), g.T, *g):
        assert isinstance(kept, GradientArray)
    for other in (g > 0, np.sign(g), np.zeros_like(g), np.asarray(g), np.argmax(g), g.tolist()):
        assert not isinstance(other, GradientArray)
    assert type(float(g[0])) is float
    assert g.dtype == (g * 2.0).dtype == g.sum().dtype == np.float32


def test_it_prints_rounds_and_copies_as_an_array() -> None:
    g = inner(leaf())
    assert str(g) == "[ 3. 12. 27.]"
    assert f"{g[0]:.2f} {g.sum():.1f}" == "3.00 42.0"
    assert round(g[1] / 7, 2) == pytest.approx(1.71)
    for again in (pickle.loads(pickle.dumps(g)), copy.deepcopy(g)):
        assert isinstance(again, GradientArray)
        np.testing.assert_array_equal(again, g)


def test_writing_to_it_writes_to_the_gradient() -> None:
    x = leaf()
    by_backward(x)
    x.grad *= 2
    x.grad[0] = 0
    x.grad[1] += 1
    np.testing.assert_array_equal(x.grad, [0, 25, 54])
    plain = np.zeros(3, np.float32)
    plain += x.grad
    assert type(plain) is np.ndarray
