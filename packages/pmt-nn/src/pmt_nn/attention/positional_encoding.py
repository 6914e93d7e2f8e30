"""Where a token stands, added to what it is: attention alone does not see order."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from pmt_autograd import Tensor, getitem
from pmt_core import ShapeError
from pmt_nn.module.initializers import normal
from pmt_nn.module.module import Module
from pmt_nn.module.parameter import Parameter


def sinusoids(length: int, d: int, dtype: DTypeLike = np.float32) -> NDArray[Any]:
    """Table (length, d): sin(p / 10000^(2i/d)) in even columns, cos in odd ones.

    Vaswani et al. 2017, section 3.5. d may be odd: the last cosine is left out.
    """
    positions = np.arange(length)[:, np.newaxis]
    rates = 10000.0 ** (-np.arange(0, d, 2) / d)
    angles = positions * rates
    table = np.empty((length, d), dtype)
    table[:, 0::2] = np.sin(angles)
    table[:, 1::2] = np.cos(angles[:, : d // 2])
    return table


class SinusoidalPositions(Module):
    """Adds fixed sinusoids; nothing is learned. max_length: longest sequence."""

    def __init__(self, max_length: int, d: int, *, dtype: DTypeLike = np.float32) -> None:
        self.table = sinusoids(max_length, d, dtype)

    def forward(self, x: Tensor, *, offset: int = 0) -> Tensor:
        """x: (b, t, d), the first token at position `offset` -> the same shape.

        Raises ShapeError for a position beyond max_length.
        """
        end = offset + x.shape[1]
        _check_length(end, len(self.table))
        return x + self.table[offset:end]


class LearnedPositions(Module):
    """Adds a learned vector per position. max_length: longest sequence."""

    def __init__(
        self,
        max_length: int,
        d: int,
        rng: np.random.Generator,
        *,
        std: float = 0.02,
        dtype: DTypeLike = np.float32,
    ) -> None:
        self.weight = Parameter(normal(rng, (max_length, d), std, dtype=dtype))

    def forward(self, x: Tensor, *, offset: int = 0) -> Tensor:
        """x: (b, t, d), the first token at position `offset` -> the same shape.

        Raises ShapeError for a position beyond max_length.
        """
        end = offset + x.shape[1]
        _check_length(end, len(self.weight))
        return x + getitem(self.weight, index=slice(offset, end))


def _check_length(t: int, max_length: int) -> None:
    if t > max_length:
        raise ShapeError(
            f"a sequence of {t} tokens is longer than the {max_length} positions there are; "
            "truncate it, or build the model with a larger max_length"
        )
