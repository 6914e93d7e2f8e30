"""The Transformer encoder (Vaswani et al. 2017), with the norm before or after each part."""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike

from pmt_autograd import Tensor
from pmt_nn.attention.relative import RelativeAttention
from pmt_nn.attention.self_attention import SelfAttention
from pmt_nn.attention.unpadded import RaggedLayout, from_ragged, to_ragged
from pmt_nn.layers.dropout import Dropout, add_with_dropout
from pmt_nn.layers.layer_norm import LayerNorm
from pmt_nn.masks import Mask
from pmt_nn.module.module import Module
from pmt_nn.transformer.feed_forward import FeedForward


class TransformerEncoderLayer(Module):
    """Self-attention and feed-forward, each with dropout, a residual connection and a norm.

    norm_first: True is pre-norm, x + f(norm(x)) (Xiong et al. 2020: trains without long warm-up);
    False is post-norm, norm(x + f(x)), the original.
    directional: attention knows distance and side of the keys, see `RelativeAttention`; no
    other positions are needed then.
    """

    def __init__(
        self,
        d: int,
        heads: int,
        f: int,
        rng: np.random.Generator,
        *,
        dropout: float = 0.1,
        activation: str = "gelu",
        norm_first: bool = True,
        directional: bool = False,
        dtype: DTypeLike = np.float32,
    ) -> None:
        self.norm_first = norm_first
        self.attention_norm = LayerNorm(d, dtype=dtype)
        kind = RelativeAttention if directional else SelfAttention
        self.attention = kind(d, heads, rng, dropout=dropout, dtype=dtype)
        self.feed_forward_norm = LayerNorm(d, dtype=dtype)
        self.feed_forward = FeedForward(
            d, f, rng, dropout=dropout, activation=activation, dtype=dtype
        )
        self.dropout = Dropout(dropout)

    def forward(
        self,
        x: Tensor,
        mask: Mask | None = None,
        *,
        layout: RaggedLayout | None = None,
        rng: np.random.Generator | None = None,
    ) -> Tensor:
        """x: (b, t, d); mask: (b, t) or (b, t, t), True = attend; rng: stream of this pass.

        layout: of a ragged batch x (n, d), which takes no mask; not where attention is directional.
        """
        if self.norm_first:
            attended = self._attend(self.attention_norm(x), mask, layout, rng)
            x = add_with_dropout(x, attended, self.dropout, rng)
            computed = self.feed_forward(self.feed_forward_norm(x), rng=rng)
            return add_with_dropout(x, computed, self.dropout, rng)
        attended = self._attend(x, mask, layout, rng)
        x = self.attention_norm(add_with_dropout(x, attended, self.dropout, rng))
        computed = self.feed_forward(x, rng=rng)
        x = self.feed_forward_norm(add_with_dropout(x, computed, self.dropout, rng))
        return x

    def _attend(
        self,
        x: Tensor,
        mask: Mask | None,
        layout: RaggedLayout | None,
        rng: np.random.Generator | None,
    ) -> Tensor:
        """Attention of either kind; only the plain one knows ragged batches."""
        of_layout = {} if layout is None else {"layout": layout}
        attended: Tensor = self.attention(x, mask, **of_layout, rng=rng)
        return attended


class TransformerEncoder(Module):
    """A stack of encoder layers; pre-norm stacks end with one more norm.

    d: model width; heads; f: hidden width; n: number of layers. Others as for the layer.
    """

    def __init__(
        self,
        d: int,
        heads: int,
        f: int,
        n: int,
        rng: np.random.Generator,
        *,
        dropout: float = 0.1,
        activation: str = "gelu",
        norm_first: bool = True,
        directional: bool = False,
        dtype: DTypeLike = np.float32,
    ) -> None:
        self.directional = directional
        self.layers = [
            TransformerEncoderLayer(
                d,
                heads,
                f,
                rng,
                dropout=dropout,
                activation=activation,
                norm_first=norm_first,
                directional=directional,
                dtype=dtype,
            )
            for _ in range(n)
        ]
        self.norm = LayerNorm(d, dtype=dtype) if norm_first else None

    def forward(
        self, x: Tensor, mask: Mask | None = None, *, rng: np.random.Generator | None = None
    ) -> Tensor:
        """x: (b, t, d); mask: (b, t) or (b, t, t), True = attend -> (b, t, d).

        Nothing is computed for padding: where a mask (b, t) is False, the result is 0.
        """
        if mask is not None and mask.ndim == 2 and mask.all():
            mask = None
        layout = None
        if mask is not None and mask.ndim == 2 and not self.directional:
            layout, mask = RaggedLayout.of(mask), None
            x = to_ragged(x, layout=layout)
        for layer in self.layers:
            x = layer(x, mask, layout=layout, rng=rng)
        if self.norm is not None:
            x = self.norm(x)
        return x if layout is None else from_ragged(x, layout=layout)
