"""The linear (dense) layer: y = x W + b."""

from __future__ import annotations

from collections.abc import Iterator

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
    counts_flops,
    primitive,
    samples,
)
from pmt_core import ShapeError
from pmt_nn.module.initializers import xavier_uniform
from pmt_nn.module.module import Module
from pmt_nn.module.parameter import Parameter


@primitive
def linear(
    x: Array, weight: Array, bias: Array | None, *, needs_grad: NeedsGrad = (True, True, True)
) -> Result:
    """x W + b in one step. x: (..., n_in), weight: (n_in, n_out), bias: (n_out,) or None.

    dL/dx = dL/dy W^T, dL/dW = x^T dL/dy summed over all leading axes, dL/db = sum of dL/dy.
    One large matrix product whatever the rank, and the bias added in place.
    """
    if x.shape[-1] != weight.shape[0]:
        raise ShapeError(
            f"a linear layer of {weight.shape[0]} inputs got shape {x.shape}; "
            "its last axis must be the number of inputs"
        )
    rows = x.reshape(-1, x.shape[-1])
    y = rows @ weight
    if bias is not None:
        y += bias

    def backward(grad: Array) -> Gradients:
        grad_rows = grad.reshape(-1, grad.shape[-1])
        return (
            (grad_rows @ weight.T).reshape(x.shape) if needs_grad[0] else None,
            rows.T @ grad_rows if needs_grad[1] else None,
            sum_rows(grad_rows) if needs_grad[2] else None,
        )

    return y.reshape(*x.shape[:-1], y.shape[-1]), backward


@counts_flops(linear)
def _(value: Array, x: Array, weight: Array, bias: Array | None, **settings: object) -> int:
    return int(value.size * (2 * x.shape[-1] + (bias is not None)))


@composed_form(linear)
def linear_composed(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """x W + b in plain operations: what `linear` computes, to read and to check it with."""
    return x @ weight + bias


def sum_rows(rows: Array) -> Array:
    """The sum of the rows of a matrix (n, d) -> (d,): as a product, twice as fast as `sum`."""
    total: Array = np.ones(len(rows), rows.dtype) @ rows
    return total


class Linear(Module):
    """y = x W + b. Weights start Xavier-uniform, biases at zero.

    n_in, n_out: lengths of the last axis of x and y; rng: stream of the first weights;
    bias: whether there is a b.
    """

    def __init__(
        self,
        n_in: int,
        n_out: int,
        rng: np.random.Generator,
        *,
        bias: bool = True,
        dtype: DTypeLike = np.float32,
    ) -> None:
        self.weight = Parameter(xavier_uniform(rng, (n_in, n_out), dtype=dtype))
        self.bias = Parameter(np.zeros(n_out, dtype)) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        """x: (..., n_in) -> (..., n_out)."""
        return linear(x, self.weight, self.bias)


Dense = Linear
"""The same layer by the name it has elsewhere."""


@samples(linear)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    weight, bias = rng.normal(size=(4, 3)), rng.normal(size=3)
    yield Sample((rng.normal(size=(5, 4)), weight, bias))
    yield Sample((rng.normal(size=(2, 5, 4)), weight, bias), note="batch of sequences")
    yield Sample((rng.normal(size=4), weight, bias), note="one vector")
    yield Sample((rng.normal(size=(0, 4)), weight, bias), note="empty batch")
