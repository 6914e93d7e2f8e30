"""Multi-head attention with its projections (Vaswani et al. 2017, section 3.2.2)."""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike

from pmt_autograd import Tensor
from pmt_core import SettingsError
from pmt_nn.attention.scaled_dot_product import (
    packed_attention,
    ragged_attention,
    weights_of_groups,
)
from pmt_nn.attention.unpadded import RaggedLayout
from pmt_nn.layers.dropout import Dropout
from pmt_nn.layers.linear import Linear
from pmt_nn.masks import Mask
from pmt_nn.module.module import Module


class SelfAttention(Module):
    """Multi-head self-attention: project to queries, keys and values, attend, project back.

    d: model width; heads: number of heads, divides d; dropout: rate on the attention weights.
    """

    def __init__(
        self,
        d: int,
        heads: int,
        rng: np.random.Generator,
        *,
        dropout: float = 0.0,
        dtype: DTypeLike = np.float32,
    ) -> None:
        if d % heads:
            raise SettingsError(f"the width d = {d} must be a multiple of heads = {heads}")
        self.heads = heads
        self.dropout = Dropout(dropout)
        self.qkv = Linear(d, 3 * d, rng, dtype=dtype)
        self.project = Linear(d, d, rng, dtype=dtype)

    def forward(
        self,
        x: Tensor,
        mask: Mask | None = None,
        *,
        layout: RaggedLayout | None = None,
        rng: np.random.Generator | None = None,
    ) -> Tensor:
        """x: (b, t, d); mask: (b, t) keys or (b, t, t), True = attend -> (b, t, d).

        layout: of a ragged batch x (n, d), which takes no mask -> (n, d).
        rng: stream of this pass, needed in training with dropout.
        """
        qkv = self.qkv(x)
        if layout is None:
            b, t, _ = x.shape
            dropout_mask = self.dropout.draw((b, self.heads, t, t), rng)
            mixed = packed_attention(qkv, heads=self.heads, mask=mask, dropout_mask=dropout_mask)
        else:
            dropout_mask = self.dropout.draw((weights_of_groups(layout, self.heads),), rng)
            mixed = ragged_attention(
                qkv, heads=self.heads, layout=layout, dropout_mask=dropout_mask
            )
        projected: Tensor = self.project(mixed)
        return projected
