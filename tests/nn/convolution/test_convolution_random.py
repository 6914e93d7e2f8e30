"""Convolution and pooling beside torch on random configurations (`-m oracle`)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from random_arrays import Draw
from torch_comparison import Comparison, Inputs, hold, largest

from pmt_nn import (
    AvgPool1d,
    MaxPool1d,
    adaptive_avg_pool2d,
    adaptive_max_pool2d,
    avg_pool2d,
    conv1d,
    conv2d,
    conv_transpose2d,
    max_pool2d,
)

pytestmark = pytest.mark.oracle


def image(draw: Draw, c: int, *least: int) -> Any:
    """Return images (b, c, h, w), some of them with the channels last in memory."""
    x = draw.scaled(draw.choice([0, 1, 2]), c, *(n + draw.integer(0, 4) for n in least))
    if len(least) == 2 and draw.chance(0.3):
        x = np.ascontiguousarray(x.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    return x


def pair(draw: Draw, low: int, high: int) -> tuple[int, int]:
    return draw.integer(low, high), draw.integer(low, high)


def filters(draw: Draw, rank: int) -> Inputs:
    """Inputs, kernel and bias of a convolution; the kernel may exceed the padded image."""
    groups, per_group, out = draw.choice([1, 1, 2, 3]), draw.integer(1, 2), draw.integer(1, 2)
    kernel = tuple(draw.integer(1, 3) for _ in range(rank))
    steps = {"stride": pair(draw, 1, 3), "padding": pair(draw, 0, 2), "dilation": pair(draw, 1, 2)}
    x = image(draw, groups * per_group, *(max(k - 1, 1) for k in kernel))
    arrays = [x, draw.normal(groups * out, per_group, *kernel), draw.normal(groups * out)]
    if rank == 1:
        return arrays, {**{name: value[0] for name, value in steps.items()}, "groups": groups}
    if draw.chance(0.3):
        steps["stride"] = (steps["stride"][0],) * 2
    return arrays, {**steps, "groups": groups}


def spread_out(draw: Draw) -> Inputs:
    (x, kernel, bias), settings = filters(draw, 2)
    groups = settings["groups"]
    x = draw.normal(*x.shape)  # of an infinite image, torch multiplies the cut border or not
    kernel = draw.normal(x.shape[1], len(kernel) // groups, *kernel.shape[2:])
    settings["output_padding"] = tuple(draw.integer(0, s - 1) for s in settings["stride"])
    return [x, kernel, bias], settings


def torch_transpose(torch: Any, x: Any, kernel: Any, bias: Any, **settings: Any) -> Any:
    y = torch.nn.functional.conv_transpose2d(x, kernel, bias, **settings)
    if 0 in y.shape[2:]:  # torch refuses it, but not for an empty batch
        raise ValueError("an image of no pixels")
    return y


def patches(draw: Draw) -> Inputs:
    kernel, stride = pair(draw, 1, 3), draw.choice([None, pair(draw, 1, 3)])
    padding = tuple(draw.integer(0, k // 2) for k in kernel)
    x = image(draw, draw.integer(1, 3), *kernel)
    ceil = draw.chance(0.5)
    return [x], {"kernel": kernel, "stride": stride, "padding": padding, "ceil_mode": ceil}


def counted(draw: Draw) -> Inputs:
    arrays, settings = patches(draw)
    return arrays, {**settings, "count_include_pad": draw.chance(0.5)}


def steps_of(draw: Draw) -> Inputs:
    kernel = draw.integer(1, 3)
    settings = {"kernel": kernel, "stride": draw.choice([None, 1, 2, 3])}
    x = draw.scaled(draw.choice([1, 2]), draw.integer(1, 3), kernel + draw.integer(0, 4))
    settings["ceil_mode"] = draw.chance(0.5)
    return [x], {**settings, "padding": draw.integer(0, kernel // 2)}


def sized(draw: Draw) -> Inputs:
    """Images of at least one pixel, and a size that mostly does not divide theirs."""
    x = image(draw, draw.integer(1, 2), 1, 1)
    return [x], {"size": pair(draw, 1, 5)}


def by_bias(*arrays: Any, **settings: Any) -> dict[str, float]:
    return {"gradient 2": 2.0}


SUMS: dict[str, Any] = {"scales": by_bias, "edges": False}
CASES = [
    Comparison(
        "conv2d",
        conv2d,
        lambda t, x, k, b, **s: t.nn.functional.conv2d(x, k, b, **s),
        lambda d: filters(d, 2),
        **SUMS,
    ),
    Comparison(
        "conv1d",
        conv1d,
        lambda t, x, k, b, **s: t.nn.functional.conv1d(x, k, b, **s),
        lambda d: filters(d, 1),
        **SUMS,
    ),
    Comparison("conv_transpose2d", conv_transpose2d, torch_transpose, spread_out, **SUMS),
    Comparison(
        "max_pool2d",
        max_pool2d,
        lambda t, x, kernel, stride, padding, ceil_mode: t.nn.functional.max_pool2d(
            x, kernel, stride, padding, ceil_mode=ceil_mode
        ),
        patches,
    ),
    Comparison(
        "avg_pool2d",
        avg_pool2d,
        lambda t, x, kernel, stride, padding, ceil_mode, count_include_pad: (
            t.nn.functional.avg_pool2d(x, kernel, stride, padding, ceil_mode, count_include_pad)
        ),
        counted,
    ),
    Comparison(
        "MaxPool1d",
        lambda x, **s: MaxPool1d(**s)(x),
        lambda t, x, kernel, stride, padding, ceil_mode: t.nn.functional.max_pool1d(
            x, kernel, stride, padding, ceil_mode=ceil_mode
        ),
        steps_of,
    ),
    Comparison(
        "AvgPool1d",
        lambda x, **s: AvgPool1d(**s)(x),
        lambda t, x, kernel, stride, padding, ceil_mode: t.nn.functional.avg_pool1d(
            x, kernel, stride, padding, ceil_mode=ceil_mode
        ),
        steps_of,
    ),
    Comparison(
        "adaptive_avg_pool2d",
        adaptive_avg_pool2d,
        lambda t, x, size: t.nn.functional.adaptive_avg_pool2d(x, size),
        sized,
        scales=lambda x, size: {"output 0": largest(x), "gradient 0": 1.0},
    ),
    Comparison(
        "adaptive_max_pool2d",
        adaptive_max_pool2d,
        lambda t, x, size: t.nn.functional.adaptive_max_pool2d(x, size),
        sized,
    ),
]


@pytest.mark.parametrize("comparison", CASES, ids=str)
def test_torch_agrees(comparison: Comparison) -> None:
    hold(comparison)
