"""Named arrays that are loaded: all problems are seen before the first array is assigned."""

import numpy as np
import pytest

from pmt_core import (
    ArrayType,
    DataError,
    DtypeError,
    PmtError,
    ShapeError,
    check_arrays,
    check_finite,
)

FLOAT, INTEGER, BOOLEAN = np.dtype(np.float32), np.dtype(np.int64), np.dtype(np.bool_)
EXPECTED = {"weight": ArrayType((2, 2), FLOAT), "steps": ArrayType((), INTEGER)}
GOOD = {"weight": np.ones((2, 2)), "steps": np.array(3)}


def check(**changed):
    return check_arrays(GOOD | changed, EXPECTED, "Linear")


def test_arrays_that_can_be_cast_are_returned():
    for weight in (np.eye(2, dtype=np.int8), np.eye(2, dtype=bool), [[1, 2], [3, 4.5]]):
        np.testing.assert_array_equal(check(weight=weight)["weight"], np.asarray(weight))


def test_names_and_shapes_are_compared():
    with pytest.raises(ShapeError, match="this Linear: missing steps; unexpected extra; weight: "):
        check_arrays({"weight": np.ones(3), "extra": 0}, EXPECTED, "Linear")
    assert "steps" not in check_arrays(
        {"weight": np.ones((2, 2))}, EXPECTED, "Linear", optional=["steps"]
    )


@pytest.mark.parametrize(
    "weight",
    [
        np.ones((2, 2), np.complex64),
        np.array([["a", "b"], ["c", "d"]]),
        np.array([[None, 1], [2, 3]], object),
        np.zeros((2, 2), "M8[s]"),
        np.zeros((2, 2), "S3"),
    ],
)
def test_what_is_no_real_number_is_refused(weight):
    with pytest.raises(DtypeError, match=r"weight: expected float32, got"):
        check(weight=weight)


def test_floats_are_not_cut_to_integers():
    with pytest.raises(DtypeError, match="steps: expected int64, got float64"):
        check(steps=2.5)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e39])
def test_number_that_is_not_finite_after_the_cast_is_refused_with_its_place(bad):
    weight = np.ones((2, 2))
    weight[1, 0] = bad
    with pytest.raises(DataError, match=r"weight holds .* at \[1, 0\], expected finite"):
        check(weight=weight)


def test_finite_numbers_at_the_limits_are_accepted():
    largest = float(np.finfo(np.float32).max)
    check(weight=np.array([[largest, -largest], [5e-324, 0]]))
    check_finite("empty", np.ones((0, 3)))
    check_finite("text", np.array("nan"))
    with pytest.raises(DataError, match="z holds"):
        check_finite("z", np.array([1 + 1j, complex(0, np.nan)]))


@pytest.mark.parametrize(
    "arrays", [None, 1, [], "weight", {1: np.ones(1)}, {"weight": [[1], [1, 2]]}]
)
def test_what_is_no_dictionary_of_arrays_is_refused(arrays):
    with pytest.raises(PmtError):
        check_arrays(arrays, EXPECTED, "Linear")


def test_message_about_many_arrays_is_short():
    with pytest.raises(ShapeError) as caught:
        check_arrays({f"extra{i}": 0 for i in range(10_000)}, EXPECTED, "Linear")
    assert len(str(caught.value)) < 1000
