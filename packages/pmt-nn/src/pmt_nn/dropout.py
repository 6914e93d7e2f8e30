"""Dropout: random elements set to zero while training."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from pmt_autograd import Array, Result, Sample, Tensor, primitive, samples
from pmt_core import SettingsError, StateError
from pmt_nn.module import Module

_LEVELS = 1 << 16


def keep_mask(rng: np.random.Generator, shape: tuple[int, ...], rate: float) -> Array:
    """Booleans, False with probability `rate`.

    16 random bits an element: a quarter of the cost of a float32, and the rate is met to within
    1/131072.
    """
    size = int(np.prod(shape))
    words = rng.integers(0, 1 << 64, -(-size // 4), np.uint64)  # 4 elements a word
    bits = words.view(np.uint16)[:size].reshape(shape)
    return bits >= round(rate * _LEVELS)


@primitive
def apply_mask(x: Array, mask: Array, *, scale: float) -> Result:
    """x * mask * scale. mask: booleans of the shape of x. The gradient passes the same way."""
    factor = mask * x.dtype.type(scale)

    def backward(grad: Array) -> tuple[Array, None]:
        return grad * factor, None

    return x * factor, backward


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
        if not (self.training and self.rate):
            return x
        return apply_mask(
            x, keep_mask(stream_of_pass(rng), x.shape, self.rate), scale=1 / (1 - self.rate)
        )


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
