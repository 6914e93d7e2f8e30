"""The position-wise feed-forward network (Vaswani et al. 2017, eq. 2)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

import pmt_autograd as ag
from pmt_autograd import Array, Gradients, NeedsGrad, Result, Sample, Tensor, relu
from pmt_core import SettingsError, ShapeError, as_floats, as_rows, check_sizes, cut
from pmt_nn.layers.activations import gelu, gelu_block, gelu_exact, gelu_exact_block
from pmt_nn.layers.dropout import Dropout, DropoutMask, apply_mask
from pmt_nn.layers.linear import Linear, linear, sum_rows
from pmt_nn.layers.memory_layout import cache_blocks
from pmt_nn.masks import Rng
from pmt_nn.module.inputs import float_tensor
from pmt_nn.module.module import Module


def relu_block(x: Array, slope: Array | None) -> None:
    """Replace x by max(x, 0), and write its derivative (0 at 0) to `slope` if that is given."""
    np.maximum(x, 0, out=x)
    if slope is not None:
        np.copyto(slope, x != 0)


ACTIVATIONS: dict[str, Callable[..., Tensor]] = {
    "gelu": gelu,
    "gelu_exact": gelu_exact,
    "relu": relu,
}
ACTIVATION_BLOCKS: dict[str, Callable[[Array, Array | None], None]] = {
    "gelu": gelu_block,
    "gelu_exact": gelu_exact_block,
    "relu": relu_block,
}


@ag.primitive
def feed_forward(
    x: Array,
    weight1: Array,
    bias1: Array | None,
    weight2: Array,
    bias2: Array | None,
    *,
    activation: str = "gelu",
    dropout_mask: DropoutMask | None = None,
    needs_grad: NeedsGrad = (True,) * 5,
) -> Result:
    """Return act(x W1 + b1) W2 + b2 with dropout on the hidden layer, (..., d), fused.

    Shapes: x (..., d), weight1 (d, f), bias1 (f,) or None, weight2 (f, d), bias2 (d,) or None,
    dropout_mask (..., f). Between the two products one pass over the hidden layer, block by block,
    applies bias, activation and the dropout mask and computes the slope. Only the hidden layer and
    the slope (with its mask) are saved for the backward pass. A slope of 0 cuts the gradient. The
    scale of dropout is applied to the output and its gradient, which are narrower.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import feed_forward
        >>> weight1 = np.array([[1.0, -1.0]])  # d = 1, f = 2
        >>> weight2 = np.array([[1.0], [1.0]])
        >>> x = np.array([[-3.0], [2.0]])
        >>> feed_forward(x, weight1, None, weight2, None, activation="relu").data  # |x|
        array([[3.],
               [2.]])
    """
    x = _checked(x, weight1)
    rows = as_rows(x)
    hidden = rows @ weight1
    n, f = hidden.shape
    slope = np.empty_like(hidden) if any(needs_grad[:3]) else None
    keep = None if dropout_mask is None else dropout_mask.keep.reshape(n, f)
    scale = x.dtype.type(1 if dropout_mask is None else dropout_mask.scale)
    _activate(hidden, slope, bias1, keep, ACTIVATION_BLOCKS[activation])
    y = hidden @ weight2
    if keep is not None:
        y *= scale
    if bias2 is not None:
        y += bias2

    def backward(grad: Array) -> Gradients:
        grad = as_rows(grad)
        by_bias2 = sum_rows(grad) if needs_grad[4] else None
        if keep is not None:
            grad = grad * scale
        by_x = by_weight1 = by_bias1 = None
        if slope is not None:
            by_hidden, by_bias1 = _gradient_of_hidden(grad, weight2, slope)
            by_x = (by_hidden @ weight1.T).reshape(x.shape) if needs_grad[0] else None
            by_weight1 = rows.T @ by_hidden if needs_grad[1] else None
        return (
            by_x,
            by_weight1,
            by_bias1 if needs_grad[2] else None,
            hidden.T @ grad if needs_grad[3] else None,
            by_bias2,
        )

    return y.reshape(*x.shape[:-1], y.shape[-1]), backward


def _activate(
    hidden: Array,
    slope: Array | None,
    bias: Array | None,
    keep: Array | None,
    activate: Callable[[Array, Array | None], None],
) -> None:
    """Add the bias to the hidden layer (n, f), apply activation and dropout; write the slope."""
    for block in cache_blocks(*hidden.shape):
        part, part_slope = hidden[block], None if slope is None else slope[block]
        if bias is not None:
            part += bias
        activate(part, part_slope)
        if keep is not None:
            cut(part, keep[block], out=part)
            if part_slope is not None:
                cut(part_slope, keep[block], out=part_slope)


def _gradient_of_hidden(grad: Array, weight: Array, slope: Array) -> tuple[Array, Array]:
    """Return the gradient (n, f) of the hidden layer before the activation, and its sum (f,).

    An infinite gradient times a slope of 0 is nan; the sum shows it, so that only then the product
    is computed again and cut.
    """
    by_hidden = grad @ weight.T
    with np.errstate(over="ignore", invalid="ignore"):
        by_hidden *= slope
        total = sum_rows(by_hidden)
    if np.isfinite(total).all():
        return by_hidden, total
    by_hidden = cut(grad @ weight.T, slope != 0)
    by_hidden *= slope
    return by_hidden, sum_rows(by_hidden)


def _checked(x: Array, weight: Array) -> Array:
    """Return x as floats. Raises ShapeError if its width is not that of the weight (d, f)."""
    if x.shape[-1:] != weight.shape[:1]:
        raise ShapeError(f"a network of width {weight.shape[0]} got vectors of shape {x.shape}")
    return as_floats(x)


@ag.counts_flops(feed_forward)
def _(
    value: Array, x: Array, weight1: Array, bias1: Any, weight2: Array, bias2: Any, **settings: Any
) -> int:
    (d, f), out = weight1.shape, weight2.shape[1]
    # the two products with their biases, and the activation
    return int(x.size // max(d, 1) * (2 * d * f + f + f + 2 * f * out + out))


@ag.composed_form(feed_forward)
def feed_forward_composed(
    x: Tensor,
    weight1: Tensor,
    bias1: Tensor,
    weight2: Tensor,
    bias2: Tensor,
    *,
    activation: str = "gelu",
    dropout_mask: DropoutMask | None = None,
) -> Tensor:
    """Return linear, activation, dropout and linear, one after the other."""
    hidden = ACTIVATIONS[activation](linear(x, weight1, bias1))
    if dropout_mask is not None:
        hidden = apply_mask(hidden, dropout_mask=dropout_mask)
    return linear(hidden, weight2, bias2)


class FeedForward(Module):
    """Linear (d, f), activation (a name in ACTIVATIONS), dropout and Linear (f, d).

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import FeedForward
        >>> network = FeedForward(8, 32, np.random.default_rng(0), activation="relu")
        >>> network
        FeedForward(8, 32, activation='relu')  552 parameters
          up: Linear(8, 32)                    288
          dropout: Dropout(0.0)
          down: Linear(32, 8)                  264
        >>> network(np.ones((2, 5, 8), np.float32)).shape
        (2, 5, 8)
    """

    def __init__(
        self,
        d: int,
        f: int,
        rng: np.random.Generator,
        *,
        dropout: float = 0.0,
        activation: str = "gelu",
        bias: bool = True,
        dtype: DTypeLike = np.float32,
    ) -> None:
        if activation not in ACTIVATIONS:
            raise SettingsError(
                f"activation is one of {', '.join(ACTIVATIONS)}, got {activation!r}"
            )
        check_sizes("FeedForward", d=d, f=f)
        self.up = Linear(d, f, rng, bias=bias, dtype=dtype)
        self.activation = activation
        self.dropout = Dropout(dropout)
        self.down = Linear(f, d, rng, bias=bias, dtype=dtype)

    def forward(self, x: Tensor, *, rng: Rng = None) -> Tensor:
        """Return the output for x (..., d), of the same shape."""
        x = float_tensor(x, self.up.weight)
        dropout_mask = self.dropout.draw((*x.shape[:-1], self.up.weight.shape[1]), rng)
        return feed_forward(
            x,
            self.up.weight,
            self.up.bias,
            self.down.weight,
            self.down.bias,
            activation=self.activation,
            dropout_mask=dropout_mask,
        )


@ag.samples(feed_forward, kinks="as its activation: relu has one at 0, with slope 0")
def _(rng: np.random.Generator) -> Iterator[Sample]:
    weights = (rng.normal(size=(4, 6)), rng.normal(size=6)), (rng.normal(size=(6, 3)), np.ones(3))
    (weight1, bias1), (weight2, bias2) = weights
    x = rng.normal(size=(2, 5, 4))
    for name in ACTIVATIONS:
        yield Sample((x, weight1, bias1, weight2, bias2), {"activation": name}, note=name)
    dropout = {"dropout_mask": DropoutMask(rng.random((2, 5, 6)) < 0.7, 1.5)}
    yield Sample((x, weight1, bias1, weight2, bias2), dropout, note="dropout")
    yield Sample((x[0, 0], weight1, bias1, weight2, bias2), note="one vector")
    yield Sample((x[:0], weight1, bias1, weight2, bias2), note="empty batch")
