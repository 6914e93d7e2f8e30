"""Convolution of volumes and interpolation beside torch on random configurations (`-m oracle`)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from random_arrays import Draw
from torch_comparison import Comparison, Inputs, hold

from pmt_nn import (
    AdaptiveAvgPool3d,
    AdaptiveMaxPool3d,
    AvgPool3d,
    Conv3d,
    MaxPool3d,
    Padding,
    conv3d,
    interpolate,
)

pytestmark = pytest.mark.oracle
MODES = ("linear", "bilinear", "trilinear")


def three(draw: Draw, low: int, high: int) -> tuple[int, int, int]:
    return draw.integer(low, high), draw.integer(low, high), draw.integer(low, high)


def volumes(draw: Draw) -> Inputs:
    """Inputs, kernel and bias; the kernel may exceed the padded input."""
    groups, kernel = draw.choice([1, 2]), three(draw, 1, 3)
    settings = {"stride": three(draw, 1, 2), "padding": three(draw, 0, 1)}
    settings |= {"dilation": three(draw, 1, 2), "groups": groups}
    x = draw.normal(draw.integer(0, 2), 2 * groups, *three(draw, 3, 5))
    arrays = [x, draw.normal(2 * groups, 2, *kernel)]
    return arrays + [draw.normal(2 * groups)] * draw.chance(0.5), settings


def our_volumes(x: Any, kernel: Any, bias: Any = None, **settings: Any) -> Any:
    return conv3d(x, kernel, bias, **settings)


def torch_volumes(torch: Any, x: Any, kernel: Any, bias: Any = None, **settings: Any) -> Any:
    return torch.nn.functional.conv3d(x, kernel, bias, **settings)


def bordered(draw: Draw) -> Inputs:
    settings = {"padding_mode": draw.choice(["zeros", "reflect", "replicate", "circular"])}
    x = draw.normal(2, 2, *three(draw, 3, 4))
    return [x, draw.normal(2, 2, 2, 2, 2)], {**settings, "padding": three(draw, 0, 2)}


def our_borders(x: Any, kernel: Any, padding: Any, padding_mode: str) -> Any:
    border = Padding(padding, padding_mode)
    layer = Conv3d(2, 2, 2, np.random.default_rng(0), padding=border, bias=False, dtype=x.dtype)
    layer.weight = kernel
    return layer(x)


def torch_borders(torch: Any, x: Any, kernel: Any, **settings: Any) -> Any:
    layer = torch.nn.Conv3d(2, 2, 2, bias=False, dtype=x.dtype, **settings)
    return torch.func.functional_call(layer, {"weight": kernel}, (x,))


def pooled(draw: Draw) -> Inputs:
    """Volumes without nan, of which pmt and torch choose others."""
    kernel = three(draw, 1, 3)
    settings: dict[str, Any] = {
        "kernel": kernel,
        "stride": draw.choice([kernel, three(draw, 1, 3)]),
    }
    settings |= {"padding": tuple(draw.integer(0, k // 2) for k in kernel)}
    settings |= {"ceil_mode": draw.chance(0.5), "count_include_pad": draw.chance(0.5)}
    return [draw.normal(draw.integer(1, 2), 2, *three(draw, 3, 6))], settings


def our_pools(x: Any, count_include_pad: bool, **settings: Any) -> Any:
    largest = MaxPool3d(**settings)(x)
    return largest, AvgPool3d(**settings, count_include_pad=count_include_pad)(x)


def torch_pools(torch: Any, x: Any, kernel: Any, count_include_pad: bool, **settings: Any) -> Any:
    largest = torch.nn.functional.max_pool3d(x, kernel, **settings)
    counting = {**settings, "count_include_pad": count_include_pad}
    return largest, torch.nn.functional.avg_pool3d(x, kernel, **counting)


def sized(draw: Draw) -> Inputs:
    return [draw.normal(draw.integer(1, 2), 2, *three(draw, 1, 6))], {"size": three(draw, 1, 4)}


def our_sizes(x: Any, size: Any) -> Any:
    return AdaptiveAvgPool3d(size)(x), AdaptiveMaxPool3d(size)(x)


def torch_sizes(torch: Any, x: Any, size: Any) -> Any:
    functions = torch.nn.functional
    return functions.adaptive_avg_pool3d(x, size), functions.adaptive_max_pool3d(x, size)


def of_means(x: Any, **settings: Any) -> dict[str, float]:
    return {"output 0": 1.0, "output 1": 1.0, "gradient 0": 3.0}


def resized(draw: Draw) -> Inputs:
    rank = draw.integer(1, 3)
    lengths = [draw.integer(1, 5) for _ in range(rank)]
    linear = draw.chance(0.6)
    settings: dict[str, Any] = {"mode": MODES[rank - 1] if linear else "nearest"}
    settings["align_corners"] = linear and draw.chance(0.5)
    if draw.chance(0.5):
        settings["size"] = tuple(draw.integer(1, 8) for _ in range(rank))
    else:
        settings["scale_factor"] = tuple(float(draw.choice([1, 1.5, 2, 3])) for _ in range(rank))
    return [draw.normal(draw.integer(1, 2), 2, *lengths, large=1e3)], settings


def torch_resized(torch: Any, x: Any, align_corners: bool, mode: str, **settings: Any) -> Any:
    flag = None if mode == "nearest" else align_corners
    return torch.nn.functional.interpolate(x, mode=mode, align_corners=flag, **settings)


def of_products(x: Any, kernel: Any, *bias: Any, **settings: Any) -> dict[str, float]:
    return {"output 0": 10.0, "gradient 0": 10.0, "gradient 1": 30.0, "gradient 2": 5.0}


def of_neighbors(x: Any, **settings: Any) -> dict[str, float]:
    """Torch computes positions in float32."""
    return {"output 0": 10.0 * float(np.abs(x).max(initial=0)), "gradient 0": 10.0}


PRODUCTS: dict[str, Any] = {"scales": of_products, "edges": False}
CASES = [
    Comparison("conv3d", our_volumes, torch_volumes, volumes, **PRODUCTS),
    Comparison("pools of volumes", our_pools, torch_pools, pooled, scales=of_means, edges=False),
    Comparison("sizes of volumes", our_sizes, torch_sizes, sized, scales=of_means, edges=False),
    Comparison("Conv3d, borders", our_borders, torch_borders, bordered, **PRODUCTS),
    Comparison(
        "interpolate", interpolate, torch_resized, resized, scales=of_neighbors, edges=False
    ),
]


@pytest.mark.parametrize("comparison", CASES, ids=str)
def test_torch_agrees(comparison: Comparison) -> None:
    hold(comparison)
