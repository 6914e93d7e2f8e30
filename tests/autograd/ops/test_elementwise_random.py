"""Functions of each element beside torch on random configurations (`-m oracle`)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from random_arrays import Draw
from torch_comparison import Comparison, Inputs, hold

import pmt_autograd as ag

pytestmark = pytest.mark.oracle


def one(draw: Draw) -> Inputs:
    return [draw.array(draw.shape())], {}


def two(draw: Draw) -> Inputs:
    shape = draw.shape()
    return [draw.array(draw.broadcastable(shape)), draw.array(draw.broadcastable(shape))], {}


def same(name: str, draw: Any = one, **options: Any) -> Comparison:
    """Return the comparison of functions of one name."""

    def theirs(torch: Any, *inputs: Any) -> Any:
        return getattr(torch, name)(*inputs)

    return Comparison(name, getattr(ag, name), theirs, draw, **options)


def limits(draw: Draw) -> Inputs:
    low, high = sorted([draw.choice([-1.0, -0.5, 0.0, 0.25]), draw.choice([-0.25, 0.0, 0.5, 1.0])])
    settings = draw.choice([{"low": low}, {"high": high}, {"low": low, "high": high}])
    return one(draw)[0], settings


def torch_softplus(torch: Any, x: Any) -> Any:
    """Return log(1 + e^x), of which torch's own softplus of large x is x."""
    return -torch.nn.functional.logsigmoid(-x)


def masked(draw: Draw) -> Inputs:
    (x,), _ = one(draw)
    return [x], {"mask": np.asarray(draw.rng.random(draw.broadcastable(x.shape)) < 0.5)}


def torch_masked(torch: Any, x: Any, mask: Any) -> Any:
    return torch.where(torch.from_numpy(mask), x, 0.0)


def converted(draw: Draw) -> Inputs:
    return one(draw)[0], {"dtype": draw.choice(["float32", "float64"])}


def torch_converted(torch: Any, x: Any, dtype: str) -> Any:
    return x.to(getattr(torch, dtype))


CASES = [
    *(same(name) for name in ("exp", "expm1", "log", "log1p", "square", "sqrt", "tanh")),
    *(same(name) for name in ("sigmoid", "sin", "cos", "arctan", "erf", "absolute", "negative")),
    same("relu"),
    *(same(name, two) for name in ("add", "subtract", "multiply", "divide")),
    *(same(name, two) for name in ("maximum", "minimum")),
    Comparison("power", ag.power, lambda t, a, b: t.pow(a, b), two),
    Comparison("softplus", ag.softplus, torch_softplus, one),
    Comparison("silu", ag.silu, lambda t, x: t.nn.functional.silu(x), one),
    Comparison(
        "leaky_relu",
        ag.leaky_relu,
        lambda t, x, slope: t.nn.functional.leaky_relu(x, slope),
        lambda d: (one(d)[0], {"slope": d.choice([0.01, 0.2, 0.0, 1.0])}),
    ),
    Comparison(
        "elu",
        ag.elu,
        lambda t, x, alpha: t.nn.functional.elu(x, alpha),
        lambda d: (one(d)[0], {"alpha": d.choice([1.0, 0.5, 2.0])}),
    ),
    Comparison("masked", ag.masked, torch_masked, masked),
    Comparison("astype", ag.astype, torch_converted, converted),
    Comparison("clip", ag.clip, lambda t, x, low=None, high=None: t.clip(x, low, high), limits),
]


@pytest.mark.parametrize("comparison", CASES, ids=str)
def test_torch_agrees(comparison: Comparison) -> None:
    hold(comparison)
