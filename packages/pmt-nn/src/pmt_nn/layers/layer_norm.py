"""Layer normalization (Ba, Kiros & Hinton 2016)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from pmt_autograd import (
    Array,
    Gradients,
    NeedsGrad,
    Result,
    Sample,
    Tensor,
    composed_form,
    primitive,
    samples,
    sqrt,
)
from pmt_nn.layers.cache_blocks import cache_blocks
from pmt_nn.layers.linear import sum_rows
from pmt_nn.module.module import Module
from pmt_nn.module.parameter import Parameter


@primitive
def layer_norm(
    x: Array,
    weight: Array,
    bias: Array | None,
    *,
    eps: float = 1e-5,
    needs_grad: NeedsGrad = (True, True, True),
) -> Result:
    """Normalize the last axis to mean 0 and variance 1, then scale and shift by element.

    x: (..., d), weight: (d,), bias: (d,) or None. With n = (x - mean) / s, s = sqrt(var + eps) and
    h = dy weight: dx = (h - mean(h) - n mean(h n)) / s; means are over the last axis.
    """
    d = x.shape[-1]
    rows = x.reshape(-1, d)
    averaging = _averaging(d, x.dtype)
    normed = rows - (rows @ averaging)[:, np.newaxis]
    squares = normed * normed
    inverse = squares @ averaging  # the variance
    inverse += x.dtype.type(eps)
    np.reciprocal(np.sqrt(inverse, out=inverse), out=inverse)
    inverse = inverse[:, np.newaxis]
    normed *= inverse
    y = squares if any(needs_grad) else normed  # the backward pass needs what is normed
    np.multiply(normed, weight, out=y)
    if bias is not None:
        y += bias

    def backward(grad: Array) -> Gradients:
        grad = grad.reshape(-1, d)
        by_x = np.empty(rows.shape, x.dtype)
        by_weight = np.zeros(d, x.dtype)
        by_bias = None if bias is None else np.zeros(d, x.dtype)
        weighting = averaging * weight
        for block in cache_blocks(len(rows), d):
            out = by_x[block]
            product = grad[block] * normed[block]
            by_weight += sum_rows(product)
            if by_bias is not None:
                by_bias += sum_rows(grad[block])
            # mean(h) and mean(h n), with the weight taken to the other side of the product
            mean_h, mean_hn = grad[block] @ weighting, product @ weighting
            np.multiply(normed[block], mean_hn[:, np.newaxis], out=product)
            product += mean_h[:, np.newaxis]
            np.multiply(grad[block], weight, out=out)
            out -= product
            out *= inverse[block]
        return by_x.reshape(x.shape), by_weight, by_bias

    return y.reshape(x.shape), backward


@composed_form(layer_norm)
def layer_norm_composed(x: Tensor, weight: Tensor, bias: Tensor, *, eps: float = 1e-5) -> Tensor:
    """(x - mean) / sqrt(var + eps) * weight + bias over the last axis, in plain operations."""
    centered = x - x.mean(axis=-1, keepdims=True)
    return centered / sqrt(x.var(axis=-1, keepdims=True) + eps) * weight + bias


@lru_cache(maxsize=64)
def _averaging(d: int, dtype: np.dtype[Any]) -> Array:
    """(d,): a product with it is the mean of each row."""
    shares = np.full(d, 1 / d, dtype)
    shares.flags.writeable = False
    return shares


class LayerNorm(Module):
    """Layer normalization of the last axis, of length d; weight starts at 1, bias, if any, at 0."""

    def __init__(
        self, d: int, *, eps: float = 1e-5, bias: bool = True, dtype: DTypeLike = np.float32
    ) -> None:
        self.weight = Parameter(np.ones(d, dtype))
        self.bias = Parameter(np.zeros(d, dtype)) if bias else None
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        """x: (..., d), the same shape comes back."""
        return layer_norm(x, self.weight, self.bias, eps=self.eps)


@samples(layer_norm)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    weight, bias = rng.normal(size=4), rng.normal(size=4)
    yield Sample((rng.normal(size=(3, 4)), weight, bias))
    yield Sample((rng.normal(size=(2, 3, 4)), weight, bias), note="sequences")
    yield Sample((rng.normal(size=4), weight, bias), note="one vector")
    yield Sample((rng.normal(size=(0, 4)), weight, bias), note="empty")
    yield Sample((rng.normal(size=(40_000, 4)), weight, bias), note="several blocks")
    yield Sample((rng.normal(size=(2, 4)) + 100, weight, bias), note="far from zero")
    yield Sample(
        (rng.normal(size=(2, 4)) * 1e-3, weight, bias), {"eps": 1e-5}, note="eps as large as var"
    )
