"""Products, order, diagonals, rounding, stacking: values of NumPy, exact gradients, refusals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import pmt_autograd as ag
from pmt_autograd import Tensor, gradients
from pmt_core import DtypeError, PmtError, ShapeError

X = np.array([[0.5, -1.5, 2.0], [2.5, 0.0, -0.25]], np.float32)
POSITIVE = np.abs(X) + np.float32(1.25)
SQUARE = np.arange(9, dtype=np.float32).reshape(3, 3) - 4
UNIT = X / 4

# NumPy's functions: called with an array, and with a tensor, which has to be recorded.
FUNCTIONS: dict[str, tuple[Any, Any]] = {
    **{name: (getattr(np, name), X) for name in ("exp2", "sign", "floor", "ceil", "trunc")},
    **{name: (getattr(np, name), X) for name in ("fix",) if hasattr(np, name)},
    **{name: (getattr(np, name), X) for name in ("rint", "tan", "sinh", "cosh", "arcsinh")},
    **{name: (getattr(np, name), UNIT) for name in ("arcsin", "arccos", "arctanh")},
    **{name: (getattr(np, name), POSITIVE) for name in ("log2", "log10", "arccosh", "reciprocal")},
    **{name: (getattr(np, name), X) for name in ("prod", "cumprod", "sort", "ravel", "fabs")},
    **{name: (getattr(np, name), SQUARE) for name in ("diag", "diagonal", "trace", "tril", "triu")},
    "arctan2": (lambda x: np.arctan2(x, [1.0, 2.0, 0.5]), X),
    "arctan2 of an array": (lambda x: np.arctan2(np.float32([1, 2, -3]), x), X),
    "logaddexp": (lambda x: np.logaddexp(x, 1.5), X),
    "mod": (lambda x: np.mod(x, 0.75), X),
    "%": (lambda x: x % 0.75, X),
    "reflected %": (lambda x: 2 % x, POSITIVE),
    "//": (lambda x: x // 0.75, X),
    "prod axis": (lambda x: np.prod(x, axis=0, keepdims=True), X),
    "prod axes": (lambda x: np.prod(x, axis=(1, 0)), X),
    "cumprod axis": (lambda x: np.cumprod(x, axis=0), X),
    "var": (lambda x: np.var(x, axis=1, ddof=1), X),
    "std": (lambda x: np.std(x, 0, ddof=1, keepdims=True), X),
    "correction": (lambda x: np.var(x, correction=1), X),
    "roll": (lambda x: np.roll(x, 2), X),
    "roll axes": (lambda x: np.roll(x, (1, -1), axis=(0, 1)), X),
    "diag of a vector": (lambda x: np.diag(x[0], -1), X),
    "trace offset": (lambda x: np.trace(x, 1), SQUARE),
    "sort axis": (lambda x: np.sort(x, axis=0), X),
    "sort flat": (lambda x: np.sort(x, axis=None), X),
    "sort of a number": (lambda x: np.sort(x[0, 0], axis=None), X),
    "tril of a vector": (lambda x: np.tril(x[0]), X),
    "hstack": (lambda x: np.hstack([x, x[:, :1]]), X),
    "hstack of vectors": (lambda x: np.hstack((x[0], x[1, :2])), X),
    "vstack": (lambda x: np.vstack([x, x[0]]), X),
    "moveaxis": (lambda x: np.moveaxis(x[None], (0, 1), (-1, 0)), X),
    "repeat": (lambda x: np.repeat(x, [2, 0, 1], axis=1), X),
    "repeat flat": (lambda x: np.repeat(x, 2), X),
    "clip": (lambda x: np.clip(x, [[-1.0], [0.5]], [0.0, 1, 2]), X),
    "clip by names": (lambda x: np.clip(x, a_min=-1, a_max=0.5), X),
    "clip by newer names": (lambda x: np.clip(x, min=-1), X),
    "reshape by name": (lambda x: np.reshape(x, shape=(3, 2)), X),
    "einsum optimized": (lambda x: np.einsum("ij,kj->ik", x, X, optimize=True), X),
    "round": (lambda x: np.round(x, 1), X),
    "round of Python": (lambda x: round(x, 1) if isinstance(x, Tensor) else np.round(x, 1), X),
    "around": (np.around, X),
    "pad": (lambda x: np.pad(x, ((0, 1), (2, 0)), constant_values=3), X),
    "pad all": (lambda x: np.pad(x, 1), X),
    "dot": (lambda x: np.dot(x, SQUARE), X),
    "dot of vectors": (lambda x: np.dot(x[0], x[1]), X),
    "dot of a number": (lambda x: np.dot(2.0, x), X),
    "split": (lambda x: np.concatenate(np.split(x, [1, -1], axis=1)[::2], axis=1), X),
    "split evenly": (lambda x: np.split(x, 3, axis=1)[1], X),
    "positive": (np.positive, X),
}


@pytest.mark.filterwarnings("ignore:numpy.fix is deprecated")  # since NumPy 2.5
@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_of_numpy_gives_its_values_as_a_tensor(name: str) -> None:
    function, array = FUNCTIONS[name]
    expected = function(array)
    x = Tensor(array, requires_grad=True)
    y = function(x)
    assert isinstance(y, Tensor)
    assert y.requires_grad
    assert y.dtype == np.float32
    np.testing.assert_allclose(y.data, expected, rtol=1e-6)
    by_x = gradients(y, np.ones(y.shape))[x]
    assert by_x.shape == x.shape
    assert by_x.dtype == np.float32


METHODS = ("relu", "sigmoid", "ravel", "tanh", "sin", "cos", "softmax", "log_softmax", "logsumexp")
METHODS += ("prod", "cumprod", "sort", "round", "trace", "diagonal", "std", "var")


@pytest.mark.parametrize("name", METHODS)
def test_a_method_is_the_operation(name: str) -> None:
    x = Tensor(X)
    expected = x.reshape(-1) if name == "ravel" else getattr(ag, name)(x)
    np.testing.assert_array_equal(getattr(x, name)().data, expected.data)


def test_methods_take_axes_and_ddof() -> None:
    x = Tensor(X)
    np.testing.assert_allclose(x.softmax((0, 1)).data.sum(), 1, rtol=1e-6)
    np.testing.assert_allclose(x.logsumexp(None).data, np.log(np.exp(X).sum()), rtol=1e-6)
    np.testing.assert_allclose(x.var(1, True, ddof=1).data, X.var(1, ddof=1, keepdims=True), 1e-6)
    np.testing.assert_allclose(x.std(0, ddof=1).data, X.std(0, ddof=1), 1e-6)
    assert x.argsort().tolist() == np.argsort(X, axis=-1).tolist()
    assert ag.argsort(x, None).tolist() == [1, 5, 4, 0, 2, 3]


def test_products_of_integers_and_booleans_are_integers() -> None:
    assert ag.prod(Tensor([2, 3])).data.tolist() == 6
    assert ag.prod(Tensor([True, True])).dtype == np.int64
    assert ag.cumprod(Tensor([2, 3])).data.tolist() == [2, 6]
    assert ag.trace(Tensor([[1, 2], [3, 4]])).dtype == np.int64


# --- gradients worked out by hand -----------------------------------------------------------------


def gradient_of(operation: Any, x: Any, grad: Any = 1.0) -> list[Any]:
    leaf = Tensor(np.asarray(x, np.float64), requires_grad=True)
    y = operation(leaf)
    by_x = gradients(y, np.broadcast_to(grad, y.shape))[leaf]
    assert isinstance(by_x, np.ndarray)
    return by_x.tolist()


def test_products_with_zeros() -> None:
    assert gradient_of(ag.prod, [2, 0, 3]) == [0, 6, 0]
    assert gradient_of(ag.prod, [2, 0, 0]) == [0, 0, 0]
    assert gradient_of(lambda x: ag.prod(x, axis=1), [[0, 5], [2, 3]]) == [[5, 0], [3, 2]]
    assert gradient_of(lambda x: ag.prod(x, axis=(0, 1)), [[0, 5], [2, 3]]) == [[30, 0], [0, 0]]
    # y = (a, ab, abc), gradients 1, 10, 100: da = 1 + 10 b + 100 bc, db = 10 a + 100 ac, ...
    assert gradient_of(ag.cumprod, [2, 0, 3], [1, 10, 100]) == [1, 620, 0]
    assert gradient_of(ag.cumprod, [0, 2, 3], [1, 10, 100]) == [621, 0, 0]


def test_products_that_overflow_have_the_gradient_of_the_others() -> None:
    with np.errstate(over="ignore", under="ignore"):
        assert gradient_of(ag.prod, [1e200, 1e200]) == [1e200, 1e200]
        assert gradient_of(ag.prod, [1e-200, 1e-200]) == [1e-200, 1e-200]


def test_equal_elements_keep_their_order() -> None:
    assert gradient_of(ag.sort, [3, 1, 3, 1], [1, 2, 3, 4]) == [3, 1, 4, 2]
    assert gradient_of(ag.sort, [np.nan, 1], [1, 2]) == [2, 1]


def test_the_remainder_at_multiples() -> None:
    assert gradient_of(lambda x: x % 2.0, [4, 5, -1]) == [1, 1, 1]
    assert gradient_of(lambda b: 7.0 % b, [2, -2, 7]) == [-3, 4, -1]


def test_steps_cut_any_gradient() -> None:
    for step in (ag.sign, ag.floor, ag.ceil, ag.trunc, ag.round, lambda x: x // 2.0):
        assert gradient_of(step, [0, 1.5, -2], [np.inf, np.nan, 1]) == [0, 0, 0]


def test_clip_by_tensors_gives_the_limits_their_gradients() -> None:
    x = Tensor([-2.0, 0.0, 1.0, 5.0], requires_grad=True)
    low = Tensor(0.0, requires_grad=True)
    high = Tensor([1.0, 1.0, 1.0, -1.0], requires_grad=True)
    grads = gradients(x.clip(low, high), np.array([1, 10, 100, 1000]))
    assert grads[x].tolist() == [0, 10, 100, 0]
    assert grads[low].tolist() == 1
    assert grads[high].tolist() == [0, 0, 0, 1000]


def test_repeat_by_counts_adds_the_copies() -> None:
    grad = [1, 2, 4, 8, 16]
    assert gradient_of(lambda x: x.repeat([2, 0, 3]), [1, 2, 3], grad) == [3, 0, 28]
    assert gradient_of(lambda x: x.repeat(np.array([2]), axis=0), [1, 2], [1, 2, 4, 8]) == [3, 12]


def test_a_triangle_leaves_nan_out() -> None:
    x = Tensor(np.array([[1.0, np.nan], [np.inf, 2.0]]))
    np.testing.assert_array_equal(ag.triu(x, k=1).data, [[0, np.nan], [0, 0]])
    np.testing.assert_array_equal(ag.tril(x, k=-1).data, [[0, 0], [np.inf, 0]])


@pytest.mark.parametrize("operation", [ag.var, ag.std])
def test_no_degrees_of_freedom(operation: Any) -> None:
    for array in (np.ones(1), np.ones((3, 1)), np.array([1.0, 3.0])):
        x = Tensor(array, requires_grad=True)
        with pytest.warns(RuntimeWarning):
            y = operation(x, axis=-1, ddof=len(array[..., :].T))
        with np.errstate(invalid="ignore"):
            by_x = gradients(y, np.ones(y.shape))[x]
        assert isinstance(by_x, np.ndarray)
        assert not np.isfinite(y.data).any()
        assert not np.isfinite(by_x).any()


def test_one_degree_of_freedom_by_hand() -> None:
    assert gradient_of(lambda x: x.var(ddof=1), [1, 2, 6]) == [-2, -1, 3]
    assert gradient_of(lambda x: x.std(ddof=1), [1, 3]) == pytest.approx([-(0.5**0.5), 0.5**0.5])


REFUSED = {
    "counts": (lambda x: x.repeat([1, 2], axis=1), ShapeError, "each of 3 slices"),
    "negative counts": (lambda x: x.repeat([1, -2, 0], axis=1), ShapeError, "0 or more"),
    "counts that are no integers": (lambda x: x.repeat([0.5] * 3, 1), DtypeError, "whole numbers"),
    "diag": (lambda x: ag.diag(x[None]), ShapeError, "diagonal"),
    "tril": (lambda x: ag.tril(x[0, 0]), ShapeError, "matrices"),
    "trace": (lambda x: x[0].trace(), ShapeError, "two axes"),
    "mode of pad": (lambda x: np.pad(x, 1, mode="edge"), DtypeError, "only 'constant'"),
    "sort kind": (lambda x: np.sort(x, kind="heapsort"), DtypeError, "kind"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_an_operation_does_not_have_is_refused(name: str) -> None:
    call, error, message = REFUSED[name]
    assert issubclass(error, PmtError)
    with pytest.raises(error, match=message):
        call(Tensor(X, requires_grad=True))
