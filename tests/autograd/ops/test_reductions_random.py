"""Reductions and softmaxes beside torch on random configurations (`-m oracle`)."""

from __future__ import annotations

from typing import Any

import pytest
from random_arrays import Draw
from torch_comparison import Comparison, Inputs, hold, largest

import pmt_autograd as ag

pytestmark = pytest.mark.oracle


def over_axes(draw: Draw) -> Inputs:
    x = draw.array(draw.shape(), exponent=15, spread=False)
    return [x], {"axis": draw.axes(x.ndim), "keepdims": draw.chance(0.3)}


def over_axis(draw: Draw) -> Inputs:
    x = draw.array(draw.shape(1), exponent=3, spread=False)
    return [x], {"axis": draw.axis(x.ndim)}


def over_axis_kept(draw: Draw) -> Inputs:
    arrays, settings = over_axis(draw)
    return arrays, {**settings, "keepdims": draw.chance(0.3)}


def reduction(name: str, theirs: Any, **options: Any) -> Comparison:
    """Return the comparison of a function over axes; `theirs` is given torch, x, axes, keepdims."""

    def over_all(torch: Any, x: Any, axis: Any, keepdims: bool) -> Any:
        return theirs(torch, x, tuple(range(x.ndim)) if axis is None else axis, keepdims)

    return Comparison(name, getattr(ag, name), over_all, over_axes, **options)


def over_one(name: str, **options: Any) -> Comparison:
    """Return the comparison of a function over one axis, of one name."""

    def theirs(torch: Any, x: Any, axis: int, **settings: Any) -> Any:
        return getattr(torch, name)(x, axis, *settings.values())

    draw = over_axis_kept if name == "logsumexp" else over_axis
    return Comparison(name, getattr(ag, name), theirs, draw, **options)


def of_logits(x: Any, **settings: Any) -> dict[str, float]:
    """A logarithm of a probability is as exact as the largest logit, a slope as a probability."""
    return {"output 0": largest(x), "gradient 0": 1.0}


def of_probabilities(x: Any, **settings: Any) -> dict[str, float]:
    return {"gradient 0": 1.0}


CASES = [
    reduction("sum", lambda t, x, axes, kept: t.sum(x, axes, kept)),
    reduction("mean", lambda t, x, axes, kept: t.mean(x, axes, kept)),
    reduction("var", lambda t, x, axes, kept: t.var(x, axes, correction=0, keepdim=kept)),
    reduction("std", lambda t, x, axes, kept: t.std(x, axes, correction=0, keepdim=kept)),
    reduction("max", lambda t, x, axes, kept: t.amax(x, axes, kept)),
    reduction("min", lambda t, x, axes, kept: t.amin(x, axes, kept)),
    reduction("norm", lambda t, x, axes, kept: t.linalg.vector_norm(x, 2, axes, kept)),
    over_one("cumsum"),
    over_one("logsumexp", scales=of_logits),
    over_one("softmax", scales=of_probabilities),
    over_one("log_softmax", scales=of_logits),
]


@pytest.mark.parametrize("comparison", CASES, ids=str)
def test_torch_agrees(comparison: Comparison) -> None:
    hold(comparison)
