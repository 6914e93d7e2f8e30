"""The checker accepts correct gradients and rejects every wrong one, down to 0.1 %."""

import numpy as np
import pytest

from pmt_core import GradientError, RowSparse, SettingsError, check_gradient, softmax, unbroadcast


def check(function, *inputs, **options):
    return check_gradient(function, *inputs, rng=np.random.default_rng(0), **options)


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


# --- functions with correct gradients -----------------------------------------------------------


def tanh(x):
    y = np.tanh(x)
    return y, lambda grad: grad * (1 - y * y)


def exp(x):
    y = np.exp(x)
    return y, lambda grad: grad * y


def square(x):
    return x * x, lambda grad: 2 * x * grad


def log(x):
    return np.log(x), lambda grad: grad / x


def sqrt(x):
    y = np.sqrt(x)
    return y, lambda grad: grad / (2 * y)


def relu(x):
    return np.maximum(x, 0), lambda grad: grad * (x > 0)


def total(x):
    return x.sum(), lambda grad: np.broadcast_to(grad, x.shape)


def multiply(x, y):
    def backward(grad):
        return unbroadcast(grad * y, x.shape), unbroadcast(grad * x, y.shape)

    return x * y, backward


def matmul(a, b):
    return a @ b, lambda grad: (grad @ b.T, a.T @ grad)


def soft(x):
    p = softmax(x)

    def backward(grad):
        return p * (grad - (p * grad).sum(axis=-1, keepdims=True))

    return p, backward


def lookup(table, ids):
    def backward(grad):
        rows = RowSparse(ids.reshape(-1), grad.reshape(-1, table.shape[1]), table.shape)
        return rows, None

    return table[ids], backward


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


def test_the_report_tells_what_was_done():
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
