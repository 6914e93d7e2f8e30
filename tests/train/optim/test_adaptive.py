"""AdamW against the textbook in float64, and its row-sparse form against the dense first."""

from __future__ import annotations

import functools

import numpy as np
import pytest

from pmt_core import RowSparse, SettingsError, ShapeError
from pmt_nn import Parameter
from pmt_train import AdamW, FlatParameters, Workers


def textbook(p, gradients, lrs, b1=0.9, b2=0.999, eps=1e-8, decay=0.0):
    """Algorithm 2 of Loshchilov & Hutter 2019 line by line, in float64."""
    p = p.astype(np.float64)
    m, v = np.zeros_like(p), np.zeros_like(p)
    for t, (g, lr) in enumerate(zip(gradients, lrs, strict=True), start=1):
        g = g.astype(np.float64)
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g**2
        m_hat = m / (1 - b1**t)
        v_hat = v / (1 - b2**t)
        p = p - lr * (m_hat / (np.sqrt(v_hat) + eps) + decay * p)
    return p


def parameters(dtype=np.float32):
    rng = np.random.default_rng(0)
    shapes = {"embed": (30, 6), "bias": (5,), "weight": (150, 131), "scale": (), "out": (6, 2)}
    return [(k, Parameter(rng.normal(size=s).astype(dtype))) for k, s in shapes.items()]


def random_gradients(items, steps, seed=1):
    rng = np.random.default_rng(seed)
    return [
        {
            p: (rng.normal(size=p.shape) * 10.0 ** rng.integers(-4, 3)).astype(p.dtype)
            for _, p in items
        }
        for _ in range(steps)
    ]


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float32, 2e-6), (np.float64, 1e-13)])
def test_fifty_steps_follow_the_textbook(dtype, tolerance):
    items = parameters(dtype)
    start = {name: p.data.copy() for name, p in items}
    flat = FlatParameters(items)
    optimizer = AdamW(flat, betas=(0.8, 0.98), eps=1e-6, weight_decay=0.1)
    gradients = random_gradients(items, 50)
    lrs = [0.01 * (1 + np.sin(i)) for i in range(50)]
    for grads, lr in zip(gradients, lrs, strict=True):
        optimizer.step(flat.gather([grads]), lr)
    for name, p in items:
        decay = 0.1 if p.ndim >= 2 else 0.0
        expected = textbook(start[name], [g[p] for g in gradients], lrs, 0.8, 0.98, 1e-6, decay)
        np.testing.assert_allclose(p.data, expected, rtol=tolerance * 10, atol=tolerance)
        assert p.data.dtype == dtype


def test_scale_multiplies_the_gradients():
    results = []
    for factor, scale in ((1.0, 0.125), (0.125, 1.0)):
        items = parameters()
        flat = FlatParameters(items)
        optimizer = AdamW(flat)
        for grads in random_gradients(items, 5):
            scaled = {p: (g * factor).astype(np.float32) for p, g in grads.items()}
            optimizer.step(flat.gather([scaled]), 0.01, scale=scale)
        results.append(np.concatenate([p.data.ravel() for _, p in items]))
    np.testing.assert_allclose(*results, rtol=1e-6, atol=1e-7)


def test_the_caller_chooses_what_decays():
    items = parameters()
    start = {name: p.data.copy() for name, p in items}
    flat = FlatParameters(items)
    optimizer = AdamW(flat, weight_decay=0.5, decays=lambda name, p: name == "bias")
    zeros = {p: np.zeros(p.shape, p.dtype) for _, p in items}
    optimizer.step(flat.gather([zeros]), 0.1)
    for name, p in items:
        expected = start[name] * (0.95 if name == "bias" else 1)
        np.testing.assert_allclose(p.data, expected, rtol=1e-6)


def test_threads_give_the_same_bits():
    results = []
    for n in (1, 2):
        items = [*parameters(), ("large", Parameter(np.ones((700, 300), np.float32)))]
        flat = FlatParameters(items)
        optimizer = AdamW(flat)
        with Workers(n) as workers:
            for grads in random_gradients(items, 3):
                optimizer.step(flat.gather([grads], workers), 0.01, workers=workers)
        results.append([p.data.copy() for _, p in items])
    for first, second in zip(*results, strict=True):
        np.testing.assert_array_equal(first, second)


def sparse_run(steps, touched, sparse):
    """A table of 40 rows and a vector; `touched(step)` gives the rows read in a step."""
    rng = np.random.default_rng(3)
    table = Parameter(rng.normal(size=(40, 5)).astype(np.float32))
    bias = Parameter(np.zeros(3, np.float32))
    flat = FlatParameters([("table", table), ("bias", bias)])
    optimizer = AdamW(flat, weight_decay=0.0)
    for step in range(steps):
        rows = touched(step)
        values = rng.normal(size=(len(rows), 5)).astype(np.float32)
        gradient = RowSparse(rows, values, (40, 5))
        grads = {table: gradient if sparse(step) else gradient.to_dense()}
        optimizer.step(flat.gather([grads]), 0.01)
    return table.data.copy(), optimizer.state_dict()


def test_rows_that_every_step_reads_follow_the_dense_form():
    every = functools.partial(np.arange, 40)
    sparse, _ = sparse_run(20, lambda step: every(), lambda step: True)
    dense, _ = sparse_run(20, lambda step: every(), lambda step: False)
    np.testing.assert_allclose(sparse, dense, rtol=1e-6, atol=1e-7)


def some(step):
    return np.random.default_rng(step).integers(0, 40, 12)


def test_moments_of_rows_are_those_of_the_dense_form_when_they_are_read():
    """Rows read now and then, repeats among them: m and v as if every step had faded them."""
    steps = 30
    _, state = sparse_run(steps, some, lambda step: True)
    _, dense = sparse_run(steps, some, lambda step: False)
    last = state["last.table"]
    now = last == steps
    assert now.any()
    assert not now.all()
    for name, beta in (("m.table", 0.9), ("v.table", 0.999)):
        np.testing.assert_allclose(state[name][now], dense[name][now], rtol=1e-4, atol=1e-9)
        faded = state[name] * beta ** (steps - last)[:, None]
        np.testing.assert_allclose(faded, dense[name], rtol=1e-4, atol=1e-9)


def test_rows_that_a_step_does_not_read_stay_as_they_are():
    """The documented difference: the dense form would go on moving them."""
    table = Parameter(np.ones((6, 2), np.float32))
    flat = FlatParameters([("table", table)])
    optimizer = AdamW(flat, weight_decay=0.1)
    for row in (1, 4):
        before = table.data.copy()
        grads = RowSparse(np.array([row]), np.ones((1, 2), np.float32), (6, 2))
        optimizer.step(flat.gather([{table: grads}]), 0.01)
        others = np.arange(6) != row
        np.testing.assert_array_equal(table.data[others], before[others])
        assert (table.data[row] < before[row]).all()


def test_dense_and_row_sparse_steps_may_alternate():
    mixed, state = sparse_run(30, some, lambda step: step % 7 != 6)
    _, dense = sparse_run(30, some, lambda step: False)
    last = state.get("last.table", np.full(40, 30))
    for name, beta in (("m.table", 0.9), ("v.table", 0.999)):
        faded = state[name] * beta ** (30 - last)[:, None]
        np.testing.assert_allclose(faded, dense[name], rtol=1e-4, atol=1e-9)
    assert np.isfinite(mixed).all()


@pytest.mark.parametrize("sparse", [True, False])
def test_state_saved_and_loaded_goes_on_to_the_bit(sparse):
    def run(stop):
        rng = np.random.default_rng(3)
        table = Parameter(rng.normal(size=(40, 5)).astype(np.float32))
        flat = FlatParameters([("table", table)])
        optimizer = AdamW(flat)
        for step in range(12):
            if step == stop:
                state, values = optimizer.state_dict(), table.data.copy()
                table = Parameter(values)
                flat = FlatParameters([("table", table)])
                optimizer = AdamW(flat)
                optimizer.load_state_dict(state)
            values = rng.normal(size=(12, 5)).astype(np.float32)
            gradient = RowSparse(some(step), values, (40, 5))
            grads = gradient if sparse else gradient.to_dense()
            optimizer.step(flat.gather([{table: grads}]), 0.01)
        return table.data

    np.testing.assert_array_equal(run(stop=5), run(stop=None))


def test_a_state_that_does_not_fit_is_refused_whole():
    items = parameters()
    optimizer = AdamW(FlatParameters(items))
    state = optimizer.state_dict()
    bad = {k: v for k, v in state.items() if k != "m.bias"}
    bad["v.out"] = np.ones((9, 9), np.float32)
    bad["v.strange"] = np.ones(2, np.float32)
    bad["steps"] = np.asarray(7)
    with pytest.raises(ShapeError, match="missing m.bias") as caught:
        optimizer.load_state_dict(bad)
    assert "v.out: expected shape (6, 2), got (9, 9)" in str(caught.value)
    assert "unexpected v.strange" in str(caught.value)
    assert optimizer.steps == 0


@pytest.mark.parametrize(
    "wrong", [{"betas": (1.0, 0.9)}, {"betas": (0.9, -0.1)}, {"eps": 0.0}, {"weight_decay": -1.0}]
)
def test_settings_that_make_no_sense(wrong):
    with pytest.raises(SettingsError):
        AdamW(FlatParameters(parameters()), **wrong)
