"""Linear layers: y = x W + b, and the output layer y = x W^T + b with tied weights."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import DTypeLike

import pmt_autograd as ag
from pmt_autograd import Array, Gradients, NeedsGrad, Result, Sample, Tensor
from pmt_core import ShapeError, as_floats, as_rows, check_sizes
from pmt_nn.module.initializers import constant, xavier_uniform
from pmt_nn.module.inputs import float_tensor
from pmt_nn.module.module import Module
from pmt_nn.module.parameter import Parameter


@ag.primitive
def linear(
    x: Array, weight: Array, bias: Array | None, *, needs_grad: NeedsGrad = (True, True, True)
) -> Result:
    """Return x W + b in one step. x: (..., n_in), weight: (n_in, n_out), bias: (n_out,) or None.

    dL/dx = dL/dy W^T, dL/dW = x^T dL/dy summed over all leading axes, dL/db = sum of dL/dy. It is
    one large matrix product for any rank of x, and the bias is added in place.

    Examples:
        >>> import numpy as np
        >>> from pmt_autograd import Tensor
        >>> from pmt_nn import linear
        >>> weight = Tensor([[1.0, 0.0], [2.0, -1.0]], requires_grad=True)
        >>> y = linear(Tensor([[3.0, 4.0]]), weight, np.array([0.0, 100.0], np.float32))
        >>> y.data  # [3 + 2 * 4, -4 + 100]
        array([[11., 96.]], dtype=float32)
        >>> y.sum().backward()
        >>> weight.grad  # x^T dL/dy
        GradientArray([[3., 3.],
                       [4., 4.]], dtype=float32)
    """
    if x.shape[-1:] != weight.shape[:1]:
        raise ShapeError(
            f"a linear layer of {weight.shape[0]} inputs got shape {x.shape}; "
            "its last axis must be the number of inputs"
        )
    rows = as_rows(as_floats(x))
    y = rows @ weight
    if bias is not None:
        y += bias

    def backward(grad: Array) -> Gradients:
        grad_rows = as_rows(grad)
        return (
            (grad_rows @ weight.T).reshape(x.shape) if needs_grad[0] else None,
            rows.T @ grad_rows if needs_grad[1] else None,
            sum_rows(grad_rows) if needs_grad[2] else None,
        )

    return y.reshape(*x.shape[:-1], y.shape[-1]), backward


@ag.primitive
def tied_linear(
    x: Array, table: Array, bias: Array | None, *, needs_grad: NeedsGrad = (True, True, True)
) -> Result:
    """Return x W^T + b for a table W of vectors, e.g. an embedding's (Press & Wolf 2016).

    x: (..., d), table: (v, d), bias: (v,) or None -> (..., v). It is one matrix product for any
    rank of x; `x @ W` of three axes is one per sequence, each of which reads the whole table.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import Embedding, tied_linear
        >>> words = Embedding.from_vectors(np.eye(3, 2))  # words 0 and 1 point along the axes
        >>> hidden = np.array([[0.1, 0.9]], np.float32)
        >>> tied_linear(hidden, words.weight, None).data  # logits: the dot product with each word
        array([[0.1, 0.9, 0. ]], dtype=float32)
    """
    if x.shape[-1:] != table.shape[1:]:
        raise ShapeError(
            f"a table of vectors of length {table.shape[1]} needs x of that width, got shape "
            f"{x.shape}"
        )
    rows = as_rows(as_floats(x))
    y = rows @ table.T
    if bias is not None:
        y += bias

    def backward(grad: Array) -> Gradients:
        grad_rows = as_rows(grad)
        return (
            (grad_rows @ table).reshape(x.shape) if needs_grad[0] else None,
            grad_rows.T @ rows if needs_grad[1] else None,
            sum_rows(grad_rows) if needs_grad[2] else None,
        )

    return y.reshape(*x.shape[:-1], y.shape[-1]), backward


@ag.counts_flops(linear, tied_linear)
def _(value: Array, x: Array, weight: Array, bias: Array | None, **settings: object) -> int:
    return int(value.size * (2 * x.shape[-1] + (bias is not None)))


@ag.composed_form(linear)
def linear_composed(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Compute x W + b in plain operations."""
    return x @ weight + bias


@ag.composed_form(tied_linear)
def tied_linear_composed(x: Tensor, table: Tensor, bias: Tensor) -> Tensor:
    """Compute x W^T + b in plain operations."""
    return x @ table.swapaxes(0, 1) + bias


def sum_rows(rows: Array) -> Array:
    """Return the sum of the rows of a matrix (n, d), by a product, twice as fast as `sum`."""
    return np.ones(len(rows), rows.dtype) @ rows


class Linear(Module):
    """Linear layer y = x W + b of the last axis. W starts Xavier-uniform, drawn by rng, b at 0.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import Linear
        >>> layer = Linear(3, 2, np.random.default_rng(0))
        >>> layer.weight.shape, layer.bias.shape
        ((3, 2), (2,))
        >>> layer.weight.data[...] = [[1, 0], [0, 1], [1, 1]]
        >>> layer.bias.data[...] = [10, 20]
        >>> layer(np.array([[1, 2, 3]], np.float32)).data
        array([[14., 25.]], dtype=float32)
        >>> layer(np.ones((4, 7, 3), np.float32)).shape  # any leading axes
        (4, 7, 2)
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
        check_sizes("Linear", n_in=n_in, n_out=n_out)
        self.weight = Parameter(xavier_uniform(rng, (n_in, n_out), dtype=dtype))
        self.bias = Parameter(constant((n_out,), dtype=dtype)) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        """Map x (..., n_in) -> (..., n_out)."""
        return linear(float_tensor(x, self.weight), self.weight, self.bias)


Dense = Linear
"""The same layer, by its name in Keras."""


@ag.samples(linear)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    weight, bias = rng.normal(size=(4, 3)), rng.normal(size=3)
    for shape, note in [((5, 4), ""), ((2, 5, 4), "sequences"), ((4,), "a vector"), ((0, 4), "")]:
        yield Sample((rng.normal(size=shape), weight, bias), note=note)


@ag.samples(tied_linear)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    table, bias = rng.normal(size=(5, 4)), rng.normal(size=5)
    for shape, note in [((3, 4), ""), ((2, 3, 4), "sequences"), ((4,), "a vector"), ((0, 4), "")]:
        yield Sample((rng.normal(size=shape), table, bias), note=note)
