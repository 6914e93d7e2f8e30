"""NumPy's functions and operators on tensors: an operation, an array, or an error with the cure."""

from __future__ import annotations

import copy
import re

import numpy as np
import pytest

import pmt_autograd as ag
from pmt_autograd import Tensor, alternatives, gradients
from pmt_core import DtypeError

X = np.arange(1.0, 7, dtype=np.float32).reshape(2, 3)
ARRAY = np.full((2, 3), 2.0)

RECORDED = {
    "sum": (np.sum, ag.sum),
    "sum axis": (lambda x: np.sum(x, axis=0, keepdims=True), lambda x: x.sum(0, True)),
    "mean": (lambda x: np.mean(x, 1), lambda x: x.mean(1)),
    "std": (np.std, ag.std),
    "amax": (lambda x: np.amax(x, axis=1), lambda x: x.max(1)),
    "norm": (lambda x: np.linalg.norm(x, axis=1), lambda x: ag.norm(x, axis=1)),
    "cumsum": (np.cumsum, lambda x: ag.cumsum(x.reshape(-1))),
    "cumsum axis": (lambda x: np.cumsum(x, axis=0), lambda x: x.cumsum(0)),
    "exp": (np.exp, ag.exp),
    "log": (np.log, ag.log),
    "abs": (np.abs, abs),
    "add": (lambda x: np.add(ARRAY, x), lambda x: x + ARRAY),
    "maximum": (lambda x: np.maximum(x, 2), lambda x: ag.maximum(x, 2)),
    "array minus": (lambda x: ARRAY - x, lambda x: 2 - x),
    "array by": (lambda x: ARRAY / x, lambda x: 2 / x),
    "array to": (lambda x: ARRAY**x, lambda x: 2.0**x),
    "array @": (lambda x: ARRAY.T @ x, lambda x: ag.matmul(ARRAY.T, x)),
    "scalar": (lambda x: np.float64(3) * x, lambda x: 3 * x),
    "reshape": (lambda x: np.reshape(x, (3, 2)), lambda x: x.reshape(3, 2)),
    "transpose": (np.transpose, lambda x: x.T),
    "concatenate": (lambda x: np.concatenate([x, x], axis=1), lambda x: ag.concat(x, x, axis=1)),
    "stack": (lambda x: np.stack([x, x]), lambda x: ag.stack(x, x)),
    "where": (lambda x: np.where(x > 2, x, 0), lambda x: ag.where(x > 2, x, 0)),
    "clip": (lambda x: np.clip(x, 2, 4), lambda x: x.clip(2, 4)),
    "repeat": (lambda x: np.repeat(x, 2), lambda x: x.reshape(-1).repeat(2, 0)),
    "tile": (lambda x: np.tile(x, 2), lambda x: ag.tile(x, repeats=(2,))),
    "einsum": (lambda x: np.einsum("ij->j", x), lambda x: x.sum(0)),
    "broadcast_to": (lambda x: np.broadcast_to(x, (4, 2, 3)), lambda x: x + np.zeros((4, 2, 3))),
}


@pytest.mark.parametrize("name", RECORDED)
def test_it_records_the_operation(name: str) -> None:
    function, operation = RECORDED[name]
    x, y = Tensor(X, requires_grad=True), Tensor(X, requires_grad=True)
    got, expected = function(x), operation(y)
    assert isinstance(got, Tensor)
    assert got.dtype == np.float32
    np.testing.assert_allclose(got.data, expected.data, rtol=1e-6)
    np.testing.assert_allclose(
        gradients(got, np.ones(got.shape))[x], gradients(expected, np.ones(got.shape))[y], rtol=1e-6
    )


@pytest.mark.parametrize(
    "function",
    [np.cbrt, np.median, np.add.reduce, lambda x: np.inner(x, X), np.dstack, np.unique],
    ids=["cbrt", "median", "add.reduce", "inner", "dstack", "unique"],
)
def test_what_has_no_operation_is_an_array_or_refused(function) -> None:
    constant = function(Tensor(X))
    assert not isinstance(constant, Tensor)
    np.testing.assert_allclose(constant, function(X))
    with pytest.raises(DtypeError, match=r"no operation on the tape.*use .*, or \.data"):
        function(Tensor(X, requires_grad=True))


@pytest.mark.parametrize(
    "call",
    [
        lambda x: np.sum(x, dtype=np.float64),
        lambda x: np.mean(x, where=X > 1),
        lambda x: np.linalg.norm(x, 1),
        lambda x: np.sum(X, where=x),
        lambda x: np.add(ARRAY, x, out=ARRAY.copy()),
    ],
    ids=["dtype", "where", "ord", "where is a tensor", "out"],
)
def test_arguments_that_an_operation_does_not_have_are_refused(call) -> None:
    with pytest.raises(DtypeError, match="np\\."):
        call(Tensor(X, requires_grad=True))


def test_an_array_is_not_changed_in_place_by_a_recorded_tensor() -> None:
    total = np.zeros(3)
    with pytest.raises(DtypeError, match="np.add into an array"):
        total += Tensor([1.0, 2.0, 3.0], requires_grad=True)
    total += Tensor([1.0, 2.0, 3.0])
    assert isinstance(total, np.ndarray)
    assert total.tolist() == [1, 2, 3]


def test_shapes_indices_and_comparisons_need_no_gradient() -> None:
    x = Tensor(X, requires_grad=True)
    assert np.shape(x) == (2, 3)
    assert np.ndim(x) == 2
    assert np.size(x) == 6
    assert np.argmax(x) == 5
    assert np.zeros_like(x).shape == (2, 3)
    assert np.allclose(x, X)
    assert np.isfinite(x).all()
    assert (x.data == ARRAY).tolist() == (x == ARRAY).tolist()


@pytest.mark.parametrize(
    ("call", "alternative"),
    [
        (np.median, "sort"),
        (lambda x: np.diff(x, axis=0), r"x\[1:\] - x\[:-1\]"),
        (lambda x: np.hypot(x, x), "norm"),
        (np.linalg.inv, "primitive"),
        (np.unique, "operation of pmt_autograd"),
        (np.add.reduce, "operation of pmt_autograd"),
    ],
    ids=["median", "diff", "hypot", "inv", "unique", "add.reduce"],
)
def test_an_error_names_what_to_use_instead(call, alternative) -> None:
    with pytest.raises(DtypeError, match=f"use .*{alternative}.*, or .data"):
        call(Tensor(X, requires_grad=True))


@pytest.mark.parametrize(
    ("name", "alternative"),
    [
        ("view", "use x.reshape"),
        ("unsqueeze", "use expand_dims"),
        ("dot", "use x @ y"),
        ("tolist", "use x.data"),
        ("hessian", "Second derivatives"),
        ("logaddexp", "use the operation logaddexp"),
    ],
)
def test_a_missing_attribute_names_what_to_use_instead(name: str, alternative: str) -> None:
    with pytest.raises(
        AttributeError, match=f"'Tensor' object has no attribute '{name}'; "
    ) as info:
        getattr(Tensor(X), name)
    assert alternative in str(info.value)


def test_the_hints_are_no_attributes() -> None:
    x = Tensor(X)
    assert not hasattr(x, "unsqueeze")
    assert not hasattr(Tensor, "unsqueeze")
    assert {"unsqueeze", "logaddexp"}.isdisjoint(dir(x))
    assert {"reshape", "data", "T"} <= set(dir(x))


def test_a_primitive_that_is_defined_later_is_named_too() -> None:
    @ag.primitive
    def cube_of_a_test(x):
        return x**3, lambda grad: grad * 3 * x**2

    with pytest.raises(AttributeError, match=r"use the operation cube_of_a_test\(x, ...\)"):
        Tensor(X).cube_of_a_test  # noqa: B018
    del ag.REGISTRY["cube_of_a_test"]


def test_other_attributes_are_missing_as_usual() -> None:
    x = Tensor(X)
    assert not hasattr(x, "nonsense")
    assert not hasattr(x, "__deepcopy__")
    assert copy.deepcopy(x).data.tolist() == X.tolist()
    with pytest.raises(AttributeError, match=r"no attribute 'nonsense'$"):
        x.nonsense  # noqa: B018


def test_what_the_alternatives_name_exists() -> None:
    """Names of operations in the hints: a word before a bracket, or alone."""
    hints = [*alternatives.FOR_FUNCTIONS.values(), *alternatives.FOR_ATTRIBUTES.values()]
    called = {name for hint in hints for name in re.findall(r"(?<![.\w])(\w+)\(", hint)}
    assert called - {"list", "Tensor", "comparisons", "a"} <= set(ag.__all__)
    assert len(called) > 10
