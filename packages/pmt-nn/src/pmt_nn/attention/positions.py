"""Positions added to the embeddings: sinusoids and learned vectors."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from pmt_autograd import Tensor, getitem
from pmt_core import ShapeError, check_sizes
from pmt_nn.module.initializers import normal
from pmt_nn.module.inputs import float_tensor
from pmt_nn.module.module import Module
from pmt_nn.module.parameter import Parameter
from pmt_nn.module.weight_limit import claim_weights


def sinusoids(length: int, d: int, dtype: DTypeLike = np.float32) -> NDArray[Any]:
    """Return a table (length, d): sin(p / 10000^(2i/d)) in even columns, cos in odd columns.

    Vaswani et al. 2017, section 3.5. If d is odd, the last cosine is left out.

    Examples:
        >>> from pmt_nn import sinusoids
        >>> table = sinusoids(50, 4)
        >>> table[:2].round(3)  # sin(p), cos(p), sin(p / 100), cos(p / 100)
        array([[0.   , 1.   , 0.   , 1.   ],
               [0.841, 0.54 , 0.01 , 1.   ]], dtype=float32)
        >>> (table @ table.T)[[0, 10, 20], [1, 11, 21]].round(3)  # depends on the distance only
        array([1.54, 1.54, 1.54], dtype=float32)
    """
    claim_weights((length, d), trained=False)
    positions = np.arange(length)[:, np.newaxis]
    rates = 10000.0 ** (-np.arange(0, d, 2) / d)
    angles = positions * rates
    table = np.empty((length, d), dtype)
    table[:, 0::2] = np.sin(angles)
    table[:, 1::2] = np.cos(angles[:, : d // 2])
    return table


class SinusoidalPositions(Module):
    """Add fixed sinusoids to embeddings of width d, for sequences of up to `max_length` tokens.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import SinusoidalPositions
        >>> positions = SinusoidalPositions(max_length=10, d=4)
        >>> positions(np.zeros((1, 2, 4), np.float32)).data.round(3)
        array([[[0.   , 1.   , 0.   , 1.   ],
                [0.841, 0.54 , 0.01 , 1.   ]]], dtype=float32)
        >>> positions.parameter_count()
        0
    """

    def __init__(self, max_length: int, d: int, *, dtype: DTypeLike = np.float32) -> None:
        check_sizes("SinusoidalPositions", max_length=max_length, d=d)
        self.table = sinusoids(max_length, d, dtype)

    def forward(self, x: Tensor, *, offset: int = 0) -> Tensor:
        """Return x (b, t, d) plus its positions; the first token is at position `offset`.

        Raises ShapeError for a position beyond max_length.
        """
        x = float_tensor(x, Tensor(self.table))
        return x + self.table[_span(x, offset, len(self.table))]


class LearnedPositions(Module):
    """Add a learned vector per position, for sequences of up to `max_length` tokens.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import LearnedPositions
        >>> positions = LearnedPositions(10, 4, np.random.default_rng(0))
        >>> y = positions(np.zeros((1, 3, 4), np.float32), offset=2)  # positions 2, 3 and 4
        >>> np.array_equal(y.data[0], positions.weight.data[2:5])
        True
        >>> positions
        LearnedPositions(10, 4)  40 parameters
    """

    def __init__(
        self,
        max_length: int,
        d: int,
        rng: np.random.Generator,
        *,
        std: float = 0.02,
        dtype: DTypeLike = np.float32,
    ) -> None:
        check_sizes("LearnedPositions", max_length=max_length, d=d)
        self.weight = Parameter(normal(rng, (max_length, d), std, dtype=dtype))

    def forward(self, x: Tensor, *, offset: int = 0) -> Tensor:
        """Return x (b, t, d) plus its positions; the first token is at position `offset`.

        Raises ShapeError for a position beyond max_length.
        """
        x = float_tensor(x, self.weight)
        return x + getitem(self.weight, index=_span(x, offset, len(self.weight)))


def _span(x: Tensor, offset: int, max_length: int) -> slice:
    """Return the positions of the tokens of x (b, t, d). Raises ShapeError."""
    end = offset + x.shape[1]
    if end > max_length:
        raise ShapeError(
            f"a sequence of {end} tokens is longer than the {max_length} positions there are; "
            "truncate it, or build the model with a larger max_length"
        )
    return slice(offset, end)


def added_positions(
    kind: str, max_length: int, d: int, rng: np.random.Generator, dtype: DTypeLike
) -> LearnedPositions | SinusoidalPositions | None:
    """Return positions that are added to embeddings, None for a kind that acts elsewhere.

    kind: see `TransformerConfig.positions`.
    """
    if kind == "learned":
        return LearnedPositions(max_length, d, rng, dtype=dtype)
    if kind == "sinusoidal":
        return SinusoidalPositions(max_length, d, dtype=dtype)
    return None
