"""Stable functions against decimal arithmetic; masks, lengths, rows."""

import math
from decimal import Decimal, getcontext

import numpy as np
import pytest

from pmt_core import (
    DtypeError,
    as_floats,
    as_rows,
    cut,
    log_softmax,
    logsumexp,
    scaled_to_one,
    sigmoid,
    softmax,
    softplus,
)

INF = math.inf
FUNCTIONS = [sigmoid, softplus, softmax, log_softmax, logsumexp]
getcontext().prec = 60


def exact_softmax(row):
    weights = [Decimal(float(x)).exp() for x in row]
    return [weight / sum(weights) for weight in weights]


@pytest.mark.parametrize("x", [-1000.0, -745.0, -40.0, -1.5, -1e-9, 0.0, 1e-9, 0.3, 20.0, 1000.0])
def test_sigmoid_and_softplus_against_decimal_arithmetic(x):
    d = Decimal(x)
    np.testing.assert_allclose(sigmoid(x), float(1 / (1 + (-d).exp())), rtol=4e-16, atol=5e-324)
    np.testing.assert_allclose(softplus(x), float((1 + d.exp()).ln()), rtol=4e-16, atol=5e-324)


def test_sigmoid_and_softplus_at_infinity():
    assert sigmoid([-INF, INF]).tolist() == [0.0, 1.0]
    assert softplus([-INF, INF]).tolist() == [0.0, INF]


@pytest.mark.parametrize(
    "row", [[1000.0, -1000.0, 999.0], [-1000.0, -1001.0, -1e3], [0.1, 0.2, 0.3], [88.0, 710.0, 1.0]]
)
def test_softmax_family_against_decimal_arithmetic(row):
    expected = exact_softmax(row)
    np.testing.assert_allclose(softmax(row), [float(p) for p in expected], rtol=1e-14, atol=1e-300)
    np.testing.assert_allclose(log_softmax(row), [float(p.ln()) for p in expected], rtol=1e-14)
    total = sum(Decimal(x).exp() for x in row)
    np.testing.assert_allclose(logsumexp(row), float(total.ln()), rtol=1e-15)


def test_logits_of_a_thousand_in_float32_by_hand():
    x = np.array([[1000, -1000], [-1000, -1000], [1000, 1000]], np.float32)
    assert softmax(x).tolist() == [[1, 0], [0.5, 0.5], [0.5, 0.5]]
    half = np.float32(math.log(0.5))
    assert log_softmax(x).tolist() == [[0, -2000], [half, half], [half, half]]
    expected = np.array([1000, -1000 + math.log(2), 1000 + math.log(2)], np.float32)
    assert logsumexp(x, axis=-1).tolist() == expected.tolist()


def test_a_row_with_nothing_to_choose_from_is_zeros_not_nan():
    x = np.array([[1.0, 2.0], [3.0, 4.0]])
    mask = np.array([[True, False], [False, False]])
    assert softmax(x, where=mask).tolist() == [[1, 0], [0, 0]]
    assert log_softmax(x, where=mask).tolist() == [[0, -INF], [-INF, -INF]]
    assert logsumexp(x, axis=1, where=mask).tolist() == [1, -INF]
    assert softmax([[-INF, -INF]]).tolist() == [[0, 0]]
    assert log_softmax([[-INF, -INF]]).tolist() == [[-INF, -INF]]
    assert logsumexp([-INF, -INF]) == -INF


def test_what_stands_behind_a_mask_does_not_matter():
    x = np.array([[0.5, np.nan, 1.5, INF, -INF]])
    mask = np.array([[True, False, True, False, False]])
    keep = [0, 2]
    assert softmax(x, where=mask)[0, keep].tolist() == softmax(x[0, keep]).tolist()
    assert softmax(x, where=mask)[0, [1, 3, 4]].tolist() == [0, 0, 0]
    assert log_softmax(x, where=mask)[0, keep].tolist() == log_softmax(x[0, keep]).tolist()
    assert logsumexp(x, where=mask) == logsumexp(x[0, keep])


def test_the_mask_broadcasts():
    x = np.zeros((2, 3, 4))
    mask = np.array([True, True, False, False])
    assert (softmax(x, where=mask) == [0.5, 0.5, 0, 0]).all()
    assert softmax(np.zeros(4), where=np.ones((3, 4), bool)).shape == (3, 4)


def test_infinite_logits():
    assert softmax([INF, 1.0, INF, -INF]).tolist() == [0.5, 0, 0.5, 0]
    assert log_softmax([INF, 1.0]).tolist() == [0, -INF]
    assert logsumexp([INF, 1.0]) == INF
    assert softmax([[INF, 0.0], [0.0, 0.0]]).tolist() == [[1, 0], [0.5, 0.5]]


def test_nan_is_not_hidden():
    for function in FUNCTIONS:
        assert np.isnan(function([np.nan, 1.0])).any()


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_dtype_is_kept_and_the_input_unchanged(function, dtype):
    for x in (np.array([[3.0, -2.0, 0.0]], dtype), np.array(1.5, dtype), np.zeros((2, 0), dtype)):
        before = x.copy()
        x.flags.writeable = False
        result = function(x)
        assert isinstance(result, np.ndarray)
        assert result.dtype == dtype
        assert (x == before).all()


def test_float16_does_not_overflow_on_the_way():
    x = np.zeros(70000, np.float16)  # the sum of its exponentials is beyond float16
    assert logsumexp(x) == np.float16(math.log(70000))
    assert (softmax(x) == np.float16(1 / 70000)).all()


@pytest.mark.parametrize("function", FUNCTIONS)
def test_integers_count_as_float64_and_complex_is_refused(function):
    assert function([1, 2]).tolist() == function([1.0, 2.0]).tolist()
    assert function(np.array([True, False])).dtype == np.float64
    with pytest.raises(DtypeError, match="complex128"):
        function([1j])


def test_zero_dimensional_arrays():
    assert softmax(5.0).shape == ()
    assert softmax(5.0) == 1
    assert softmax(-INF) == 0
    assert log_softmax(np.float32(5)) == 0
    assert logsumexp(5.0) == 5
    assert sigmoid(0.0).shape == ()


def test_empty_axes():
    assert softmax(np.zeros((2, 0))).shape == (2, 0)
    assert softmax(np.zeros((0, 2))).shape == (0, 2)
    assert log_softmax(np.zeros((2, 0)), axis=0).shape == (2, 0)
    assert logsumexp(np.zeros((2, 0)), axis=1).tolist() == [-INF, -INF]
    assert logsumexp(np.zeros((2, 0)), axis=0).shape == (0,)
    assert logsumexp([]) == -INF


def test_axes():
    x = np.random.default_rng(0).normal(size=(2, 3, 4))
    for axis in (0, 1, 2, -2, (0, 2), None):
        np.testing.assert_allclose(softmax(x, axis).sum(axis=axis), 1, rtol=1e-14)
        np.testing.assert_allclose(np.exp(log_softmax(x, axis)), softmax(x, axis), rtol=1e-13)
        naive = np.log(np.exp(x).sum(axis=axis))
        np.testing.assert_allclose(logsumexp(x, axis), naive, rtol=1e-14)
        columns = logsumexp(x, axis, keepdims=True)
        assert columns.shape == x.sum(axis=axis, keepdims=True).shape
        assert columns.reshape(naive.shape).tolist() == logsumexp(x, axis).tolist()
    with pytest.raises(ValueError, match="out of bounds"):
        softmax(x, axis=3)


def test_shifting_the_logits_changes_nothing():
    x = np.random.default_rng(0).integers(-5, 5, (4, 6)).astype(np.float32)
    assert (softmax(x + 512) == softmax(x)).all()
    np.testing.assert_allclose(logsumexp(x + 512, 1), logsumexp(x, 1) + 512, rtol=1e-7)


def test_a_mask_must_be_boolean():
    with pytest.raises(DtypeError, match="int64"):
        softmax(np.zeros(3), where=np.array([1, 1, 0]))


# --- masks and lengths ----------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble, np.int64])
def test_cut_is_zero_where_the_mask_is_false_whatever_stands_there(dtype):
    x = np.array([1, 0, 2, -3], dtype)
    if x.dtype.kind == "f":
        x[[1, 2]] = math.nan, -math.inf
    mask = np.array([True, False, False, True])
    result = cut(x, mask)
    assert result.dtype == x.dtype
    assert result.tolist() == [1, 0, 0, -3]
    out = x.copy()
    assert cut(out, mask, out=out) is out
    assert out.tolist() == [1, 0, 0, -3]


def test_cut_keeps_infinities_and_nan_where_the_mask_is_true():
    x = np.array([INF, -INF, math.nan, -0.0, 5e-324])
    np.testing.assert_array_equal(cut(x, np.ones(5, bool)), x)


def test_cut_broadcasts_and_takes_any_layout():
    x = np.arange(1.0, 7).reshape(2, 3)
    x[0, 0] = math.nan
    column, row = np.array([[False], [True]]), np.array([False, True, False])
    assert cut(x, column).tolist() == [[0, 0, 0], [4, 5, 6]]
    assert cut(x, row).tolist() == [[0, 2, 0], [0, 5, 0]]
    assert cut(x.T, column.T).tolist() == [[0, 4], [0, 5], [0, 6]]
    assert cut(np.broadcast_to(np.float32(INF), (2, 3)), column).tolist() == [[0] * 3, [INF] * 3]
    assert cut(np.array(INF), np.array(False)).shape == ()
    swapped = np.array([1, math.nan], ">f4")
    assert cut(swapped, np.array([True, False])).tolist() == [1, 0]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_scaled_vectors_keep_their_digits(dtype):
    info = np.finfo(dtype)
    smallest, largest = info.smallest_subnormal, info.max / 2
    for unit in (smallest, info.tiny, dtype(1), info.max / 8, largest):
        x = np.array([[3, 4], [0, 0]], dtype) / 4 * unit * (4 if unit == smallest else 1)
        scaled, scale = scaled_to_one(x, -1)
        np.testing.assert_array_equal(scaled * scale, x)
        assert scale.shape == (2, 1)
        squares = np.square(scaled).sum(axis=-1)
        assert np.isfinite(squares).all()
        assert squares[1] == 0 < squares[0]


def test_scaling_leaves_infinities_and_nan_alone():
    x = np.array([[INF, 1e300], [math.nan, 1e-300]])
    scaled, scale = scaled_to_one(x, 1)
    np.testing.assert_array_equal(scaled, x)
    assert (scale == 1).all()


def test_integers_become_float32():
    assert as_floats(np.array([1, 2])).dtype == np.float32
    assert as_floats(np.array([True])).dtype == np.float32
    x = np.ones(2)
    assert as_floats(x) is x


@pytest.mark.parametrize(
    ("shape", "rows"),
    [((2, 3, 4), (6, 4)), ((4,), (1, 4)), ((5, 4), (5, 4)), ((2, 3, 0), (6, 0)), ((0, 4), (0, 4))],
)
def test_rows_are_the_vectors_of_the_last_axis(shape, rows):
    x = np.arange(math.prod(shape)).reshape(shape)
    assert as_rows(x).shape == rows
    np.testing.assert_array_equal(as_rows(x).reshape(shape), x)
    assert np.may_share_memory(as_rows(x), x) or not x.size
