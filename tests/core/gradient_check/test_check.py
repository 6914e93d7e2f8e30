"""The checker accepts correct gradients and rejects every wrong one, down to 0.1 %."""

import numpy as np
import pytest
from checked_functions import (
    check,
    exp,
    log,
    lookup,
    matmul,
    multiply,
    normal,
    soft,
    sqrt,
    square,
    tanh,
    total,
)

from pmt_core import GradientError, SettingsError, check_gradient

CORRECT = {
    "tanh": (tanh, normal(3, 4)),
    "exp": (exp, normal(3, 4)),
    "exp of large numbers": (exp, np.array([-80.0, -30.0, 5.0, 80.0])),
    "square around zero": (square, np.array([-1e-8, 0.0, 1e-8, 3.0, -4000.0])),
    "log of small numbers": (log, np.array([1e-9, 1e-4, 0.5, 1e6])),
    "sqrt of small numbers": (sqrt, np.array([1e-8, 1e-3, 2.0, 1e9])),
    "sum": (total, normal(4, 5)),
    "0-d": (tanh, np.array(0.3)),
    "python float": (tanh, 0.3),
    "empty": (tanh, np.zeros((0, 3))),
    "multiply, broadcast": (multiply, normal(2, 3, 4), normal(3, 1)),
    "multiply by 0-d": (multiply, normal(2, 3), np.array(2.0)),
    "matmul": (matmul, normal(3, 4), normal(4, 5)),
    "softmax": (soft, normal(3, 5)),
    "softmax of +-1000": (soft, np.array([[1000.0, -1000.0, 999.0], [-1000.0, 0.0, 0.5]])),
    "softmax with -inf": (soft, np.array([[0.3, -np.inf, 1.0], [-np.inf] * 3])),
    "lookup, repeated ids": (lookup, normal(5, 3), np.array([[1, 1], [4, 1]])),
    "not contiguous": (tanh, normal(6, 8)[::2, ::-2].T),
    "broadcast view": (square, np.broadcast_to(normal(3), (4, 3))),
    "large": (tanh, normal(200, 300)),
}


@pytest.mark.parametrize("name", CORRECT)
def test_correct_gradients_pass_and_are_precise(name):
    function, *inputs = CORRECT[name]
    report = check(function, *inputs)
    assert report.error < 1e-6
    assert report.float32_error < 1e-4
    assert report.method == "central"


@pytest.mark.parametrize("seed", range(30))
def test_correct_gradients_pass_whatever_the_random_numbers(seed):
    rng = np.random.default_rng(seed)
    scale = 10.0 ** rng.integers(-4, 4)
    check_gradient(tanh, rng.normal(size=(3, 4)), rng=rng)
    check_gradient(matmul, scale * rng.normal(size=(3, 4)), rng.normal(size=(4, 2)), rng=rng)
    check_gradient(soft, 10 * rng.normal(size=(2, 6)), rng=rng)
    check_gradient(log, scale * rng.random((3, 5)), rng=rng)


@pytest.mark.parametrize(("function", "inputs"), [(tanh, [normal(3, 4)]), (exp, [normal(3)])])
def test_the_complex_step_is_exact_to_rounding(function, inputs):
    report = check(function, *inputs, method="complex")
    assert report.method == "complex"
    assert report.error < 1e-13


# --- wrong gradients ----------------------------------------------------------------------------


def off_in_one_coordinate(where, factor=1.001):
    def function(x):
        y, backward = tanh(x)

        def wrong(grad):
            result = backward(grad)
            result.reshape(-1)[where] *= factor
            return result

        return y, wrong

    return function


def wrong_backward(function, change):
    """The same value, and a backward spoilt by `change`."""

    def spoilt(*inputs):
        value, backward = function(*inputs)
        return value, lambda grad: change(backward(grad))

    return spoilt


def scaled_second(grads):
    return grads[0], grads[1] * 1.001


SQUARE = normal(4, 4)
WRONG = {
    "0.1 % too large": (wrong_backward(tanh, lambda g: g * 1.001), normal(3, 4)),
    "0.1 % too small": (wrong_backward(tanh, lambda g: g * 0.999), normal(3, 4)),
    "0.1 % in a 0-d input": (wrong_backward(exp, lambda g: g * 1.001), np.array(0.4)),
    "0.1 % in the second input": (
        wrong_backward(matmul, scaled_second),
        normal(3, 4),
        normal(4, 2),
    ),
    "0.1 % in the first coordinate": (off_in_one_coordinate(0), normal(3, 4)),
    "0.1 % in the last coordinate": (off_in_one_coordinate(-1), normal(3, 4)),
    "0.1 % in one of 100,000": (off_in_one_coordinate(77_777), 0.5 * normal(100, 1000)),
    "sign": (wrong_backward(tanh, lambda g: -g), normal(3, 4)),
    "sign of one coordinate": (off_in_one_coordinate(5, -1.0), normal(3, 4)),
    "zero": (wrong_backward(tanh, np.zeros_like), normal(3, 4)),
    "none at all": (wrong_backward(tanh, lambda g: None), normal(3, 4)),
    "one coordinate forgotten": (off_in_one_coordinate(3, 0.0), normal(3, 4)),
    "transposed": (wrong_backward(tanh, lambda g: g.T.copy()), SQUARE),
    "a constant too much": (wrong_backward(tanh, lambda g: g + 1e-3), normal(3, 4)),
    "not a number": (wrong_backward(tanh, lambda g: g * np.nan), normal(3, 4)),
    "infinite": (off_in_one_coordinate(2, np.inf), normal(3, 4)),
    "swapped inputs": (wrong_backward(matmul, lambda g: g[::-1]), SQUARE, normal(4, 4, seed=1)),
}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", WRONG)
def test_wrong_gradients_are_rejected(name, seed):
    function, *inputs = WRONG[name]
    with pytest.raises(GradientError, match=r"wrong gradient: input \d"):
        check_gradient(function, *inputs, rng=np.random.default_rng(seed), float32=False)


@pytest.mark.parametrize("name", [n for n in WRONG if "100,000" not in n])
def test_wrong_gradients_are_rejected_by_the_complex_step(name):
    function, *inputs = WRONG[name]
    with pytest.raises(GradientError, match=r"wrong gradient: input \d"):
        check(function, *inputs, method="complex", float32=False)


@pytest.mark.parametrize("scale", [1e-6, 1e-3, 1e3, 1e6])
def test_a_tenth_of_a_percent_is_found_at_every_scale(scale):
    spoilt = wrong_backward(multiply, lambda g: (g[0], g[1] * 1.001))
    for x, y in ((scale * normal(3), normal(3)), (normal(3), scale * normal(3))):
        check(multiply, x, y)
        with pytest.raises(GradientError, match="input 1"):
            check(spoilt, x, y)


def test_a_small_gradient_among_large_ones_is_looked_at_by_itself():
    weights = np.array([1e4, 1e-2, 1.0])

    def weighted(x, factor=1.0):
        return (weights * x).sum(), lambda grad: grad * weights * [1, factor, 1]

    check(weighted, normal(3), float32=False)
    with pytest.raises(GradientError, match=r"coordinate \(1,\)"):
        check(lambda x: weighted(x, 1.001), normal(3), float32=False)


def test_the_error_names_input_coordinate_and_both_numbers():
    table = np.array([[1.0, 2.0], [3.0, 4.0]])

    def wrong(x, y):
        return (x * y).sum(), lambda grad: (grad * y, grad * x * [[1, 1], [1.01, 1]])

    with pytest.raises(GradientError) as caught:
        check(wrong, table, table + 10, float32=False)
    text = str(caught.value)
    assert "input 1 of shape (2, 2), coordinate (1, 0)" in text
    analytic = float(text.split("analytic ")[1].split(",")[0])
    numeric = float(text.split("numeric ")[1].split(",")[0])
    assert analytic / numeric == pytest.approx(1.01, rel=1e-6)
    assert "allowed 1e-06" in text


def test_a_wrong_coordinate_of_a_large_input_is_found_by_name():
    for where in (0, 12_345, 59_999):
        with pytest.raises(GradientError) as caught:
            check(off_in_one_coordinate(where, 1.5), normal(200, 300), coordinates=0)
        assert f"coordinate {divmod(where, 300)}" in str(caught.value)


# --- shapes, dtypes, forms ----------------------------------------------------------------------


def test_a_missing_sum_over_a_broadcast_is_rejected():
    def forgetful(x, y):
        return x * y, lambda grad: (grad * y, grad * x)

    with pytest.raises(GradientError, match=r"gradient of input 1 has shape \(2, 3\).*unbroadcast"):
        check(forgetful, normal(2, 3), normal(3))


def test_a_mean_instead_of_a_sum_over_a_broadcast_is_rejected():
    def averaging(x, y):
        return x * y, lambda grad: (grad * y, (grad * x).mean(axis=0))

    with pytest.raises(GradientError, match="wrong gradient: input 1"):
        check(averaging, normal(2, 3), normal(3))


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda g: g.astype(np.float32), "of float32, the input of float64"),
        (lambda g: g.reshape(4, 3), r"has shape \(4, 3\), the input \(3, 4\)"),
        (lambda g: g.T, "transpose"),
        (lambda g: (g, g), "returned 2"),
        (lambda g: (), "returned 0"),
    ],
)
def test_gradients_of_the_wrong_form_are_rejected(change, text):
    with pytest.raises(GradientError, match=text):
        check(wrong_backward(tanh, change), normal(3, 4))


def test_functions_of_the_wrong_form_are_rejected():
    with pytest.raises(GradientError, match="must return \\(value, backward\\)"):
        check(np.tanh, normal(3))
    with pytest.raises(GradientError, match=r"one gradient per input .*, 2, but returned 1"):
        check(wrong_backward(matmul, lambda g: g[0]), normal(2, 2), normal(2, 2))
    with pytest.raises(GradientError, match="gave a value of int64"):
        check(lambda x: (np.zeros(3, np.int64), lambda grad: grad), normal(3))
    with pytest.raises(GradientError, match="nothing to differentiate"):
        check(tanh, np.array([1, 2]))
    with pytest.raises(GradientError, match="nothing to differentiate"):
        check(lookup, normal(5, 3), np.array([1]), wrt=[1])
    with pytest.raises(SettingsError, match="method must be one of"):
        check(tanh, normal(3), method="forward")


def test_a_tuple_of_one_is_a_gradient_too():
    check(wrong_backward(tanh, lambda g: (g,)), normal(3))
