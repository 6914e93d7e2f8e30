"""RowSparse means a dense array; every operation is held against that meaning."""

import pickle

import numpy as np
import pytest

from pmt_core import DtypeError, RowSparse, ShapeError


def dense_meaning(rows, values, shape):
    """Row by row, in float64: slow and plain."""
    dense = np.zeros(shape)
    for row, value in zip(np.asarray(rows).tolist(), values, strict=True):
        dense[row] += value
    return dense


def random_case(seed, n, v, rest, dtype=np.float32, low=-8):
    """Whole numbers, so that float32 sums are exact in any order."""
    rng = np.random.default_rng(seed)
    rows = np.minimum(rng.zipf(1.3, n) - 1, v - 1)
    values = rng.integers(low, 9, (n, *rest)).astype(dtype)
    return RowSparse(rows, values, (v, *rest))


CASES = [
    (0, 5, (3,)),
    (1, 5, (3,)),
    (7, 5, (3,)),
    (300, 40, (32,)),
    (300, 40, (2, 5)),
    (300, 40, (4, 8)),
    (300, 1, (20,)),
    (500, 1000, ()),
    (50, 10, (0,)),
    (50, 10, (3, 0)),
    (3000, 300, (17,)),
]


@pytest.mark.parametrize(("n", "v", "rest"), CASES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_coalesce_and_dense_mean_the_same(n, v, rest, dtype):
    sparse = random_case(n, n, v, rest, dtype)
    expected = dense_meaning(sparse.rows, sparse.values, sparse.shape)
    once = sparse.coalesce()
    assert once.is_coalesced
    assert (np.diff(once.rows) > 0).all()
    assert set(once.rows.tolist()) == set(sparse.rows.tolist())
    assert once.shape == sparse.shape == (v, *rest)
    assert once.dtype == once.values.dtype == dtype
    assert once.values.shape == (len(once.rows), *rest)
    for result in (sparse.to_dense(), once.to_dense()):
        assert result.dtype == dtype
        assert (result == expected).all()
    assert sparse.squared_norm() == (expected**2).sum() == once.squared_norm()


@pytest.mark.parametrize(("n", "v", "rest"), CASES)
def test_add_scale_and_apply(n, v, rest):
    a, b = random_case(1, n, v, rest), random_case(2, n // 2, v, rest)
    expected = a.to_dense() + b.to_dense()
    assert ((a + b).to_dense() == expected).all()
    assert ((a.coalesce() + b.coalesce()).to_dense() == expected).all()
    assert (a + b).dtype == np.float32
    assert (a.scale(0.5).to_dense() == a.to_dense() * 0.5).all()
    assert a.scale(np.float64(0.5)).dtype == np.float32
    table = np.ones(a.shape, np.float32)
    a.add_to(table)
    assert (table == 1 + a.to_dense()).all()


def test_by_hand():
    sparse = RowSparse(np.array([3, 1, 3]), np.array([[1.0, 2], [5, 6], [10, 20]]), (5, 2))
    once = sparse.coalesce()
    assert not sparse.is_coalesced
    assert once.rows.tolist() == [1, 3]
    assert once.values.tolist() == [[5, 6], [11, 22]]
    assert sparse.to_dense().tolist() == [[0, 0], [5, 6], [0, 0], [11, 22], [0, 0]]
    assert sparse.squared_norm() == 25 + 36 + 121 + 484
    assert repr(sparse) == "RowSparse(shape=(5, 2), dtype=float64, rows=3)"


def test_one_row_very_often_and_runs_of_every_length():
    # 1, 2, ..., 40 repeats: on both sides of where the way of summing changes.
    rows = np.repeat(np.arange(40), np.arange(1, 41))
    rng = np.random.default_rng(0)
    rng.shuffle(rows)
    for width in (1, 15, 16, 40):
        values = rng.integers(-5, 6, (len(rows), width)).astype(np.float32)
        sparse = RowSparse(rows, values, (40, width))
        assert (sparse.to_dense() == dense_meaning(rows, values, (40, width))).all()


def test_values_of_a_row_are_added_in_the_order_they_stand():
    # 1e8 + 1 - 1e8 is 0 in float32 in this order, 1 in another.
    for width in (2, 32):
        values = np.repeat(np.float32([[1e8], [5], [1], [-1e8]]), width, axis=1)
        once = RowSparse(np.array([4, 2, 4, 4]), values, (5, width)).coalesce()
        assert (once.values == np.float32([[5], [0]])).all()


def test_huge_tables_sum_in_the_same_order():
    # Row and place no longer fit into one number there; the bits must be the same.
    rng = np.random.default_rng(0)
    rows = rng.integers(0, 60, 3000)
    values = rng.normal(size=(3000, 20)).astype(np.float32)
    small = RowSparse(rows, values, (60, 20)).coalesce()
    huge = RowSparse(rows, values, (2**62, 20)).coalesce()
    assert (huge.rows == small.rows).all()
    assert (huge.values == small.values).all()


def test_values_that_are_not_contiguous_or_read_only():
    rng = np.random.default_rng(3)
    rows = rng.integers(0, 6, 20)
    wide = rng.integers(-5, 6, (20, 40, 2)).astype(np.float32)
    for values in (wide[:, ::2, 1], np.asfortranarray(wide[:, :, 0]), wide[::-1, :, 0]):
        values.flags.writeable = False
        sparse = RowSparse(rows, values, (6, values.shape[1]))
        assert (sparse.to_dense() == dense_meaning(rows, values, sparse.shape)).all()
        assert sparse.squared_norm() == (sparse.to_dense().astype(float) ** 2).sum()
    stretched = np.broadcast_to(np.float32(2), (20, 30))
    assert RowSparse(rows, stretched, (6, 30)).to_dense().sum() == 20 * 30 * 2


def test_rows_of_other_integer_types_and_huge_tables():
    values = np.ones((3, 2), np.float32)
    assert RowSparse(np.array([1, 1, 0], np.uint8), values, (2, 2)).rows.dtype == np.int64
    far = 2**62
    once = RowSparse(np.array([far, 3, far]), values, (2**62 + 1, 2)).coalesce()
    assert once.rows.tolist() == [3, far]
    assert once.values.tolist() == [[1, 1], [2, 2]]


def test_sorted_rows_are_coalesced_already_and_not_copied():
    values = np.ones((3, 2))
    sparse = RowSparse(np.array([0, 2, 4]), values, (5, 2))
    assert sparse.is_coalesced
    assert sparse.coalesce() is sparse
    assert sparse.values is values
    assert not RowSparse(np.array([0, 2, 2]), values, (5, 2)).is_coalesced
    joined = RowSparse(np.array([0]), values[:1], (5, 2)) + RowSparse(
        np.array([3]), values[:1], (5, 2)
    )
    assert joined.is_coalesced


def test_nothing_given_is_changed():
    sparse = random_case(5, 100, 10, (20,))
    rows, values = sparse.rows.copy(), sparse.values.copy()
    sparse.coalesce(), sparse.to_dense(), sparse.scale(2.0), sparse + sparse, sparse.squared_norm()
    assert (sparse.rows == rows).all()
    assert (sparse.values == values).all()


def test_it_travels_between_processes():
    sparse = random_case(7, 20, 6, (3,))
    copy = pickle.loads(pickle.dumps(sparse))
    assert (copy.to_dense() == sparse.to_dense()).all()
    assert copy.is_coalesced is sparse.is_coalesced


def test_sums_with_dense_arrays_are_dense_and_new():
    sparse = random_case(6, 30, 8, (4,))
    dense = np.arange(32, dtype=np.float32).reshape(8, 4)
    before = dense.copy()
    for total in (sparse + dense, dense + sparse):
        assert type(total) is np.ndarray
        assert total.dtype == np.float32
        assert (total == before + sparse.to_dense()).all()
    assert (dense == before).all()
    with pytest.raises(TypeError):
        sparse + 1.0


def test_norms_beyond_float32_are_finite():
    sparse = RowSparse(np.array([0]), np.full((1, 2), 1e30, np.float32), (2, 2))
    assert sparse.squared_norm() == pytest.approx(2e60)


def test_a_long_norm_is_accurate():
    values = np.full((4000, 128), 0.1, np.float32)
    norm = RowSparse(np.arange(4000), values, (4000, 128)).squared_norm()
    assert norm == pytest.approx(4000 * 128 * float(np.float32(0.1)) ** 2, rel=1e-12)


@pytest.mark.parametrize(
    ("rows", "values", "shape", "error", "text"),
    [
        ([5], np.ones((1, 2)), (5, 2), ShapeError, "row 5 is out of range for a table of 5 rows"),
        ([-1], np.ones((1, 2)), (5, 2), ShapeError, "row -1"),
        ([0], np.ones((1, 3)), (5, 2), ShapeError, "do not fit"),
        ([0, 1], np.ones((1, 2)), (5, 2), ShapeError, "do not fit"),
        ([[0]], np.ones((1, 2)), (5, 2), ShapeError, "do not fit"),
        ([0], np.ones(1), (), ShapeError, "do not fit"),
        ([0.0], np.ones((1, 2)), (5, 2), DtypeError, "float64"),
    ],
)
def test_parts_that_do_not_fit_are_refused(rows, values, shape, error, text):
    with pytest.raises(error, match=text):
        RowSparse(np.array(rows), values, shape)


def test_other_shapes_do_not_add():
    a = RowSparse(np.array([0]), np.ones((1, 2)), (5, 2))
    b = RowSparse(np.array([0]), np.ones((1, 2)), (6, 2))
    with pytest.raises(ShapeError):
        a + b
    with pytest.raises(ShapeError):
        a.add_to(np.zeros((6, 2)))
    with pytest.raises(ShapeError):
        a + np.zeros((6, 2))
