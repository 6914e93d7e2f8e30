"""The Transformer decoder (Vaswani et al. 2017): causal, with or without a memory to look at."""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike

from pmt_autograd import Tensor
from pmt_core import StateError
from pmt_nn.attention.decoder_attention import CrossAttention, DecoderSelfAttention
from pmt_nn.attention.kv_cache import DecoderCache, KeyValueCache
from pmt_nn.attention.position_bias import AttentionPositions
from pmt_nn.layers.dropout import Dropout, add_with_dropout
from pmt_nn.layers.layer_norm import LayerNorm
from pmt_nn.masks import Mask
from pmt_nn.module.module import Module
from pmt_nn.transformer.feed_forward import FeedForward


class TransformerDecoderLayer(Module):
    """Causal self-attention, cross-attention, feed-forward, each with dropout, residual and norm.

    norm_first: x + f(norm(x)), or norm(x + f(x)), as in the encoder. cross: whether there is a
    memory to look at; without it this is the layer of a language model. causal, positions: see
    `DecoderSelfAttention`. bias: of the linear layers and norms.
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
        cross: bool = True,
        causal: bool = True,
        positions: AttentionPositions | None = None,
        bias: bool = True,
        dtype: DTypeLike = np.float32,
    ) -> None:
        self.norm_first = norm_first
        self.attention_norm = LayerNorm(d, bias=bias, dtype=dtype)
        self.attention = DecoderSelfAttention(
            d,
            heads,
            rng,
            dropout=dropout,
            causal=causal,
            positions=positions,
            bias=bias,
            dtype=dtype,
        )
        self.cross_norm = LayerNorm(d, bias=bias, dtype=dtype) if cross else None
        self.cross = (
            CrossAttention(d, heads, rng, dropout=dropout, bias=bias, dtype=dtype)
            if cross
            else None
        )
        self.feed_forward_norm = LayerNorm(d, bias=bias, dtype=dtype)
        self.feed_forward = FeedForward(
            d, f, rng, dropout=dropout, activation=activation, bias=bias, dtype=dtype
        )
        self.dropout = Dropout(dropout)

    def forward(
        self,
        x: Tensor,
        memory: Tensor | None = None,
        *,
        mask: Mask | None = None,
        memory_mask: Mask | None = None,
        cache: KeyValueCache | None = None,
        memory_cache: KeyValueCache | None = None,
        rng: np.random.Generator | None = None,
    ) -> Tensor:
        """x: (b, t, d), memory: (b, s, d) -> (b, t, d). Masks True = attend; see `forward` of the
        decoder.
        """
        first = self.norm_first
        y = self.attention(self.attention_norm(x) if first else x, mask, cache=cache, rng=rng)
        x = add_with_dropout(x, y, self.dropout, rng)
        x = x if first else self.attention_norm(x)
        if self.cross is not None and self.cross_norm is not None:
            if memory is None:
                raise StateError(
                    "this decoder looks at a memory and got none; give the encoder's output, or "
                    "build the decoder with cross=False"
                )
            y = self.cross(
                self.cross_norm(x) if first else x,
                memory,
                memory_mask,
                cache=memory_cache,
                rng=rng,
            )
            x = add_with_dropout(x, y, self.dropout, rng)
            x = x if first else self.cross_norm(x)
        y = self.feed_forward(self.feed_forward_norm(x) if first else x, rng=rng)
        x = add_with_dropout(x, y, self.dropout, rng)
        return x if first else self.feed_forward_norm(x)


class TransformerDecoder(Module):
    """A stack of decoder layers; pre-norm stacks end with one more norm.

    d: model width; heads; f: hidden width; n: number of layers. Others as for the layer; one
    `positions` serves all layers. With cross=False and causal=False it is an encoder that may know
    relative positions.
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
        cross: bool = True,
        causal: bool = True,
        positions: AttentionPositions | None = None,
        bias: bool = True,
        dtype: DTypeLike = np.float32,
    ) -> None:
        self.layers = [
            TransformerDecoderLayer(
                d,
                heads,
                f,
                rng,
                dropout=dropout,
                activation=activation,
                norm_first=norm_first,
                cross=cross,
                causal=causal,
                positions=positions,
                bias=bias,
                dtype=dtype,
            )
            for _ in range(n)
        ]
        self.norm = LayerNorm(d, bias=bias, dtype=dtype) if norm_first else None

    def forward(
        self,
        x: Tensor,
        memory: Tensor | None = None,
        *,
        mask: Mask | None = None,
        memory_mask: Mask | None = None,
        cache: DecoderCache | None = None,
        rng: np.random.Generator | None = None,
    ) -> Tensor:
        """x: (b, t, d), memory: (b, s, d) -> (b, t, d).

        mask: (b, t) or (b, t, t) over the tokens, memory_mask: (b, s) or (b, t, s), True = attend;
        that the future is hidden need not be said. cache: x is the t newest tokens, and `mask`
        counts those in the cache, too. rng: stream of this pass.
        """
        for i, layer in enumerate(self.layers):
            x = layer(
                x,
                memory,
                mask=mask,
                memory_mask=memory_mask,
                cache=None if cache is None else cache.tokens[i],
                memory_cache=None if cache is None else cache.memory[i],
                rng=rng,
            )
        return x if self.norm is None else self.norm(x)
