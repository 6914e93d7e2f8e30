"""Optimizers, schedules and clipping beside PyTorch's: the same gradients, 50 steps."""

from __future__ import annotations

import functools

import numpy as np
import pytest

from pmt_nn import Parameter
from pmt_train import (
    SGD,
    Adagrad,
    Adam,
    AdamW,
    FlatParameters,
    ReduceOnPlateau,
    RMSProp,
    clip_factor,
    clip_values,
    global_norm,
    one_cycle_schedule,
)

pytestmark = pytest.mark.oracle

PAIRS = {
    "SGD": [(SGD, {}), (SGD, {"momentum": 0.9}), (SGD, {"momentum": 0.9, "nesterov": True})],
    "RMSprop": [(RMSProp, {}), (RMSProp, {"momentum": 0.9})],
    "Adam": [(Adam, {}), (Adam, {"betas": (0.8, 0.95), "eps": 1e-6})],
    "AdamW": [(AdamW, {}), (AdamW, {"betas": (0.8, 0.95)})],
    "Adagrad": [(Adagrad, {}), (functools.partial(Adagrad, initial=0.5), {})],
}
CASES = [(name, *pair) for name, pairs in PAIRS.items() for pair in pairs]


@pytest.mark.parametrize("decay", [0.0, 0.05])
@pytest.mark.parametrize(("name", "ours", "options"), CASES)
def test_fifty_steps_follow_torch_within_a_millionth(name, ours, options, decay):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    start = rng.uniform(-1, 1, size=(40, 30)).astype(np.float32)
    p = Parameter(start.copy())
    flat = FlatParameters([("p", p)])
    optimizer = ours(flat, weight_decay=decay, **options)
    extra = {"initial_accumulator_value": 0.5} if isinstance(ours, functools.partial) else {}
    theirs = torch.nn.Parameter(torch.from_numpy(start.copy()))
    other = getattr(torch.optim, name)([theirs], lr=0.01, weight_decay=decay, **options, **extra)
    for _ in range(50):
        g = rng.normal(size=start.shape).astype(np.float32)
        optimizer.step(flat.gather([{p: g}]), 0.01)
        theirs.grad = torch.from_numpy(g.copy())
        other.step()
        np.testing.assert_allclose(p.data, theirs.detach().numpy(), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("limit", [0.05, 100.0])
def test_clipping_is_torchs(limit):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(1)
    p = Parameter(np.zeros((30, 20), np.float32))
    g = rng.normal(size=p.shape).astype(np.float32)
    flat = FlatParameters([("p", p)])
    theirs = torch.nn.Parameter(torch.zeros(30, 20))
    theirs.grad = torch.from_numpy(g / 8)
    torch.nn.utils.clip_grad_value_([theirs], limit)
    found = clip_values(flat.gather([{p: g}]), limit, 1 / 8)
    np.testing.assert_allclose(found.of(flat.slots[0]) / 8, theirs.grad, rtol=1e-6)
    norm = torch.nn.utils.clip_grad_norm_([theirs], limit)
    assert global_norm(found, 1 / 8) == pytest.approx(float(norm), rel=1e-5)
    ours = found.of(flat.slots[0]) / 8 * clip_factor(float(norm), limit)
    np.testing.assert_allclose(ours, theirs.grad, rtol=1e-4)


@pytest.mark.parametrize(("steps", "rise"), [(100, 0.3), (37, 0.5), (10, 0.25)])
def test_one_cycle_is_torchs(steps, rise):
    torch = pytest.importorskip("torch")
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    theirs = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=0.1, total_steps=steps, pct_start=rise, cycle_momentum=False
    )
    ours = one_cycle_schedule(0.1, steps, rise=rise)
    for step in range(steps):
        assert ours(step) == pytest.approx(theirs.get_last_lr()[0], rel=1e-9)
        optimizer.step()
        if step + 1 < steps:
            theirs.step()


@pytest.mark.parametrize("cooldown", [0, 2])
@pytest.mark.parametrize("mode", ["min", "max"])
def test_reduce_on_plateau_is_torchs(mode, cooldown):
    torch = pytest.importorskip("torch")
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    theirs = torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimizer,
        mode=mode,
        factor=0.5,
        patience=2,  # torch reduces when it has waited longer than this; ours when as long
        threshold=0.05,
        threshold_mode="abs",
        cooldown=cooldown,
        min_lr=0.02,
    )
    ours = ReduceOnPlateau(
        patience=3, factor=0.5, cooldown=cooldown, min_scale=0.02, mode=mode, min_delta=0.05
    )
    for score in np.random.default_rng(2).normal(size=80):
        ours = ours.update(float(score))
        theirs.step(float(score))
        assert ours.scale == pytest.approx(optimizer.param_groups[0]["lr"])
