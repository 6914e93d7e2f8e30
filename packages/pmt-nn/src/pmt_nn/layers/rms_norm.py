"""Root-mean-square normalization (Zhang & Sennrich 2019)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import DTypeLike

from pmt_autograd import (
    Array,
    Gradients,
    Result,
    Sample,
    Tensor,
    composed_form,
    primitive,
    samples,
    sqrt,
)
from pmt_nn.module.module import Module
from pmt_nn.module.parameter import Parameter


@primitive
def rms_norm(x: Array, weight: Array, *, eps: float = 1e-6) -> Result:
    """Scale the last axis to root mean square 1, then by element. x: (..., d), weight: (d,).

    With n = x / s, s = sqrt(mean(x^2) + eps) and h = dy weight: dx = (h - n mean(h n)) / s.
    """
    d = x.shape[-1]
    rows = x.reshape(-1, d)
    averaging = np.full(d, 1 / d, x.dtype)  # a product with it is the mean of each row
    mean_square = np.square(rows) @ averaging
    inverse = (1 / np.sqrt(mean_square + x.dtype.type(eps)))[:, np.newaxis]
    normed = rows * inverse
    y = normed * weight

    def backward(grad: Array) -> Gradients:
        grad = grad.reshape(-1, d)
        product = grad * normed
        by_x = grad * weight
        by_x -= normed * (product @ (averaging * weight))[:, np.newaxis]
        by_x *= inverse
        return by_x.reshape(x.shape), product.sum(axis=0)

    return y.reshape(x.shape), backward


@composed_form(rms_norm)
def rms_norm_composed(x: Tensor, weight: Tensor, *, eps: float = 1e-6) -> Tensor:
    """x / sqrt(mean(x^2) + eps) * weight over the last axis, in plain operations."""
    return x / sqrt((x * x).mean(axis=-1, keepdims=True) + eps) * weight


class RMSNorm(Module):
    """Root-mean-square normalization of the last axis, of length d; weight starts at 1."""

    def __init__(self, d: int, *, eps: float = 1e-6, dtype: DTypeLike = np.float32) -> None:
        self.weight = Parameter(np.ones(d, dtype))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        """x: (..., d), the same shape comes back."""
        return rms_norm(x, self.weight, eps=self.eps)


@samples(rms_norm)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    weight = rng.normal(size=4)
    yield Sample((rng.normal(size=(3, 4)), weight))
    yield Sample((rng.normal(size=(2, 3, 4)), weight), note="sequences")
    yield Sample((rng.normal(size=4), weight), note="one vector")
    yield Sample((rng.normal(size=(0, 4)), weight), note="empty")
    yield Sample((rng.normal(size=(2, 4)) * 1e-3, weight), note="eps as large as the mean square")
