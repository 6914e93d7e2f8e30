"""Layer normalisation (Ba, Kiros & Hinton 2016)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from pmt_autograd import Array, Gradients, Result, Sample, Tensor, Wanted, primitive, samples, sqrt
from pmt_nn.layers.cache_blocks import cache_blocks
from pmt_nn.layers.linear import sum_rows
from pmt_nn.module.module import Module
from pmt_nn.module.parameter import Parameter


def layer_norm_composed(x: Tensor, gain: Tensor, bias: Tensor, *, eps: float = 1e-5) -> Tensor:
    """(x - mean) / sqrt(var + eps) * gain + bias over the last axis, in plain operations."""
    centred = x - x.mean(axis=-1, keepdims=True)
    return centred / sqrt(x.var(axis=-1, keepdims=True) + eps) * gain + bias


@primitive
def layer_norm(
    x: Array,
    gain: Array,
    bias: Array | None,
    *,
    eps: float = 1e-5,
    wanted: Wanted = (True, True, True),
) -> Result:
    """Normalise the last axis to mean 0 and variance 1, then scale and shift by element.

    x: (..., d), gain: (d,), bias: (d,) or None. With n = (x - mean) / s, s = sqrt(var + eps) and
    h = dy gain: dx = (h - mean(h) - n mean(h n)) / s; means are over the last axis.
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
    y = squares if any(wanted) else normed  # the backward pass needs what is normed
    np.multiply(normed, gain, out=y)
    if bias is not None:
        y += bias

    def backward(grad: Array) -> Gradients:
        grad = grad.reshape(-1, d)
        by_x = np.empty(rows.shape, x.dtype)
        by_gain = np.zeros(d, x.dtype)
        by_bias = None if bias is None else np.zeros(d, x.dtype)
        weighting = averaging * gain
        for block in cache_blocks(len(rows), d):
            out = by_x[block]
            product = grad[block] * normed[block]
            by_gain += sum_rows(product)
            if by_bias is not None:
                by_bias += sum_rows(grad[block])
            # mean(h) and mean(h n), with the gain taken to the other side of the product
            mean_h, mean_hn = grad[block] @ weighting, product @ weighting
            np.multiply(normed[block], mean_hn[:, np.newaxis], out=product)
            product += mean_h[:, np.newaxis]
            np.multiply(grad[block], gain, out=out)
            out -= product
            out *= inverse[block]
        return by_x.reshape(x.shape), by_gain, by_bias

    return y.reshape(x.shape), backward


@lru_cache(maxsize=64)
def _averaging(d: int, dtype: np.dtype[Any]) -> Array:
    """(d,): a product with it is the mean of each row."""
    shares = np.full(d, 1 / d, dtype)
    shares.flags.writeable = False
    return shares


class LayerNorm(Module):
    """Layer normalisation of the last axis, of length d; gain starts at 1, bias, if any, at 0."""

    def __init__(
        self, d: int, *, eps: float = 1e-5, bias: bool = True, dtype: DTypeLike = np.float32
    ) -> None:
        self.gain = Parameter(np.ones(d, dtype))
        self.bias = Parameter(np.zeros(d, dtype)) if bias else None
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        """x: (..., d), the same shape comes back."""
        return layer_norm(x, self.gain, self.bias, eps=self.eps)


@samples(layer_norm)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    gain, bias = rng.normal(size=4), rng.normal(size=4)
    yield Sample((rng.normal(size=(3, 4)), gain, bias))
    yield Sample((rng.normal(size=(2, 3, 4)), gain, bias), note="sequences")
    yield Sample((rng.normal(size=4), gain, bias), note="one vector")
    yield Sample((rng.normal(size=(0, 4)), gain, bias), note="empty")
    yield Sample((rng.normal(size=(40_000, 4)), gain, bias), note="several blocks")
    yield Sample((rng.normal(size=(2, 4)) + 100, gain, bias), note="far from zero")
    yield Sample(
        (rng.normal(size=(2, 4)) * 1e-3, gain, bias), {"eps": 1e-5}, note="eps as large as var"
    )
