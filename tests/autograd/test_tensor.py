"""`Tensor` as an array: dtypes, mixing with NumPy and Python, comparison, hash, conversion."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

import pmt_autograd as ag
from pmt_autograd import Tensor
from pmt_autograd.ops.tensor_methods import TENSOR_METHODS
from pmt_core import DtypeError, ShapeError

X = np.array([[1.0, 2.0], [3.0, 4.0]], np.float32)


def test_dtypes_of_construction() -> None:
    assert Tensor([1.0, 2.0]).dtype == np.float32
    assert Tensor(1.0).dtype == np.float32
    assert Tensor([1, 2]).dtype == np.int64
    assert Tensor([True]).dtype == np.bool_
    assert Tensor(np.zeros(2)).dtype == np.float64
    assert Tensor([1, 2], dtype=np.float64).dtype == np.float64
    assert Tensor(X).data is X


@pytest.mark.parametrize("data", ["text", [None], [object()], np.array([1j])])
def test_what_is_no_number_is_refused(data: object) -> None:
    with pytest.raises(DtypeError, match="holds floating, integer or boolean"):
        Tensor(data)


def test_integers_have_no_gradient() -> None:
    with pytest.raises(DtypeError, match="only floating tensors"):
        Tensor([1, 2], requires_grad=True)


@pytest.mark.parametrize(
    "other",
    [
        2,
        2.0,
        True,
        np.float64(2),
        np.int64(2),
        np.arange(1, 3),
        np.ones(2),
        [1.0, 2.0],
        np.array(3),
    ],
    ids=repr,
)
@pytest.mark.parametrize("operator", ["+", "-", "*", "/", "**"])
def test_nothing_raises_float32(other: object, operator: str) -> None:
    x = Tensor(X, requires_grad=True)
    for expression in (f"x {operator} other", f"other {operator} x"):
        result = eval(expression)
        assert isinstance(result, Tensor)
        assert result.dtype == np.float32
        expected = eval(expression, {"x": X.astype(np.float64), "other": np.asarray(other)})
        np.testing.assert_allclose(result.data, expected, rtol=1e-6)
        result.sum().backward()
        assert x.grad.dtype == np.float32


def test_matmul_with_arrays_on_either_side() -> None:
    x = Tensor(X, requires_grad=True)
    for result in (x @ np.eye(2), np.eye(2) @ x, [[1, 0], [0, 1]] @ x):
        assert result.dtype == np.float32
        np.testing.assert_array_equal(result.data, X)


def test_operations_of_plain_numbers_and_arrays() -> None:
    assert ag.add(1, 2).item() == 3
    assert ag.multiply(X, X).dtype == np.float32
    assert not ag.exp(X).requires_grad
    assert ag.concat([1.0], [2.0]).shape == (2,)


def test_integers_beside_python_floats_become_float32() -> None:
    counts = Tensor([1, 2])
    assert counts.dtype == np.int64
    for result in (counts * 0.5, 0.5 * counts, counts + 1.0, 1.0 / counts, counts**0.5):
        assert result.dtype == np.float32
    assert (counts * 2).dtype == np.int64


def test_float16_stays_float16() -> None:
    x = Tensor(np.ones(3, np.float16), requires_grad=True)
    y = ag.exp(x * 2.0) + np.ones(3)
    assert y.dtype == np.float16
    y.sum().backward()
    assert x.grad.dtype == np.float16


def test_comparison_gives_arrays() -> None:
    x = Tensor(X)
    for result in (x == 2, x != 2, x < 2, x <= x, x > X, x >= 2.0):
        assert isinstance(result, np.ndarray)
        assert result.dtype == np.bool_
        assert result.shape == X.shape
    assert (x == Tensor(X)).all()
    assert not (x != X).any()


def test_tensors_are_keys_by_identity() -> None:
    first, second = Tensor([1.0]), Tensor([1.0])
    table = {first: 1, second: 2}
    assert table[first] == 1
    assert table[second] == 2


def test_conversion() -> None:
    assert float(Tensor([2.5])[0]) == 2.5
    assert int(Tensor(2)) == 2
    assert Tensor([[2.5]]).item() == 2.5
    assert bool(Tensor([1.0]) > 0)
    assert len(Tensor(X)) == 2
    assert [row.shape for row in Tensor(X)] == [(2,), (2,)]
    np.testing.assert_array_equal(np.asarray(Tensor(X)), X)
    with pytest.raises(ShapeError, match="one element"):
        Tensor(X).item()
    with pytest.raises(ShapeError, match="no length"):
        len(Tensor(1.0))
    with pytest.raises(DtypeError, match="lose its gradient"):
        np.asarray(Tensor(X, requires_grad=True))


def test_iteration_over_a_0_d_tensor_ends() -> None:
    with pytest.raises(ShapeError, match="0-d"):
        list(Tensor(1.0))


def test_repr_names_what_matters() -> None:
    x = Tensor([1.0], requires_grad=True)
    assert "requires_grad=True" in repr(x)
    assert "float32" in repr(x)
    assert "made by exp" in repr(ag.exp(x))


def test_every_method_declared_without_a_body_is_bound() -> None:
    empty = [name for name, method in vars(Tensor).items() if _is_empty(method)]
    assert empty == []


def _is_empty(method: object) -> bool:
    """Whether a function does nothing, as the declarations in the class body."""
    code = getattr(method, "__code__", None)
    return code is not None and code.co_code == (lambda: None).__code__.co_code


@pytest.mark.parametrize("name", TENSOR_METHODS)
def test_help_shows_the_docstring_and_the_parameters(name: str) -> None:
    method = getattr(Tensor, name)
    assert method.__doc__
    kinds = {p.kind for p in inspect.signature(method).parameters.values()}
    assert inspect.Parameter.VAR_KEYWORD not in kinds


def test_methods_take_settings_by_position_and_by_name() -> None:
    x = Tensor(X)
    assert str(inspect.signature(Tensor.sum)).startswith("(self, axis: 'Axis' = None")
    for result in (x.sum(0, True), x.sum(0, keepdims=True), x.sum(axis=0, keepdims=True)):
        np.testing.assert_array_equal(result.data, [[4, 6]])
    with pytest.raises(TypeError, match="axes"):
        x.sum(axes=0)


def test_an_operation_shows_its_own_parameters_without_needs_grad() -> None:
    assert str(inspect.signature(ag.add)) == (
        "(a: 'Tensor | Array', b: 'Tensor | Array') -> 'Tensor'"
    )
    assert str(inspect.signature(ag.split)).endswith("-> 'tuple[Tensor, ...]'")
