"""Activations beside torch on random configurations (`-m oracle`)."""

from __future__ import annotations

from typing import Any

import pytest
from random_arrays import Draw
from torch_comparison import Comparison, Inputs, hold, largest

from pmt_nn import (
    celu,
    glu,
    hardsigmoid,
    hardswish,
    hardtanh,
    log_sigmoid,
    mish,
    prelu,
    relu6,
    selu,
    softsign,
)

pytestmark = pytest.mark.oracle


def anything(draw: Draw) -> Inputs:
    return [draw.array(draw.shape())], {}


def numbers(draw: Draw) -> Inputs:
    """Numbers of any magnitude, without infinities, nan and kinks."""
    x = draw.array(draw.shape())
    return [x if draw.content not in ("edges", "infinities", "ties") else draw.normal(*x.shape)], {}


def by_alpha(draw: Draw) -> Inputs:
    arrays, _ = numbers(draw)
    return arrays, {"alpha": draw.choice([0.5, 1.0, 2.0])}


def limited(draw: Draw) -> Inputs:
    arrays, _ = numbers(draw)
    return arrays, {"low": draw.choice([-1.0, -3.0, 0.25]), "high": draw.choice([0.5, 2.0])}


def halved(draw: Draw) -> Inputs:
    shape = [2 * n for n in draw.shape(1, 3)]
    return [draw.normal(*shape, large=30, small=1e-6)], {"axis": draw.axis(len(shape))}


def channels(draw: Draw) -> Inputs:
    shape = draw.shape(1, 4, 1)
    c = shape[1] if len(shape) > 1 else shape[0]
    c = 1 if len(shape) == 1 and c > 1 else c
    weight = draw.normal(c if draw.chance(0.6) else 1)
    return [draw.array(shape, exponent=5), weight], {}


def of_slopes(x: Any, *others: Any, **settings: Any) -> dict[str, float]:
    size = largest(x)
    return {"output 0": 1.0, "gradient 0": 2.0, "gradient 1": max(size, 1.0) * max(x.size, 1)}


def functional(name: str) -> Any:
    return lambda torch, x, **settings: getattr(torch.nn.functional, name)(x, **settings)


SLOPES: dict[str, Any] = {"scales": of_slopes, "edges": False}
CASES = [
    Comparison("mish", mish, functional("mish"), numbers, **SLOPES),
    Comparison("selu", selu, functional("selu"), numbers, **SLOPES),
    Comparison("celu", celu, functional("celu"), by_alpha, **SLOPES),
    Comparison("softsign", softsign, functional("softsign"), numbers, **SLOPES),
    Comparison("log_sigmoid", log_sigmoid, functional("logsigmoid"), numbers, **SLOPES),
    Comparison("relu6", relu6, functional("relu6"), numbers),
    Comparison(
        # torch's own rounds the slope 1/6 to float32 in float64, too
        "hardsigmoid",
        hardsigmoid,
        lambda t, x: t.clamp(x + 3, 0, 6) / 6,
        numbers,
        **SLOPES,
    ),
    Comparison("hardswish", hardswish, functional("hardswish"), numbers, **SLOPES),
    Comparison(
        "hardtanh",
        hardtanh,
        lambda t, x, low, high: t.nn.functional.hardtanh(x, low, high),
        limited,
    ),
    Comparison("glu", glu, lambda t, x, axis: t.nn.functional.glu(x, axis), halved, **SLOPES),
    Comparison("prelu", prelu, lambda t, x, w: t.nn.functional.prelu(x, w), channels, **SLOPES),
]


@pytest.mark.parametrize("comparison", CASES, ids=str)
def test_torch_agrees(comparison: Comparison) -> None:
    hold(comparison)
