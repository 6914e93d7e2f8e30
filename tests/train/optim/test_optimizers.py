"""Every optimizer against its paper in float64, and row-sparse updates against dense ones."""

from __future__ import annotations

import functools

import numpy as np
import pytest

from pmt_core import RowSparse, SettingsError
from pmt_nn import Parameter
from pmt_train import (
    SGD,
    Adadelta,
    Adagrad,
    Adam,
    AdamW,
    FlatParameters,
    Lion,
    NAdam,
    ParameterGroup,
    RAdam,
    RMSProp,
    Workers,
)

MAKERS = {
    "sgd": SGD,
    "momentum": functools.partial(SGD, momentum=0.9),
    "nesterov": functools.partial(SGD, momentum=0.9, nesterov=True),
    "rmsprop": RMSProp,
    "rmsprop momentum": functools.partial(RMSProp, momentum=0.8),
    "adam": Adam,
    "adamw": AdamW,
    "amsgrad": functools.partial(Adam, betas=(0.9, 0.6), amsgrad=True),
    "amsgrad adamw": functools.partial(AdamW, betas=(0.9, 0.6), amsgrad=True),
    "nadam": NAdam,
    "nadam decoupled": functools.partial(NAdam, decoupled_weight_decay=True),
    "radam": functools.partial(RAdam, betas=(0.9, 0.97)),
    "radam decoupled": functools.partial(RAdam, decoupled_weight_decay=True),
    "adadelta": Adadelta,
    "adagrad": functools.partial(Adagrad, initial=0.1),
    "lion": Lion,
}


DECOUPLED = ("adamw", "amsgrad adamw", "nadam decoupled", "radam decoupled", "lion")


def nadam_step(t, g, m, v):
    """Algorithm 2 of Dozat 2016, with the schedule of the momentum of its section 4."""
    momenta = [0.9 * (1 - 0.5 * 0.96 ** (i / 250)) for i in range(1, t + 2)]
    g_hat, m_hat = g / (1 - np.prod(momenta[:t])), m / (1 - np.prod(momenta))
    mean = (1 - momenta[t - 1]) * g_hat + momenta[t] * m_hat
    return mean / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)


def radam_step(t, b2, m, v):
    """Algorithm 2 of Liu et al. 2020; the variance counts as defined above a length of 5."""
    m_hat, limit = m / (1 - 0.9**t), 2 / (1 - b2) - 1
    length = limit - 2 * t * b2**t / (1 - b2**t)
    if length <= 5:
        return m_hat
    r = np.sqrt((length - 4) / (limit - 4) * (length - 2) / (limit - 2) * limit / length)
    return r * m_hat * np.sqrt(1 - b2**t) / (np.sqrt(v) + 1e-8)


def adam_step(name, t, g, m, v, v_max):
    """The step of Adam and its variants, from the moments."""
    b2 = 0.6 if "amsgrad" in name else 0.97 if name == "radam" else 0.999
    m = 0.9 * m + 0.1 * g
    v = b2 * v + (1 - b2) * g**2
    v_max = np.maximum(v_max, v)
    if "nadam" in name:
        step = nadam_step(t, g, m, v)
    elif "radam" in name:
        step = radam_step(t, b2, m, v)
    else:
        root = np.sqrt((v_max if "amsgrad" in name else v) / (1 - b2**t))
        step = m / (1 - 0.9**t) / (root + 1e-8)
    return step, m, v, v_max


def paper(name, p, gradients, lr, decay):
    """The formula of each class docstring, written with new arrays for every line."""
    p, m, v, u = p.astype(np.float64), 0.0, 0.1 if name == "adagrad" else 0.0, 0.0
    for t, g in enumerate(gradients, start=1):
        g = g.astype(np.float64)
        before = p
        if name not in DECOUPLED:
            g = g + decay * p
        if name == "sgd":
            p = p - lr * g
        elif name in ("momentum", "nesterov"):
            m = 0.9 * m + g
            p = p - lr * (g + 0.9 * m if name == "nesterov" else m)
        elif name.startswith("rmsprop"):
            v = 0.99 * v + 0.01 * g**2
            m = (0.8 if "momentum" in name else 0.0) * m + g / (np.sqrt(v) + 1e-8)
            p = p - lr * m
        elif name == "adagrad":
            v = v + g**2
            p = p - lr * g / (np.sqrt(v) + 1e-10)
        elif name == "lion":
            p = p - lr * np.sign(0.9 * m + 0.1 * g)
            m = 0.99 * m + 0.01 * g
        elif name == "adadelta":
            v = 0.9 * v + 0.1 * g**2
            d = np.sqrt(u + 1e-6) / np.sqrt(v + 1e-6) * g
            u = 0.9 * u + 0.1 * d**2
            p = p - lr * d
        else:
            step, m, v, u = adam_step(name, t, g, m, v, u)
            p = p - lr * step
        if name in DECOUPLED:
            p = p - lr * decay * before
    return p


def everything_decays(name, p):
    return True


@pytest.mark.parametrize("decay", [0.0, 0.1])
@pytest.mark.parametrize("name", MAKERS)
def test_fifty_steps_follow_the_paper(name, decay):
    rng = np.random.default_rng(0)
    w, b = (Parameter(rng.normal(size=s)) for s in ((70, 600), (7,)))  # more than one block
    start = {p: p.data.copy() for p in (w, b)}
    flat = FlatParameters([("w", w), ("b", b)])
    optimizer = MAKERS[name](flat, weight_decay=decay, decays=everything_decays)
    gradients = [{p: rng.normal(size=p.shape) for p in (w, b)} for _ in range(50)]
    with Workers(2) as workers:
        for grads in gradients:
            doubled = {p: g * 2 for p, g in grads.items()}
            optimizer.step(flat.gather([doubled]), 0.01, scale=0.5, workers=workers)
    for p in (w, b):
        expected = paper(name, start[p], [g[p] for g in gradients], 0.01, decay)
        np.testing.assert_allclose(p.data, expected, rtol=1e-11, atol=1e-11)


def table_run(maker, sparse, steps=40):
    """A float32 table of which every step names some rows, repeats among them."""
    table = Parameter(np.random.default_rng(3).normal(size=(40, 5)).astype(np.float32))
    flat = FlatParameters([("table", table)])
    optimizer = maker(flat, weight_decay=0.0)
    for step in range(steps):
        rng = np.random.default_rng(step)
        rows = RowSparse(
            rng.integers(0, 40, 12), rng.normal(size=(12, 5)).astype(np.float32), (40, 5)
        )
        grads = rows if sparse else rows.to_dense()
        optimizer.step(flat.gather([{table: grads}]), 0.01, scale=0.3)
    return table.data, optimizer.state_dict()


@pytest.mark.parametrize("name", ["sgd", "adagrad"])
def test_a_table_follows_the_dense_form_bit_for_bit(name):
    sparse, state = table_run(MAKERS[name], sparse=True)
    dense, _ = table_run(MAKERS[name], sparse=False)
    assert "last.table" in state
    np.testing.assert_array_equal(sparse, dense)


@pytest.mark.parametrize("maker", [RMSProp, Adadelta])
def test_a_table_follows_the_dense_form_to_the_rounding(maker):
    sparse, _ = table_run(maker, sparse=True)
    dense, _ = table_run(maker, sparse=False)
    np.testing.assert_allclose(sparse, dense, rtol=2e-6, atol=2e-6)


RATES = {
    "momentum": {"m": 0.9},
    "nesterov": {"m": 0.9},
    "rmsprop momentum": {"v": 0.99, "m": 0.8},
    "adam": {"m": 0.9, "v": 0.999},
    "amsgrad": {"m": 0.9, "v": 0.6, "v_max": 1.0},
    "nadam": {"m": 0.9, "v": 0.999},
    "radam": {"m": 0.9, "v": 0.97},
    "lion": {"m": 0.99},
}


@pytest.mark.parametrize("name", RATES)
def test_a_table_follows_the_dense_form_in_its_moments(name):
    """As documented: rows not named stand still, where the dense form moves them on."""
    values, state = table_run(MAKERS[name], sparse=True)
    dense_values, dense = table_run(MAKERS[name], sparse=False)
    gaps = 40 - state["last.table"]
    for key, rate in RATES[name].items():
        faded = state[f"{key}.table"] * rate ** gaps[:, None]
        np.testing.assert_allclose(faded, dense[f"{key}.table"], rtol=2e-4, atol=1e-6)
    assert np.abs(values - dense_values).max() > 1e-3


@pytest.mark.parametrize("name", MAKERS)
def test_a_saved_state_goes_on_to_the_bit(name):
    def run(stop):
        rng = np.random.default_rng(1)
        p = Parameter(rng.normal(size=(9, 4)).astype(np.float32))
        flat = FlatParameters([("p", p)])
        optimizer = MAKERS[name](flat)
        for step in range(10):
            if step == stop:
                state = optimizer.state_dict()
                optimizer = MAKERS[name](flat)
                optimizer.load_state_dict(state)
            g = rng.normal(size=(9, 4)).astype(np.float32)
            grads = RowSparse(np.arange(9), g, (9, 4)) if step % 3 else g
            optimizer.step(flat.gather([{p: grads}]), 0.1)
        return p.data

    np.testing.assert_array_equal(run(4), run(None))


def test_groups_have_rates_and_decays_of_their_own():
    names = ("a.weight", "a.bias", "b.weight", "b.bias")
    items = [(name, Parameter(np.ones((2, 2) if "w" in name else 2))) for name in names]
    flat = FlatParameters(items)
    groups = [
        ParameterGroup(lambda name, p: name == "a.bias", lr_factor=0.0),
        ParameterGroup(lambda name, p: name.startswith("a."), lr_factor=0.1),
        ParameterGroup(lambda name, p: name == "b.bias", weight_decay=0.5),
    ]
    optimizer = SGD(flat, weight_decay=0.2, groups=groups)
    optimizer.step(flat.gather([{p: np.ones(p.shape) for _, p in items}]), 0.1)
    values = {name: p.data.ravel()[0] for name, p in items}
    # p - lr (1 + decay p), with p = 1: matrices decay by 0.2, b.bias by 0.5, a.bias stands still
    expected = {"a.weight": 0.988, "a.bias": 1.0, "b.weight": 0.88, "b.bias": 0.85}
    assert values == pytest.approx(expected)
    with pytest.raises(SettingsError, match="group 2 of 2 chooses no parameter"):
        SGD(flat, groups=[groups[1], ParameterGroup(lambda name, p: name == "a.bias")])


def test_groups_hold_for_rows_of_tables():
    table = Parameter(np.ones((5, 2)))
    flat = FlatParameters([("table", table)])
    group = ParameterGroup(lambda name, p: True, lr_factor=0.5, weight_decay=0.1)
    optimizer = SGD(flat, weight_decay=9.0, groups=[group])
    rows = RowSparse(np.array([2]), np.ones((1, 2)), (5, 2))
    optimizer.step(flat.gather([{table: rows}]), 0.2)
    np.testing.assert_allclose(table.data[:, 0], [1, 1, 1 - 0.1 * 1.1, 1, 1])


@pytest.mark.parametrize(
    "wrong",
    [
        lambda flat: SGD(flat, momentum=1.0),
        lambda flat: SGD(flat, nesterov=True),
        lambda flat: RMSProp(flat, alpha=-0.1),
        lambda flat: RMSProp(flat, eps=0.0),
        lambda flat: Adagrad(flat, initial=-1.0),
        lambda flat: Adagrad(flat, eps=-1.0),
        lambda flat: Lion(flat, betas=(0.9, 1.0)),
        lambda flat: Adam(flat, betas=(0.9, float("nan"))),
        lambda flat: NAdam(flat, momentum_decay=-0.1),
        lambda flat: RAdam(flat, betas=(1.0, 0.9)),
        lambda flat: Adadelta(flat, rho=1.0),
        lambda flat: Adadelta(flat, eps=0.0),
        lambda flat: SGD(flat, groups=[ParameterGroup(lambda n, p: True, lr_factor=-1.0)]),
        lambda flat: SGD(flat, groups=[ParameterGroup(lambda n, p: True, weight_decay=-1.0)]),
    ],
)
def test_settings_that_make_no_sense(wrong):
    with pytest.raises(SettingsError):
        wrong(FlatParameters([("p", Parameter(np.ones(3)))]))
