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
        return getattr(torch, OF_OTHER_NAMES.get(name, name))(*inputs)

    return Comparison(name, getattr(ag, name), theirs, draw, by_element=True, **options)


def within_one(draw: Draw) -> Inputs:
    """Numbers in [-1, 1], and some outside of it, for the inverse functions.

    None is near the ends but the ends themselves: torch loses digits there.
    """
    (x,), _ = one(draw)
    with np.errstate(all="ignore"):
        folded = x - 2 * np.round(x / 2) if draw.chance(0.8) else x
    near = (np.abs(folded) != 1) & (np.abs(np.abs(folded) - 1) < 0.1)
    return [np.asarray(np.where(near, 0.5, folded), draw.dtype)], {}


def above_one(draw: Draw) -> Inputs:
    """Numbers of 1 or more, and some below; none is near 1 but 1 itself."""
    (x,), _ = one(draw)
    above = np.abs(x) + draw.choice([0, 1, 1])
    near = (above != 1) & (np.abs(above - 1) < 0.1)
    return [np.asarray(np.where(near, 1.5, above), draw.dtype)], {}


def rounded(draw: Draw) -> Inputs:
    return one(draw)[0], {"decimals": draw.choice([0, 0, 1, 3, -1])}


def remainders(draw: Draw) -> Inputs:
    """Numbers of which quotients are rounded in the same way by all."""
    shape = draw.shape()
    a, b = (draw.array(draw.broadcastable(shape), exponent=1) for _ in range(2))
    return [a, b], {}


def limit_arrays(draw: Draw) -> Inputs:
    shape = draw.shape()
    limits = [draw.array(draw.broadcastable(shape)) for _ in range(2)]
    return [draw.array(shape), *limits], {}


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


OF_OTHER_NAMES = {"arctan2": "atan2", "mod": "remainder"}
INVERSE = ("arcsin", "arccos", "arctanh")
SLOPES: dict[str, Any] = {"scales": by_one, "by_element": True}
CASES = [
    *(same(name) for name in ("exp", "log", "log1p", "square", "sqrt", "sigmoid", "sin", "cos")),
    *(same(name) for name in ("arctan", "erf", "absolute", "negative", "relu")),
    *(same(name) for name in ("exp2", "log2", "log10", "tan", "sinh", "cosh", "arcsinh")),
    *(same(name, within_one) for name in INVERSE),
    same("arccosh", above_one),
    same("arctan2", two, scales=by_one),
    same("logaddexp", two, scales=by_one),
    *(same(name) for name in ("sign", "floor", "ceil", "trunc")),
    same("mod", remainders, scales=by_one),
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
    Comparison("clip_between", ag.clip, torch_clip, limit_arrays, **SLOPES),
    Comparison("round", ag.round, lambda t, x, decimals: t.round(x, decimals=decimals), rounded),
    Comparison(
        "floor_divide",
        ag.floor_divide,
        lambda t, a, b: t.div(a, b, rounding_mode="floor"),
        remainders,
        by_element=True,
    ),
]


@pytest.mark.parametrize("comparison", CASES, ids=str)
def test_torch_agrees(comparison: Comparison) -> None:
    hold(comparison)
