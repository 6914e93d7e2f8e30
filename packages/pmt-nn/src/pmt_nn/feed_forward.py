"""The position-wise feed-forward network (Vaswani et al. 2017, eq. 2)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import DTypeLike

from pmt_autograd import Tensor, relu
from pmt_core import SettingsError
from pmt_nn.dropout import Dropout
from pmt_nn.gelu import gelu
from pmt_nn.linear import Linear
from pmt_nn.module import Module

ACTIVATIONS: dict[str, Callable[..., Tensor]] = {"gelu": gelu, "relu": relu}


class FeedForward(Module):
    """Linear, activation, dropout, Linear, at every position alike.

    d: model width; f: hidden width; activation: a name in ACTIVATIONS.
    """

    def __init__(
        self,
        d: int,
        f: int,
        rng: np.random.Generator,
        *,
        dropout: float = 0.0,
        activation: str = "gelu",
        dtype: DTypeLike = np.float32,
    ) -> None:
        if activation not in ACTIVATIONS:
            raise SettingsError(
                f"activation is one of {', '.join(ACTIVATIONS)}, got {activation!r}"
            )
        self.widen = Linear(d, f, rng, dtype)
        self.activation = activation
        self.dropout = Dropout(dropout)
        self.narrow = Linear(f, d, rng, dtype)

    def forward(self, x: Tensor, *, rng: np.random.Generator | None = None) -> Tensor:
        """x: (..., d) -> (..., d)."""
        hidden = ACTIVATIONS[self.activation](self.widen(x))
        narrowed: Tensor = self.narrow(self.dropout(hidden, rng))
        return narrowed
