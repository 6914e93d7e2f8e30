"""Muon: orthogonalization beside the SVD, the formula of its step, state, refusals."""

from __future__ import annotations

import functools

import numpy as np
import pytest

from pmt_core import RowSparse, SettingsError, ShapeError
from pmt_nn import Parameter
from pmt_train import AdamW, FlatParameters, Muon, ParameterGroup, Workers, orthogonalize

NAMES = ("qkv", "down", "words", "scale")


def hidden(name, parameter):
    return name in ("qkv", "down")


def sections(name, parameter):
    return 3 if name == "qkv" else 1


def everything_decays(name, parameter):
    return True


def parameters(dtype=np.float64):
    rng = np.random.default_rng(0)
    shapes = {"qkv": (8, 24), "down": (200, 300), "words": (5, 8), "scale": (7,)}
    return [(name, Parameter(rng.normal(size=shapes[name]).astype(dtype))) for name in NAMES]


def by_singular_values(matrix, iterations):
    """Apply the odd polynomial to the singular values; all else of the SVD stays."""
    u, s, vt = np.linalg.svd(matrix, full_matrices=False)
    s = s / np.linalg.norm(s)
    for _ in range(iterations):
        s = 3.4445 * s - 4.7750 * s**3 + 2.0315 * s**5
    return u @ np.diag(s) @ vt


@pytest.mark.parametrize("shape", [(6, 6), (3, 9), (9, 3), (1, 5), (5, 1)])
@pytest.mark.parametrize("iterations", [1, 5])
def test_singular_values_follow_the_polynomial_and_vectors_stay(shape, iterations):
    matrix = np.random.default_rng(1).normal(size=shape)
    expected = by_singular_values(matrix, iterations)
    np.testing.assert_allclose(orthogonalize(matrix, iterations), expected, atol=1e-10)
    np.testing.assert_allclose(orthogonalize(-1e4 * matrix, iterations), -expected, atol=1e-10)


def test_five_iterations_bring_all_singular_values_near_one():
    rng = np.random.default_rng(2)
    u, v = (np.linalg.qr(rng.normal(size=(n, 40)))[0] for n in (60, 90))
    values = np.geomspace(1, 0.01, 40)  # the last is 0.0046 of the norm
    result = orthogonalize((u * values @ v.T).astype(np.float32))
    assert result.dtype == np.float32
    reached = np.linalg.svd(result, compute_uv=False)[:40]
    assert 0.67 < reached.min() < reached.max() < 1.21
    distance = np.abs(u.T @ result @ v - np.diag(np.diag(u.T @ result @ v))).max()
    assert distance < 1e-4  # the singular vectors are the same


def test_no_gradient_is_no_step():
    np.testing.assert_array_equal(orthogonalize(np.zeros((3, 4), np.float32)), 0)
    with pytest.raises(ShapeError, match=r"\(2, 3, 4\)"):
        orthogonalize(np.zeros((2, 3, 4)))


def test_steps_are_the_formula_and_adamw_for_the_rest():
    """Two threads, a scale, a group with its own rate and decay, sections."""
    group = ParameterGroup(lambda name, p: name == "down", lr_factor=0.5, weight_decay=0.3)
    options = {"weight_decay": 0.1, "decays": everything_decays, "groups": [group]}
    ours, theirs = parameters(), parameters()
    start = {name: p.data.copy() for name, p in ours}
    muon = Muon(ours, matrices=hidden, momentum=0.8, sections=sections, **options)
    adamw = AdamW(theirs, betas=(0.9, 0.95), **options)
    momentum = dict.fromkeys(NAMES, 0.0)
    rng = np.random.default_rng(3)
    with Workers(2) as workers:
        for _ in range(6):
            grads = [rng.normal(size=p.shape) for _, p in ours]
            for items, optimizer in ((ours, muon), (theirs, adamw)):
                shard = {p: 2 * g for (_, p), g in zip(items, grads, strict=True)}
                gathered = optimizer.flat.gather([shard])
                optimizer.step(gathered, 0.01, scale=0.5, workers=workers)
            for name, g in zip(NAMES[:2], grads[:2], strict=True):
                m = momentum[name] = 0.8 * momentum[name] + 0.2 * g
                update = 0.2 * g + 0.8 * m
                rate, decay = (0.005, 0.3) if name == "down" else (0.01, 0.1)
                parts = np.split(update, sections(name, None), axis=1)
                steps = [
                    0.2 * max(part.shape) ** 0.5 * by_singular_values(part, 5) for part in parts
                ]
                start[name] = start[name] * (1 - rate * decay) - rate * np.concatenate(steps, 1)
    for (name, p), (_, other) in zip(ours, theirs, strict=True):
        if hidden(name, p):
            np.testing.assert_allclose(p.data, start[name], atol=1e-10)
        else:
            np.testing.assert_array_equal(p.data, other.data)


@pytest.mark.oracle
def test_ten_steps_follow_torch_to_the_precision_of_its_16_bit_products():
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    start = rng.normal(size=(20, 50)).astype(np.float32)
    theirs, p = torch.nn.Parameter(torch.from_numpy(start.copy())), Parameter(start.copy())
    settings = {"lr": 0.01, "weight_decay": 0.1, "momentum": 0.9}
    other = torch.optim.Muon([theirs], adjust_lr_fn="match_rms_adamw", **settings)
    muon = Muon([("p", p)], matrices=lambda name, p: True, **settings)
    for _ in range(10):
        g = rng.normal(size=start.shape).astype(np.float32)
        theirs.grad, p.grad = torch.from_numpy(g.copy()), g
        other.step()
        muon.step()
        distance = np.linalg.norm(theirs.detach().numpy() - p.data)
        assert distance < 0.02 * np.linalg.norm(p.data - start)


def test_a_saved_state_goes_on_to_the_bit():
    make = functools.partial(Muon, matrices=hidden, sections=sections)

    def run(stop):
        rng = np.random.default_rng(1)
        items = parameters(np.float32)
        optimizer = make(FlatParameters(items))
        for step in range(6):
            if step == stop:
                state = optimizer.state_dict()
                optimizer = make(optimizer.flat)
                optimizer.load_state_dict(state)
            for _, p in items:
                p.grad = rng.normal(size=p.shape).astype(np.float32)
            optimizer.step(lr=0.1)
        return [p.data for _, p in items]

    for resumed, through in zip(run(3), run(None), strict=True):
        np.testing.assert_array_equal(resumed, through)


def test_rows_of_a_table_are_adamws_and_a_matrix_of_muon_refuses_them():
    items = parameters(np.float32)
    by_name = dict(items)
    optimizer, other = Muon(items, matrices=hidden), parameters(np.float32)
    adamw = AdamW(other, betas=(0.9, 0.95))
    rows = RowSparse(np.array([1, 3]), np.ones((2, 8), np.float32), (5, 8))
    optimizer.step(optimizer.flat.gather([{by_name["words"]: rows}]), 0.1)
    adamw.step(adamw.flat.gather([{dict(other)["words"]: rows}]), 0.1)
    np.testing.assert_array_equal(by_name["words"].data, dict(other)["words"].data)
    rows = RowSparse(np.array([1]), np.ones((1, 24), np.float32), (8, 24))
    with pytest.raises(SettingsError, match="qkv has a row-sparse gradient"):
        optimizer.step(optimizer.flat.gather([{by_name["qkv"]: rows}]), 0.1)
    assert optimizer.steps == 1


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"matrices": lambda name, p: False}, "chooses no parameter"),
        ({"matrices": lambda name, p: name == "scale"}, r"scale has shape \(7,\)"),
        ({"sections": lambda name, p: 7}, "24 columns of qkv cannot be cut into 7"),
        ({"sections": lambda name, p: 0}, "cannot be cut into 0"),
        ({"momentum": 1.0}, "momentum"),
        ({"iterations": 0}, "iterations"),
    ],
)
def test_settings_that_make_no_sense(settings, message):
    with pytest.raises(SettingsError, match=message):
        Muon(parameters(), **{"matrices": hidden, **settings})
