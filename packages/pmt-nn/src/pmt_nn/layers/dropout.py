"""Dropout: random elements set to zero while training."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from pmt_autograd import Array, Result, Sample, Tensor, composed_form, primitive, samples
from pmt_core import SettingsError, StateError
from pmt_nn.layers.cache_blocks import cache_blocks
from pmt_nn.module.module import Module


def keep_mask(rng: np.random.Generator, shape: tuple[int, ...], rate: float) -> Array:
    """Booleans, False with probability `rate`.

    8 random bits an element decide all but one case in 256, in which a further number decides,
    so that the rate is met exactly at an eighth of the cost of a float64 an element.
    """
    size = math.prod(shape)
    bits = rng.integers(0, 1 << 64, -(-size // 8), np.uint64).view(np.uint8)[:size]
    level = math.floor(rate * 256)
    kept: Array = bits >= level
    undecided = np.flatnonzero(bits == level)
    kept[undecided] = rng.random(len(undecided), np.float32) >= rate * 256 - level
    return kept.reshape(shape)


@primitive
def apply_mask(x: Array, mask: Array, *, scale: float) -> Result:
    """x * mask * scale. mask: booleans of the shape of x. The gradient passes the same way."""

    def backward(grad: Array) -> tuple[Array, None]:
        return _masked(grad, mask, scale, None), None

    return _masked(x, mask, scale, None), backward


@primitive
def add_dropped(x: Array, y: Array, mask: Array, *, scale: float) -> Result:
    """x + y * mask * scale: a residual connection around something dropped out, in one pass.

    All three of one shape; mask: booleans.
    """

    def backward(grad: Array) -> tuple[Array, Array, None]:
        return grad, _masked(grad, mask, scale, None), None

    return _masked(y, mask, scale, x), backward


@composed_form(add_dropped)
def add_dropped_composed(x: Tensor, y: Tensor, mask: Array, *, scale: float) -> Tensor:
    """x + y * mask * scale, in two steps."""
    return x + apply_mask(y, mask, scale=scale)


def _masked(y: Array, mask: Array, scale: float, x: Array | None) -> Array:
    """y * mask * scale, plus x if there is one."""
    out = np.empty(y.shape, y.dtype)
    if y.ndim == 0 or not (y.flags.c_contiguous and mask.flags.c_contiguous):
        np.multiply(y, mask * y.dtype.type(scale), out=out)
        return out if x is None else out + x
    flat_y, flat_mask, flat_out = y.reshape(-1), mask.reshape(-1), out.reshape(-1)
    flat_x = None if x is None else x.reshape(-1)
    factor = y.dtype.type(scale)
    for block in cache_blocks(y.size, 1):
        part = flat_out[block]
        np.multiply(flat_y[block], flat_mask[block], out=part)
        part *= factor
        if flat_x is not None:
            part += flat_x[block]
    return out


class Dropout(Module):
    """In training each element is zero with probability `rate`, the others are scaled up by
    1 / (1 - rate) so that the expected value stays (Srivastava et al. 2014, inverted form).

    rate: 0 <= rate < 1.
    """

    def __init__(self, rate: float) -> None:
        if not 0 <= rate < 1:
            raise SettingsError(f"a dropout rate lies in 0 <= rate < 1, got {rate}")
        self.rate = rate

    def forward(self, x: Tensor, rng: np.random.Generator | None = None) -> Tensor:
        """x: any shape. rng: stream of the masks, needed in training where rate > 0."""
        kept, scale = self.draw(x.shape, rng)
        return x if kept is None else apply_mask(x, kept, scale=scale)

    def draw(
        self, shape: tuple[int, ...], rng: np.random.Generator | None
    ) -> tuple[Array | None, float]:
        """What to keep of an array of `shape`, and the factor of the kept: for fused operations.

        None and 1 where dropout does not act. Raises StateError where it acts and rng is None.
        """
        if not (self.training and self.rate):
            return None, 1.0
        return keep_mask(stream_of_pass(rng), shape, self.rate), 1 / (1 - self.rate)


def add_with_dropout(
    x: Tensor, y: Tensor, dropout: Dropout, rng: np.random.Generator | None
) -> Tensor:
    """x + dropout(y), in one step where dropout acts."""
    kept, scale = dropout.draw(y.shape, rng)
    return x + y if kept is None else add_dropped(x, y, kept, scale=scale)


def stream_of_pass(rng: np.random.Generator | None) -> np.random.Generator:
    """The random stream of this pass. Raises StateError where none was given."""
    if rng is None:
        raise StateError(
            "dropout in training draws random numbers and got none; call the model with "
            "rng=np.random.Generator(...), or switch to model.eval()"
        )
    return rng


@samples(apply_mask)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    yield Sample((rng.normal(size=(3, 4)), rng.random((3, 4)) < 0.5), {"scale": 2.0})
    yield Sample((rng.normal(size=(0, 4)), np.zeros((0, 4), bool)), {"scale": 2.0}, note="empty")


@samples(add_dropped)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    for shape, note in [((3, 4), ""), ((0, 4), "empty"), ((), "0-d"), ((3, 50_000), "blocks")]:
        x, y = rng.normal(size=shape), rng.normal(size=shape)
        yield Sample((x, y, np.asarray(rng.random(shape) < 0.5)), {"scale": 2.0}, note=note)
