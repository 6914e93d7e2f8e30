"""Multi-head attention with its projections (Vaswani et al. 2017, section 3.2.2)."""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike

from pmt_autograd import Tensor
from pmt_core import SettingsError
from pmt_nn.attention import Mask, attention_weights, packed_attention
from pmt_nn.dropout import Dropout
from pmt_nn.linear import Linear
from pmt_nn.module import Module
from pmt_nn.observe import is_observed, tell


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
        self.qkv = Linear(d, 3 * d, rng, dtype)
        self.project = Linear(d, d, rng, dtype)

    def forward(
        self, x: Tensor, mask: Mask | None = None, *, rng: np.random.Generator | None = None
    ) -> Tensor:
        """x: (b, t, d); mask: (b, t) keys or (b, t, t), True = attend -> (b, t, d).

        rng: stream of this pass, needed in training with dropout.
        """
        qkv = self.qkv(x)
        b, t, _ = x.shape
        kept, scale = self.dropout.draw((b, self.heads, t, t), rng)
        if is_observed(self):
            q, k, _ = np.split(qkv.data, 3, axis=-1)
            tell(self, "weights", attention_weights(q, k, heads=self.heads, mask=mask))
        mixed = packed_attention(qkv, heads=self.heads, mask=mask, kept=kept, keep_scale=scale)
        projected: Tensor = self.project(mixed)
        return projected
