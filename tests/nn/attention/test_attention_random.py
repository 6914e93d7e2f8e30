"""Attention with masks, biases and positions beside torch on random configurations."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from random_arrays import Draw
from torch_comparison import Comparison, Inputs, hold, largest

from pmt_nn import (
    RaggedLayout,
    attention,
    attention_weights,
    biased_attention,
    from_ragged,
    packed_attention,
    ragged_attention,
    relative_attention,
    rotate,
    to_ragged,
)

pytestmark = pytest.mark.oracle
SIZES = {"large": 100.0, "small": 1e-6}


def sizes(draw: Draw) -> tuple[int, int, int, int, int]:
    """Return b, t, s, h and k."""
    heads, width = draw.choice([1, 2, 3]), draw.choice([1, 2, 4])
    return draw.length(), draw.length(1), draw.length(1), heads, width


def a_mask(draw: Draw, b: int, t: int, s: int, heads: int) -> Any:
    """Return None or a mask of any shape; some queries have no key."""
    shape = draw.choice([None, (b, s), (b, t, s), (1, t, s), (b, heads, t, s), (b, 1, 1, s)])
    if shape is None:
        return None
    return draw.rng.random(shape) < draw.choice([0.5, 0.9])


def separate(draw: Draw) -> Inputs:
    b, t, s, heads, width = sizes(draw)
    arrays = [draw.normal(b, n, heads * width, **SIZES) for n in (t, s, s)]
    return arrays, {"heads": heads, "mask": a_mask(draw, b, t, s, heads)}


def biased(draw: Draw) -> Inputs:
    b, t, s, heads, width = sizes(draw)
    arrays = [draw.normal(b, n, heads * width, **SIZES) for n in (t, s, s)]
    shape = draw.choice([(heads, t, s), (t, s), (b, heads, t, s), (b, 1, 1, s), (heads, 1, 1)])
    settings = {"heads": heads, "mask": a_mask(draw, b, t, s, heads)}
    return [*arrays, draw.normal(*shape, **SIZES)], settings


def packed(draw: Draw) -> Inputs:
    b, t, _, heads, width = sizes(draw)
    settings = {"heads": heads, "mask": a_mask(draw, b, t, t, heads)}
    return [draw.normal(b, t, 3 * heads * width, **SIZES)], settings


def torch_attention(
    torch: Any,
    q: Any,
    k: Any,
    v: Any,
    bias: Any = None,
    *,
    heads: int,
    mask: Any,
    scale: Any = None,
) -> Any:
    """Return torch's attention of several heads, with the mask as a part of the bias."""

    def split(x: Any) -> Any:
        return x.reshape(*x.shape[:2], heads, x.shape[2] // heads).transpose(1, 2)

    shape = len(q), heads, q.shape[1], k.shape[1]
    allowed = allowed_keys(torch, mask, shape)
    added = torch.where(allowed, 0.0 if bias is None else bias.expand(shape), -torch.inf)
    y = torch.nn.functional.scaled_dot_product_attention(
        split(q), split(k), split(v), added.to(q.dtype), scale=scale
    )
    return y.transpose(1, 2).reshape(q.shape)


def allowed_keys(torch: Any, mask: Any, shape: tuple[int, ...]) -> Any:
    """Return the mask for torch, (b, h, t, s)."""
    if mask is None:
        return torch.ones(shape, dtype=torch.bool)
    full = mask if mask.ndim == 4 else mask[:, None] if mask.ndim == 3 else mask[:, None, None]
    return torch.from_numpy(np.broadcast_to(full, shape).copy())


def torch_packed(torch: Any, qkv: Any, **settings: Any) -> Any:
    return torch_attention(torch, *qkv.chunk(3, -1), **settings)


def unpadded(draw: Draw) -> Inputs:
    b, t, _, heads, width = sizes(draw)
    mask = draw.rng.random((b, t)) < 0.7
    return [draw.normal(int(mask.sum()), 3 * heads * width, **SIZES)], {
        "heads": heads,
        "mask": mask,
    }


def our_ragged(qkv: Any, heads: int, mask: Any) -> Any:
    """Sort the tokens as the layout does, and back."""
    layout = RaggedLayout.of(mask)
    tokens = (np.cumsum(mask) - 1)[layout.index]  # the number of each row's token, in reading order
    y = ragged_attention(qkv[tokens], heads=heads, layout=layout)
    return y[np.argsort(tokens)]


def torch_ragged(torch: Any, qkv: Any, heads: int, mask: Any) -> Any:
    outputs, start = [], 0
    for length in mask.sum(axis=1).tolist():
        part = qkv[start : start + length].unsqueeze(0)
        if length:
            outputs.append(torch_packed(torch, part, heads=heads, mask=None)[0])
        start += length
    return torch.cat(outputs) if outputs else qkv[:, : qkv.shape[1] // 3]


def padded(draw: Draw) -> Inputs:
    x = draw.array((draw.length(), draw.length(), draw.length(1)))
    return [x], {"mask": draw.rng.random(x.shape[:2]) < 0.7}


def there_and_back(x: Any, mask: Any) -> Any:
    layout = RaggedLayout.of(mask)
    rows = to_ragged(x, layout=layout)
    return rows, from_ragged(rows, layout=layout)


def torch_there_and_back(torch: Any, x: Any, mask: Any) -> Any:
    rows = x.reshape(mask.size, x.shape[2])[torch.from_numpy(RaggedLayout.of(mask).index)]
    return rows, torch.where(torch.from_numpy(mask)[..., None], x, 0.0)


def of_weights(draw: Draw) -> Inputs:
    arrays, settings = separate(draw)
    return arrays[:2], settings


def our_weights(q: Any, k: Any, **settings: Any) -> Any:
    return attention_weights(q.data, k.data, **settings)


def torch_weights(torch: Any, q: Any, k: Any, heads: int, mask: Any) -> Any:
    """Return the weights as the attention to values of which each is a unit vector."""
    b, s = k.shape[:2]
    units = torch.eye(s, dtype=q.dtype).expand(b, heads, s, s)
    width = q.shape[2] // heads
    parts = [x.reshape(b, x.shape[1], heads, width).transpose(1, 2) for x in (q, k)]
    return torch.nn.functional.scaled_dot_product_attention(
        *parts, units, allowed_keys(torch, mask, (b, heads, q.shape[1], s))
    ).detach()


def turned(draw: Draw) -> Inputs:
    heads, half = draw.choice([1, 2, 3]), draw.choice([1, 2, 4])
    settings = {"heads": heads, "offset": draw.integer(0, 50), "base": draw.choice([1e4, 100.0])}
    return [draw.array((draw.length(), draw.length(), heads * 2 * half), spread=False)], settings


def torch_rotate(torch: Any, x: Any, heads: int, offset: int, base: float) -> Any:
    """Rotate as products of complex numbers."""
    b, t, d = x.shape
    half = d // heads // 2
    rates = base ** (-torch.arange(half, dtype=torch.float64) / half)
    angles = torch.arange(offset, offset + t, dtype=torch.float64)[:, None] * rates
    factors = torch.polar(torch.ones_like(angles), angles)[:, None]
    pairs = torch.view_as_complex(x.reshape(b, t, heads, half, 2))
    return torch.view_as_real(pairs * factors.to(pairs.dtype)).reshape(x.shape)


def relative(draw: Draw) -> Inputs:
    b, t, _, heads, half = sizes(draw)
    shapes = (b, t, 6 * heads * half), (heads, 2 * half), (heads, 2 * half)
    arrays = [draw.normal(*shape, **SIZES) for shape in shapes]
    return [x / 2 for x in arrays], {"mask": a_mask(draw, b, t, t, heads)}


def torch_relative(torch: Any, qkv: Any, u: Any, v: Any, mask: Any) -> Any:
    """Return attention of which the scores of positions are the bias."""
    (heads, width), t = u.shape, qkv.shape[1]
    q, keys, values = qkv.chunk(3, -1)
    offsets = torch.arange(t)[None] - torch.arange(t)[:, None]
    rates = 10000.0 ** (-torch.arange(0, width, 2, dtype=torch.float64) / width)
    angles = offsets[..., None] * rates
    table = torch.stack([angles.sin(), angles.cos()], -1).reshape(t, t, width).to(q.dtype)
    asked = q.reshape(len(q), t, heads, width) + v
    bias = torch.einsum("bthk,tsk->bhts", asked, table)
    content = (q.reshape(len(q), t, heads, width) + u).reshape(q.shape)
    return torch_attention(torch, content, keys, values, bias, heads=heads, mask=mask, scale=1.0)


def of_scores(*arrays: Any, **settings: Any) -> dict[str, float]:
    """A weight is as exact as the largest score."""
    size = max([1.0, *(largest(x) for x in arrays)])
    noise = size**2
    return {"output 0": size * noise, **{f"gradient {i}": size**2 * noise for i in range(4)}}


MASKED: dict[str, Any] = {"scales": of_scores, "edges": False}
CASES = [
    Comparison("attention", attention, torch_attention, separate, **MASKED),
    Comparison("biased_attention", biased_attention, torch_attention, biased, **MASKED),
    Comparison("packed_attention", packed_attention, torch_packed, packed, **MASKED),
    Comparison("ragged_attention", our_ragged, torch_ragged, unpadded, **MASKED),
    Comparison("attention_weights", our_weights, torch_weights, of_weights, **MASKED),
    Comparison("to_ragged, from_ragged", there_and_back, torch_there_and_back, padded),
    Comparison("rotate", rotate, torch_rotate, turned),
    Comparison("relative_attention", relative_attention, torch_relative, relative, **MASKED),
]


@pytest.mark.parametrize("comparison", CASES, ids=str)
def test_torch_agrees(comparison: Comparison) -> None:
    hold(comparison)
