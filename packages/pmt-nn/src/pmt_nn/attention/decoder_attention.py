"""Attention of a decoder: to the tokens before, and to what an encoder made (Vaswani et al. 2017,
section 3.2.3).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike

from pmt_autograd import Tensor, split
from pmt_core import SettingsError, ShapeError
from pmt_nn.attention.biased import biased_attention
from pmt_nn.attention.kv_cache import KeyValueCache
from pmt_nn.attention.position_bias import AttentionPositions
from pmt_nn.attention.scaled_dot_product import attention, packed_attention
from pmt_nn.layers.dropout import Dropout
from pmt_nn.layers.linear import Linear
from pmt_nn.masks import Mask
from pmt_nn.module.module import Module


class DecoderSelfAttention(Module):
    """Self-attention that can be causal, know relative positions, and go on from a cache.

    Its parameters are those of `SelfAttention`. d: model width; heads: divides d; dropout: rate on
    the attention weights; causal: each position sees itself and those before; positions: rotary,
    ALiBi or a learned bias, may be shared between layers; bias: of the linear layers.
    """

    def __init__(
        self,
        d: int,
        heads: int,
        rng: np.random.Generator,
        *,
        dropout: float = 0.0,
        causal: bool = True,
        positions: AttentionPositions | None = None,
        bias: bool = True,
        dtype: DTypeLike = np.float32,
    ) -> None:
        if d % heads:
            raise SettingsError(f"the width d = {d} must be a multiple of heads = {heads}")
        self.heads = heads
        self.dropout = Dropout(dropout)
        self.causal = causal
        self.qkv = Linear(d, 3 * d, rng, bias=bias, dtype=dtype)
        self.project = Linear(d, d, rng, bias=bias, dtype=dtype)
        self.positions = positions

    def forward(
        self,
        x: Tensor,
        mask: Mask | None = None,
        *,
        cache: KeyValueCache | None = None,
        rng: np.random.Generator | None = None,
    ) -> Tensor:
        """x: (b, t, d), with a cache the t newest tokens -> (b, t, d).

        mask: (b, s) keys or (b, t, s), True = attend, s = t plus the length of the cache. rng:
        stream of this pass, needed in training with dropout.
        """
        if cache is None and self.positions is None:
            return self._attend_packed(x, mask, rng)
        offset = 0 if cache is None else cache.length
        q, k, v = split(self.qkv(x), sections=3, axis=-1)
        if self.positions is not None:
            q = self.positions.turn(q, self.heads, offset)
            k = self.positions.turn(k, self.heads, offset)
        if cache is not None:
            k, v = cache.append(k, v)
        t, s = q.shape[1], k.shape[1]
        allowed = _allowed(mask, t, s, offset) if self.causal else mask
        bias = None if self.positions is None else self.positions.bias(t, s, offset, x.dtype)
        y: Tensor = self.project(attend(self, q, k, v, allowed, bias, rng))
        return y

    def _attend_packed(
        self, x: Tensor, mask: Mask | None, rng: np.random.Generator | None
    ) -> Tensor:
        """Where nothing is done to queries and keys on their own: they stay beside each other."""
        b, t, _ = x.shape
        qkv = self.qkv(x)
        allowed = _allowed(mask, t, t, 0) if self.causal else mask
        dropout_mask = self.dropout.draw((b, self.heads, t, t), rng)
        y: Tensor = self.project(
            packed_attention(qkv, heads=self.heads, mask=allowed, dropout_mask=dropout_mask)
        )
        return y


class CrossAttention(Module):
    """Queries from a decoder, keys and values from the memory an encoder made.

    d: model width; heads: divides d; memory_width: width of the memory, d by default; dropout:
    rate on the attention weights; bias: of the linear layers.
    """

    def __init__(
        self,
        d: int,
        heads: int,
        rng: np.random.Generator,
        *,
        memory_width: int | None = None,
        dropout: float = 0.0,
        bias: bool = True,
        dtype: DTypeLike = np.float32,
    ) -> None:
        if d % heads:
            raise SettingsError(f"the width d = {d} must be a multiple of heads = {heads}")
        self.heads = heads
        self.dropout = Dropout(dropout)
        self.q = Linear(d, d, rng, bias=bias, dtype=dtype)
        self.kv = Linear(memory_width or d, 2 * d, rng, bias=bias, dtype=dtype)
        self.project = Linear(d, d, rng, bias=bias, dtype=dtype)

    def forward(
        self,
        x: Tensor,
        memory: Tensor,
        mask: Mask | None = None,
        *,
        cache: KeyValueCache | None = None,
        rng: np.random.Generator | None = None,
    ) -> Tensor:
        """x: (b, t, d), memory: (b, s, memory_width) -> (b, t, d).

        mask: (b, s) or (b, t, s), True = attend. cache: the first step fills it with the memory's
        keys and values, later steps use them without looking at `memory`. From then on x may have
        g rows, one behind the other, for each of the cache (a beam): they are taken for g t
        queries of one row, so that keys and values are not repeated; the mask is (b, s) then.
        """
        b, t, d = x.shape
        if cache is not None and cache.length:
            k, v = cache.held()
            x = x.reshape(cache.rows, -1, d)
        else:
            if len(memory) != len(x):
                raise ShapeError(f"x and memory are of one batch, got {x.shape} and {memory.shape}")
            k, v = split(self.kv(memory), sections=2, axis=-1)
            if cache is not None:
                k, v = cache.append(k, v)
        y: Tensor = self.project(attend(self, self.q(x), k, v, mask, None, rng))
        return y.reshape(b, t, d)


def attend(
    module: DecoderSelfAttention | CrossAttention,
    q: Tensor,
    k: Tensor,
    v: Tensor,
    mask: Mask | None,
    bias: Tensor | None,
    rng: np.random.Generator | None,
) -> Tensor:
    """Return attention with the heads and the dropout of a module."""
    heads = module.heads
    dropout_mask = module.dropout.draw((q.shape[0], heads, q.shape[1], k.shape[1]), rng)
    if bias is not None:
        return biased_attention(q, k, v, bias, heads=heads, mask=mask, dropout_mask=dropout_mask)
    return attention(q, k, v, heads=heads, mask=mask, dropout_mask=dropout_mask)


def _allowed(mask: Mask | None, t: int, s: int, offset: int) -> Mask | None:
    """The mask, and no key after its query: (1 or b, t, s)."""
    if t == 1 and s == offset + 1:  # the newest token alone: nothing is after it
        return mask
    past = np.arange(s) <= np.arange(offset, offset + t)[:, np.newaxis]
    if mask is None:
        return past[np.newaxis]
    return past & (mask[:, np.newaxis, :] if mask.ndim == 2 else mask)
