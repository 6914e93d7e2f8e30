"""Layers that normalize, multiply or bend beside torch on random configurations (`-m oracle`)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from random_arrays import Draw
from torch_comparison import Comparison, Inputs, hold, largest

from pmt_nn import (
    BatchNorm1d,
    BatchNorm2d,
    DropoutMask,
    Embedding,
    GlobalAvgPool,
    GlobalMaxPool,
    batch_norm,
    gelu,
    gelu_exact,
    group_norm,
    layer_norm,
    linear,
    masked_mean,
    rms_norm,
    tied_linear,
)
from pmt_nn.layers.dropout import add_dropped, apply_mask

pytestmark = pytest.mark.oracle


def bent(draw: Draw) -> Inputs:
    return [draw.array(draw.shape())], {}


def torch_gelu(kind: str) -> Any:
    return lambda torch, x: torch.nn.functional.gelu(x, approximate=kind)


def of_slopes(x: Any) -> dict[str, float]:
    """Far out on the left the value is a product with a difference from 1."""
    return {"output 0": min(largest(x), 10.0), "gradient 0": 1.0}


def dense(draw: Draw) -> Inputs:
    n, m = draw.length(), draw.length()
    arrays = [draw.scaled(*draw.shape(0, 3), n), draw.scaled(n, m)]
    return arrays + [draw.scaled(m)] * draw.chance(0.7), {}


def our_linear(x: Any, weight: Any, bias: Any = None) -> Any:
    return linear(x, weight, bias)


def torch_linear(torch: Any, x: Any, weight: Any, bias: Any = None) -> Any:
    return torch.nn.functional.linear(x, weight.T, bias)


def of_dense(x: Any, weight: Any, bias: Any = None) -> dict[str, float]:
    """The terms of a sum may cancel."""
    a, b = largest(x), largest(weight)
    return {"output 0": a * b, "gradient 0": b, "gradient 1": a, "gradient 2": 1.0}


def our_tied(x: Any, weight: Any, bias: Any = None) -> Any:
    return tied_linear(x, weight.T, bias)


def rows(draw: Draw, bias: bool = True) -> Inputs:
    d = draw.length(0 if draw.chance(0.1) else 1)
    shift = draw.choice([0.0, 0.0, 50.0])
    x = draw.scaled(*draw.shape(0, 3), d) + draw.dtype.type(shift)
    weights = [draw.normal(d) for _ in range(1 + (bias and draw.chance(0.7)))]
    return [x, *weights], {"eps": draw.choice([1e-5, 1e-3, 1e-12])}


def our_layer_norm(x: Any, weight: Any, bias: Any = None, *, eps: float) -> Any:
    return layer_norm(x, weight, bias, eps=eps)


def torch_layer_norm(torch: Any, x: Any, weight: Any, bias: Any = None, *, eps: float) -> Any:
    return torch.nn.functional.layer_norm(x, x.shape[-1:], weight, bias, eps)


def grouped(draw: Draw) -> Inputs:
    groups, each = draw.integer(1, 3), draw.integer(1, 3)
    c = groups * each
    x = draw.scaled(draw.length(), c, *draw.shape(0, 2))
    return [x, draw.normal(c), draw.normal(c)], {"groups": groups, "eps": draw.choice([1e-5, 1e-3])}


def torch_group_norm(torch: Any, x: Any, weight: Any, bias: Any, groups: int, eps: float) -> Any:
    if x.numel() == 0:  # torch refuses some empty arrays and not others
        return x * 1.0 + 0 * (weight.sum() + bias.sum())
    size = x.shape[0], x.shape[1], x[0, 0].numel(), groups, eps
    return torch.native_group_norm(x.contiguous(), weight, bias, *size)[0]


def channels(draw: Draw) -> Inputs:
    c = draw.integer(1, 4)
    x = draw.scaled(draw.length(1), c, *draw.shape(0, 2, 1))
    if x.ndim == 4 and draw.chance(0.5):
        x = np.ascontiguousarray(x.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    return [x, draw.normal(c), draw.normal(c)], {"eps": draw.choice([1e-5, 1e-3])}


def torch_batch_norm(torch: Any, x: Any, weight: Any, bias: Any, eps: float) -> Any:
    return torch.native_batch_norm(x, weight, bias, None, None, True, 0.1, eps)[0]


def trained(draw: Draw) -> Inputs:
    """Some batches, then one in training or in evaluation."""
    c, rank = draw.integer(1, 3), draw.choice([2, 3, 4])
    batches = [
        draw.normal(draw.integer(2, 4), c, *[draw.integer(1, 3)] * (rank - 2)) for _ in range(3)
    ]
    settings = {"momentum": draw.choice([0.1, 0.9]), "eps": 1e-5, "training": draw.chance(0.5)}
    return [*batches, draw.normal(c), draw.normal(c)], settings


def our_trained(*arrays: Any, momentum: float, eps: float, training: bool) -> Any:
    *batches, weight, bias = arrays
    kind = BatchNorm2d if batches[0].ndim == 4 else BatchNorm1d
    layer = kind(len(weight), momentum=momentum, eps=eps, dtype=weight.dtype)
    layer.weight.data[...], layer.bias.data[...] = weight.data, bias.data
    for batch in batches[:-1]:
        layer(batch)
    y = layer.train(training)(batches[-1])
    return y, layer.running_mean.data, layer.running_variance.data


def torch_trained(torch: Any, *arrays: Any, momentum: float, eps: float, training: bool) -> Any:
    *batches, weight, bias = arrays
    mean, variance = torch.zeros_like(weight.detach()), torch.ones_like(weight.detach())
    for i, batch in enumerate(batches):
        flag = training or i < 2
        y = torch.nn.functional.batch_norm(
            batch, mean, variance, weight.detach(), bias.detach(), flag, momentum, eps
        )
    return y, mean, variance


def looked_up(draw: Draw) -> Inputs:
    table = draw.normal(draw.integer(1, 5), draw.length())
    ids = draw.rng.integers(0, len(table), draw.shape(0, 3))
    settings = {"padding": draw.choice([None, 0, len(table) - 1]), "sparse": draw.chance(0.5)}
    if settings["padding"] is not None:
        table[settings["padding"]] = 0
    return [table, ids], settings


def our_embedding(table: Any, ids: Any, padding: Any, sparse: bool) -> Any:
    layer = Embedding.from_vectors(table.data, sparse=sparse, padding=padding, dtype=table.dtype)
    layer.weight = table
    return layer(ids)


def torch_embedding(torch: Any, table: Any, ids: Any, padding: Any, sparse: bool) -> Any:
    return torch.nn.functional.embedding(ids, table, padding_idx=padding)


def positions(draw: Draw) -> Inputs:
    x = draw.scaled(draw.length(), draw.length(), draw.length())
    return [x, draw.rng.random(x.shape[:2]) < 0.6], {}


def torch_masked_mean(torch: Any, x: Any, mask: Any) -> Any:
    total = torch.where(mask[..., None], x, 0).sum(1)
    return total / mask.sum(1, keepdim=True).clamp(min=1).to(x.dtype)


def dropped(draw: Draw, count: int) -> Inputs:
    """A part of the elements: which ones is given, as random streams differ."""
    shape = draw.shape()
    keep = np.asarray(draw.rng.random(shape) < 0.5)
    return [draw.array(shape) for _ in range(count)], {"dropout_mask": DropoutMask(keep, 2.0)}


def torch_dropped(torch: Any, *arrays: Any, dropout_mask: DropoutMask) -> Any:
    *others, x = arrays
    return sum(others, torch.where(torch.from_numpy(dropout_mask.keep), x * 2, 0.0))


def images(draw: Draw) -> Inputs:
    return [draw.scaled(draw.length(), draw.length(), *draw.shape(1, 2, 1))], {}


def cancellation(rows: Any, weight: Any, eps: float, *, centered: bool = True) -> dict[str, float]:
    """Return the size of the terms that cancel where each row is normalized."""
    wide = np.where(np.isfinite(rows), rows, 0).astype(np.float64)
    center = wide.mean(axis=-1, keepdims=True) if centered and wide.size else 0.0
    power = np.square(wide - center).mean(axis=-1, keepdims=True) if wide.size else wide + 0.0
    inverse = float((1 / np.sqrt(power + eps)).max(initial=0))
    noise = max(1.0, float(np.abs(wide).max(initial=0)) * inverse)
    size = float(np.abs(weight).max(initial=0))
    sizes = {"output 0": size * noise, "gradient 0": size * inverse * noise**2}
    return {**sizes, "gradient 1": noise, "gradient 2": 1.0}


def of_rows(x: Any, weight: Any, bias: Any = None, *, eps: float) -> dict[str, float]:
    return cancellation(x, weight, eps)


def of_squares(x: Any, weight: Any, *, eps: float) -> dict[str, float]:
    return cancellation(x, weight, eps, centered=False)


def of_groups(x: Any, weight: Any, bias: Any, *, groups: int, eps: float) -> dict[str, float]:
    size = x[:1].size // groups
    return cancellation(x.reshape(len(x), groups, size), weight, eps)


def of_channels(x: Any, weight: Any, bias: Any, *, eps: float, **settings: Any) -> dict[str, float]:
    return cancellation(x.swapaxes(0, 1).reshape(x.shape[1], -1), weight, eps)


def of_last_batch(*arrays: Any, eps: float, **settings: Any) -> dict[str, float]:
    *_, x, weight, bias = arrays
    by_x = of_channels(x, weight, bias, eps=eps)["gradient 0"]
    return {"gradient 2": by_x, "output 1": 1.0, "output 2": 1.0}


CASES = [
    Comparison("gelu", gelu, torch_gelu("tanh"), bent, scales=of_slopes),
    Comparison("gelu_exact", gelu_exact, torch_gelu("none"), bent, scales=of_slopes),
    Comparison("linear", our_linear, torch_linear, dense, scales=of_dense),
    Comparison("tied_linear", our_tied, torch_linear, dense, scales=of_dense),
    Comparison("layer_norm", our_layer_norm, torch_layer_norm, rows, scales=of_rows, edges=False),
    Comparison(
        "rms_norm",
        rms_norm,
        lambda t, x, w, eps: t.nn.functional.rms_norm(x, x.shape[-1:], w, eps),
        lambda d: rows(d, bias=False),
        scales=of_squares,
        edges=False,
    ),
    Comparison("group_norm", group_norm, torch_group_norm, grouped, scales=of_groups, edges=False),
    Comparison(
        "batch_norm", batch_norm, torch_batch_norm, channels, scales=of_channels, edges=False
    ),
    Comparison("BatchNorm", our_trained, torch_trained, trained, scales=of_last_batch, edges=False),
    Comparison("Embedding", our_embedding, torch_embedding, looked_up),
    Comparison("apply_mask", apply_mask, torch_dropped, lambda d: dropped(d, 1)),
    Comparison("add_dropped", add_dropped, torch_dropped, lambda d: dropped(d, 2)),
    Comparison("masked_mean", masked_mean, torch_masked_mean, positions),
    Comparison(
        "GlobalMaxPool", GlobalMaxPool(), lambda t, x: x.amax(tuple(range(2, x.ndim))), images
    ),
    Comparison(
        "GlobalAvgPool", GlobalAvgPool(), lambda t, x: x.mean(tuple(range(2, x.ndim))), images
    ),
]


@pytest.mark.parametrize("comparison", CASES, ids=str)
def test_torch_agrees(comparison: Comparison) -> None:
    hold(comparison)
