from __future__ import annotations

import numpy as np
import pytest

from pmt_core import DtypeError, RowSparse, SettingsError, ShapeError, StateError
from pmt_nn import Parameter
from pmt_train import FlatParameters, Workers, global_norm


def named(**shapes):
    rng = np.random.default_rng(0)
    return [
        (name, Parameter(rng.normal(size=shape).astype(np.float32)))
        for name, shape in shapes.items()
    ]


def test_values_stay_and_live_in_one_buffer():
    items = named(table=(7, 3), bias=(5,), weight=(3, 4), scalar=())
    before = {name: p.data.copy() for name, p in items}
    flat = FlatParameters(items)
    (buffer,) = flat.buffers.values()
    for name, parameter in items:
        np.testing.assert_array_equal(parameter.data, before[name])
        assert np.shares_memory(parameter.data, buffer)
        assert parameter.data.dtype == np.float32
    buffer[...] = 2
    assert all((p.data == 2).all() for _, p in items)
    assert flat.size == 21 + 5 + 12 + 1


def test_matrices_stand_before_vectors_and_no_two_overlap():
    flat = FlatParameters(named(b1=(5,), w1=(3, 4), b2=(2,), w2=(4, 2)))
    assert [slot.name for slot in flat.slots] == ["w1", "w2", "b1", "b2"]
    for slot, after in zip(flat.slots, flat.slots[1:], strict=False):
        assert slot.start < slot.stop <= slot.end == after.start
    assert all(slot.view.ctypes.data % 64 == 0 for slot in flat.slots)


def test_gradients_of_shards_are_added():
    items = named(w=(3, 4), b=(4,))
    flat = FlatParameters(items)
    rng = np.random.default_rng(1)
    shards = [{p: rng.normal(size=p.shape).astype(np.float32) for _, p in items} for _ in range(3)]
    summed = flat.gather(shards)
    total = 0.0
    for slot in flat.slots:
        expected = sum(shard[slot.parameter].astype(np.float64) for shard in shards)
        np.testing.assert_allclose(summed.of(slot), expected, rtol=1e-5, atol=1e-6)
        total += float((expected**2).sum())
    assert summed.squared_norm == pytest.approx(total, rel=1e-5)
    assert not summed.sparse


def test_a_parameter_without_gradient_takes_no_part():
    (name_w, w), (_, b) = named(w=(3, 4), b=(4,))
    flat = FlatParameters([(name_w, w), ("b", b)])
    summed = flat.gather([{w: np.ones((3, 4), np.float32)}])
    assert [slot.name for slot in summed.dense] == ["w"]
    assert summed.of(flat.slots[1]) is None


def test_row_sparse_gradients_stay_sparse_and_are_coalesced_over_shards():
    (_, table), (_, b) = items = named(table=(50, 3), b=(4,))
    flat = FlatParameters(items)
    ones = np.ones((2, 3), np.float32)
    shards = [
        {table: RowSparse(np.array([4, 4]), ones, (50, 3)), b: np.ones(4, np.float32)},
        {table: RowSparse(np.array([9, 4]), ones, (50, 3)), b: np.ones(4, np.float32)},
    ]
    summed = flat.gather(shards)
    ((slot, rows),) = summed.sparse
    assert slot.name == "table"
    np.testing.assert_array_equal(rows.rows, [4, 9])
    np.testing.assert_array_equal(rows.values, [[3, 3, 3], [1, 1, 1]])
    assert summed.squared_norm == pytest.approx(3 * 9 + 3 * 1 + 4 * 4)


def test_a_large_table_is_never_written_densely():
    """50,000 rows looked up a few at a time: the table's place in the gradient stays untouched."""
    table = Parameter(np.zeros((50_000, 64), np.float32))
    flat = FlatParameters([("table", table)])
    rows = RowSparse(np.array([1, 49_999]), np.ones((2, 64), np.float32), (50_000, 64))
    summed = flat.gather([{table: rows}])
    (buffer,) = summed.buffers.values()
    buffer[...] = np.nan  # whoever reads or writes it densely would show it
    again = flat.gather([{table: rows}])
    assert again.squared_norm == 128
    assert np.isnan(buffer).all()


def test_a_tied_table_with_dense_and_sparse_gradients_is_dense():
    table = Parameter(np.zeros((5, 2), np.float32))
    flat = FlatParameters([("table", table)])
    rows = RowSparse(np.array([1, 1]), np.ones((2, 2), np.float32), (5, 2))
    summed = flat.gather([{table: np.full((5, 2), 10, np.float32)}, {table: rows}])
    np.testing.assert_array_equal(summed.of(flat.slots[0])[:, 0], [10, 12, 10, 10, 10])


def test_threads_find_the_same_bits():
    items = named(**{f"w{i}": (300, 200) for i in range(8)})
    flat = FlatParameters(items)
    rng = np.random.default_rng(2)
    shards = [{p: rng.normal(size=p.shape).astype(np.float32) for _, p in items} for _ in range(2)]
    alone = flat.gather(shards)
    values = [alone.of(slot).copy() for slot in flat.slots]
    with Workers(2) as workers:
        together = flat.gather(shards, workers)
        assert together.squared_norm == alone.squared_norm
        for slot, value in zip(flat.slots, values, strict=True):
            np.testing.assert_array_equal(together.of(slot), value)


def test_the_squared_norm_survives_squares_that_float32_cannot_hold():
    ((_, w),) = items = named(w=(3, 4))
    summed = FlatParameters(items).gather([{w: np.full((3, 4), 1e25, np.float32)}])
    assert summed.squared_norm == pytest.approx(12e50, rel=1e-5)


def test_what_is_not_finite_is_named():
    (_, w), (_, t) = items = named(weight=(3, 4), table=(5, 2))
    bad = np.ones((3, 4), np.float32)
    bad[1, 1] = np.nan
    rows = RowSparse(np.array([1]), np.full((1, 2), np.inf, np.float32), (5, 2))
    summed = FlatParameters(items).gather([{w: bad, t: rows}])
    assert summed.not_finite() == ["weight", "table"]
    assert not np.isfinite(summed.squared_norm)


def test_other_arrays_put_in_place_are_taken_over():
    ((_, w),) = items = named(w=(3, 4))
    flat = FlatParameters(items)
    w.data = np.full((3, 4), 7, np.float32)
    flat.rebind()
    assert w.data is flat.slots[0].view
    assert (w.data == 7).all()
    w.data = np.zeros((2, 2), np.float32)
    with pytest.raises(ShapeError, match=r"w .*\(3, 4\).*\(2, 2\)"):
        flat.rebind()


def test_errors():
    frozen = Parameter(np.ones(2, np.float32))
    frozen.requires_grad = False
    with pytest.raises(SettingsError, match="nothing to train"):
        FlatParameters([("frozen", frozen)])
    ((_, w),) = items = named(w=(3, 4))
    with pytest.raises(StateError, match="twice"):
        FlatParameters([*items, ("again", w)])
    other = Parameter(np.ones(2, np.float32))
    with pytest.raises(StateError, match="no parameters of the model"):
        FlatParameters(items).gather([{other: np.ones(2, np.float32)}])
    with pytest.raises(ShapeError, match="w has shape"):
        FlatParameters(items).gather([{w: np.ones((4, 3), np.float32)}])
    w.data = np.ones((3, 4), np.int64)
    with pytest.raises(DtypeError, match="floating"):
        FlatParameters(items)


def test_gathering_onto_earlier_gradients_adds_every_kind():
    """Dense after rows, rows after dense, and parameters that take part only once."""
    rng = np.random.default_rng(0)
    a, b, c, d = (Parameter(np.zeros((6, 2))) for _ in range(4))
    flat = FlatParameters([("a", a), ("b", b), ("c", c), ("d", d)])
    rows = [RowSparse(rng.integers(0, 6, 4), rng.normal(size=(4, 2)), (6, 2)) for _ in range(4)]
    dense = [rng.normal(size=(6, 2)) for _ in range(4)]
    gradients = flat.gather([{a: rows[0], b: dense[0], c: rows[1]}])
    gradients = flat.gather([{a: dense[1], b: rows[2], c: rows[3]}, {b: dense[2]}], onto=gradients)
    gradients = flat.gather([{d: dense[3]}], onto=gradients)
    expected = [
        rows[0].to_dense() + dense[1],
        dense[0] + rows[2].to_dense() + dense[2],
        rows[1].to_dense() + rows[3].to_dense(),
        dense[3],
    ]
    for slot, value in zip(flat.slots, expected, strict=True):
        got = gradients.of(slot)
        got = got.to_dense() if isinstance(got, RowSparse) else got
        np.testing.assert_allclose(got, value, err_msg=slot.name)
    assert [slot.name for slot, _ in gradients.sparse] == ["c"]
    assert global_norm(gradients) == pytest.approx(np.sqrt(sum((e**2).sum() for e in expected)))
