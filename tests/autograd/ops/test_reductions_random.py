"""Reductions and softmaxes beside torch on random configurations (`-m oracle`)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from random_arrays import Draw
from torch_comparison import Comparison, Inputs, hold, largest

import pmt_autograd as ag

pytestmark = pytest.mark.oracle


def over_axes(draw: Draw) -> Inputs:
    x = draw.array(draw.shape(), exponent=15, spread=False)
    return [x], {"axis": draw.axes(x.ndim), "keepdims": draw.chance(0.3)}


def over_axes_or_zero(draw: Draw) -> Inputs:
    """Vectors, some of length 0."""
    (x,), settings = over_axes(draw)
    return [x * draw.choice([0, 1, 1, 1]) if np.isfinite(x).all() else x], settings


def over_axis(draw: Draw) -> Inputs:
    x = draw.array(draw.shape(1), exponent=3, spread=False)
    return [x], {"axis": draw.axis(x.ndim)}


def over_several(draw: Draw) -> Inputs:
    """Logits, and the axes of a softmax."""
    x = draw.array(draw.shape(1), exponent=3, spread=False)
    axes = draw.axes(x.ndim)
    return [x], {"axis": tuple(range(x.ndim)) if axes is None else axes}


def over_several_kept(draw: Draw) -> Inputs:
    arrays, settings = over_several(draw)
    return arrays, {**settings, "keepdims": draw.chance(0.3)}


def over_axes_with_ddof(draw: Draw) -> Inputs:
    arrays, settings = over_axes(draw)
    return arrays, {**settings, "ddof": draw.choice([1, 1, 0, 0.5])}


def factors(draw: Draw) -> Inputs:
    """Factors whose products are neither too large nor too small."""
    x = draw.array(draw.shape(high=3), exponent=0.5)
    return [x], {"axis": draw.axes(x.ndim), "keepdims": draw.chance(0.3)}


def factors_along(draw: Draw) -> Inputs:
    x = draw.array(draw.shape(1, 3), exponent=0.5)
    return [x], {"axis": draw.axis(x.ndim)}


def over_axis_kept(draw: Draw) -> Inputs:
    arrays, settings = over_axis(draw)
    return arrays, {**settings, "keepdims": draw.chance(0.3)}


def reduction(name: str, theirs: Any, **options: Any) -> Comparison:
    """Return the comparison of a function over axes; `theirs` is given torch, x, axes, keepdims."""

    def over_all(torch: Any, x: Any, axis: Any, keepdims: bool) -> Any:
        return theirs(torch, x, tuple(range(x.ndim)) if axis is None else axis, keepdims)

    draw = over_axes_or_zero if name == "norm" else over_axes
    return Comparison(name, getattr(ag, name), over_all, draw, **options)


def over_one(name: str, **options: Any) -> Comparison:
    """Return the comparison of a function over one axis, of one name."""

    def theirs(torch: Any, x: Any, axis: int, **settings: Any) -> Any:
        return getattr(torch, name)(x, axis, *settings.values())

    draw = over_axis_kept if name == "logsumexp" else over_axis
    return Comparison(name, getattr(ag, name), theirs, draw, **options)


def of_logits(x: Any, **settings: Any) -> dict[str, float]:
    """The exponent of a probability is as exact as the largest logit."""
    return {"output 0": largest(x), "gradient 0": 1 + largest(x) / 50}


def of_probabilities(x: Any, **settings: Any) -> dict[str, float]:
    return {"output 0": largest(x) / 50, "gradient 0": 1 + largest(x) / 50}


def of_terms(x: Any, **settings: Any) -> dict[str, float]:
    return {"output 0": largest(x), "gradient 0": 1.0}


def flat_last(torch: Any, x: Any, axis: Any) -> tuple[Any, Any]:
    """Return x with the axes joined to a last one, and the inverse of that."""
    axes = sorted(i % x.ndim for i in np.atleast_1d(axis))
    moved = x.movedim(axes, list(range(-len(axes), 0)))
    flat = moved.reshape(*moved.shape[: x.ndim - len(axes)], math.prod(moved.shape[-len(axes) :]))
    return flat, lambda y: y.reshape(moved.shape).movedim(list(range(-len(axes), 0)), axes)


def over_several_axes(name: str, **options: Any) -> Comparison:
    """Return the comparison of a softmax over several axes, which torch has for one."""

    def theirs(torch: Any, x: Any, axis: Any) -> Any:
        flat, back = flat_last(torch, x, axis)
        return back(getattr(torch, name)(flat, -1))

    return Comparison(f"{name} over axes", getattr(ag, name), theirs, over_several, **options)


def torch_prod(torch: Any, x: Any, axis: Any, keepdims: bool) -> Any:
    for i in sorted((i % x.ndim for i in axis), reverse=True) if x.ndim else ():
        x = x.prod(i, keepdim=keepdims)
    return x * 1


def with_ddof(name: str) -> Comparison:
    def theirs(torch: Any, x: Any, axis: Any, keepdims: bool, ddof: float) -> Any:
        axes = tuple(range(x.ndim)) if axis is None else axis
        return getattr(torch, name)(x, axes, correction=ddof, keepdim=keepdims)

    return Comparison(f"{name} with ddof", getattr(ag, name), theirs, over_axes_with_ddof)


def torch_cumprod(torch: Any, x: Any, axis: int) -> Any:
    return torch.cumprod(x, axis)


CASES = [
    reduction("sum", lambda t, x, axes, kept: t.sum(x, axes, kept), scales=of_terms),
    reduction("mean", lambda t, x, axes, kept: t.mean(x, axes, kept), scales=of_terms),
    reduction("var", lambda t, x, axes, kept: t.var(x, axes, correction=0, keepdim=kept)),
    reduction("std", lambda t, x, axes, kept: t.std(x, axes, correction=0, keepdim=kept)),
    reduction("max", lambda t, x, axes, kept: t.amax(x, axes, kept), by_element=True),
    reduction("min", lambda t, x, axes, kept: t.amin(x, axes, kept), by_element=True),
    reduction("norm", lambda t, x, axes, kept: t.linalg.vector_norm(x, 2, axes, kept)),
    with_ddof("var"),
    with_ddof("std"),
    Comparison(
        "prod",
        ag.prod,
        lambda t, x, axis, keepdims: torch_prod(
            t, x, range(x.ndim) if axis is None else np.atleast_1d(axis), keepdims
        ),
        factors,
    ),
    Comparison("cumprod", ag.cumprod, torch_cumprod, factors_along, edges=False),
    Comparison(
        "logsumexp over axes",
        ag.logsumexp,
        lambda t, x, axis, keepdims: t.logsumexp(x, axis, keepdims),
        over_several_kept,
        scales=of_logits,
    ),
    over_several_axes("softmax", scales=of_probabilities),
    over_several_axes("log_softmax", scales=of_logits),
    over_one("cumsum", scales=of_terms),
    over_one("logsumexp", scales=of_logits),
    over_one("softmax", scales=of_probabilities),
    over_one("log_softmax", scales=of_logits),
]


@pytest.mark.parametrize("comparison", CASES, ids=str)
def test_torch_agrees(comparison: Comparison) -> None:
    hold(comparison)
