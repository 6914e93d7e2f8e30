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

    return Comparison(name, getattr(ag, name), theirs, draw, by_element=True, **options)


def limits(draw: Draw) -> Inputs:
    low, high = sorted([draw.choice([-1.0, -0.5, 0.0, 0.25]), draw.choice([-0.25, 0.0, 0.5, 1.0])])
    settings = draw.choice([{"low": low}, {"high": high}, {"low": low, "high": high}])
    return one(draw)[0], settings


def torch_clip(torch: Any, x: Any, low: Any = None, high: Any = None) -> Any:
    return torch.clip(x, low, high)


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


def torch_leaky_relu(torch: Any, x: Any, slope: float) -> Any:
    return torch.nn.functional.leaky_relu(x, slope)


def torch_elu(torch: Any, x: Any, alpha: float) -> Any:
    return torch.nn.functional.elu(x, alpha)


def sloped(draw: Draw) -> Inputs:
    return one(draw)[0], {"slope": draw.choice([0.01, 0.2, 0.0, 0.0, 1.0])}


def curved(draw: Draw) -> Inputs:
    return one(draw)[0], {"alpha": draw.choice([1.0, 0.5, 2.0])}


def quotients(draw: Draw) -> Inputs:
    """Numbers of which a / b^2 is within the range, whatever the order."""
    shape = draw.shape()
    return [draw.array(draw.broadcastable(shape), exponent=9) for _ in range(2)], {}


def by_one(*arrays: Any, **settings: Any) -> dict[str, float]:
    """A slope that is a difference from 1, or a sum of gradients."""
    return {f"gradient {i}": 1.0 for i in range(len(arrays))}


SLOPES: dict[str, Any] = {"scales": by_one, "by_element": True}
CASES = [
    *(same(name) for name in ("exp", "log", "log1p", "square", "sqrt", "sigmoid", "sin", "cos")),
    *(same(name) for name in ("arctan", "erf", "absolute", "negative", "relu")),
    same("tanh", scales=by_one),
    same("expm1", scales=by_one),
    *(same(name, two, scales=by_one) for name in ("add", "subtract", "maximum", "minimum")),
    same("multiply", two),
    same("divide", quotients),
    Comparison("power", ag.power, lambda t, a, b: t.pow(a, b), quotients, by_element=True),
    Comparison("softplus", ag.softplus, torch_softplus, one, by_element=True),
    Comparison("silu", ag.silu, lambda t, x: t.nn.functional.silu(x), one, **SLOPES),
    Comparison("leaky_relu", ag.leaky_relu, torch_leaky_relu, sloped, by_element=True),
    Comparison("elu", ag.elu, torch_elu, curved, **SLOPES),
    Comparison("masked", ag.masked, torch_masked, masked, by_element=True),
    Comparison("astype", ag.astype, torch_converted, converted, by_element=True),
    Comparison("clip", ag.clip, torch_clip, limits, by_element=True),
]


@pytest.mark.parametrize("comparison", CASES, ids=str)
def test_torch_agrees(comparison: Comparison) -> None:
    hold(comparison)
