"""Optimizers compared to PyTorch: 50 steps with the same gradients."""

from __future__ import annotations

import functools

import numpy as np
import pytest

from pmt_nn import Parameter
from pmt_train import (
    SGD,
    Adadelta,
    Adagrad,
    Adam,
    AdamW,
    FlatParameters,
    NAdam,
    RAdam,
    RMSProp,
)

pytestmark = pytest.mark.oracle

PAIRS = {
    "SGD": [(SGD, {}), (SGD, {"momentum": 0.9}), (SGD, {"momentum": 0.9, "nesterov": True})],
    "RMSprop": [(RMSProp, {}), (RMSProp, {"momentum": 0.9})],
    "Adam": [
        (Adam, {}),
        (Adam, {"betas": (0.8, 0.95), "eps": 1e-6}),
        (Adam, {"betas": (0.9, 0.5), "amsgrad": True}),
    ],
    "AdamW": [
        (AdamW, {}),
        (AdamW, {"betas": (0.8, 0.95)}),
        (AdamW, {"betas": (0.9, 0.5), "amsgrad": True}),
    ],
    "NAdam": [
        (NAdam, {}),
        (NAdam, {"betas": (0.8, 0.95), "momentum_decay": 0.1}),
        (NAdam, {"decoupled_weight_decay": True}),
    ],
    "RAdam": [
        (RAdam, {}),
        (RAdam, {"betas": (0.8, 0.95), "eps": 1e-6}),
        (RAdam, {"decoupled_weight_decay": True}),
    ],
    "Adadelta": [(Adadelta, {}), (Adadelta, {"rho": 0.99, "eps": 1e-4})],
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
