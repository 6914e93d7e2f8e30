"""An output layer whose weights are an embedding's (Press & Wolf 2016)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

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
from pmt_nn.layers.linear import sum_rows


@primitive
def tied_linear(
    x: Array, table: Array, bias: Array | None, *, needs_grad: NeedsGrad = (True, True, True)
) -> Result:
    """x W^T + b: the product of each x with every row of a table. bias may be None.

    x: (..., d), table: (v, d), bias: (v,) -> (..., v). One matrix product whatever the rank of x:
    a product per sequence, as `x @ W` makes it of three axes, reads the whole table every time.
    """
    if x.shape[-1] != table.shape[1]:
        raise ShapeError(
            f"a table of vectors of {table.shape[1]} numbers is multiplied by such vectors, "
            f"got shape {x.shape}"
        )
    rows = x.reshape(-1, x.shape[-1])
    y = rows @ table.T
    if bias is not None:
        y += bias

    def backward(grad: Array) -> Gradients:
        grad_rows = grad.reshape(-1, grad.shape[-1])
        return (
            (grad_rows @ table).reshape(x.shape) if needs_grad[0] else None,
            grad_rows.T @ rows if needs_grad[1] else None,
            sum_rows(grad_rows) if needs_grad[2] else None,
        )

    return y.reshape(*x.shape[:-1], y.shape[-1]), backward


@counts_flops(tied_linear)
def _(value: Array, x: Array, table: Array, bias: Array | None, **settings: object) -> int:
    return int(value.size * (2 * x.shape[-1] + (bias is not None)))


@composed_form(tied_linear)
def tied_linear_composed(x: Tensor, table: Tensor, bias: Tensor) -> Tensor:
    """x W^T + b in plain operations."""
    return x @ table.swapaxes(0, 1) + bias


@samples(tied_linear)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    table, bias = rng.normal(size=(5, 4)), rng.normal(size=5)
    yield Sample((rng.normal(size=(3, 4)), table, bias))
    yield Sample((rng.normal(size=(2, 3, 4)), table, bias), note="sequences")
    yield Sample((rng.normal(size=4), table, bias), note="one vector")
    yield Sample((rng.normal(size=(0, 4)), table, bias), note="empty")
