"""Multi-head attention with its projections: `SelfAttention` and `CrossAttention`."""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike

from pmt_autograd import Tensor, split
from pmt_core import SettingsError, ShapeError, check_sizes
from pmt_nn.attention.attention_positions import AttentionPositions
from pmt_nn.attention.biased import biased_attention
from pmt_nn.attention.kv_cache import KeyValueCache
from pmt_nn.attention.ragged_attention import ragged_attention, weights_of_groups
from pmt_nn.attention.scaled_dot_product import (
    attention,
    packed_attention,
)
from pmt_nn.attention.unpadded import RaggedLayout
from pmt_nn.layers.dropout import Dropout
from pmt_nn.layers.linear import Linear
from pmt_nn.masks import Mask, Rng, head_mask, token_positions, without_padding
from pmt_nn.module.inputs import float_tensor
from pmt_nn.module.module import Module


class MultiHeadAttention(Module):
    """Base of attention modules: the number of heads, and dropout of the weights."""

    def __init__(self, d: int, heads: int, dropout: float) -> None:
        check_sizes(type(self).__name__, d=d, heads=heads)
        if d % heads:
            raise SettingsError(f"the width d = {d} must be a multiple of heads = {heads}")
        self.heads = heads
        self.dropout = Dropout(dropout)

    def _attend(
        self, q: Tensor, k: Tensor, v: Tensor, mask: Mask | None, bias: Tensor | None, rng: Rng
    ) -> Tensor:
        """Return the attention of q (b, t, d) to k and v (b, s, d), biased if there is a bias."""
        heads = self.heads
        dropout_mask = self.dropout.draw((q.shape[0], heads, q.shape[1], k.shape[1]), rng)
        if bias is None:
            return attention(q, k, v, heads=heads, mask=mask, dropout_mask=dropout_mask)
        return biased_attention(q, k, v, bias, heads=heads, mask=mask, dropout_mask=dropout_mask)


def tokens_of(x: Tensor, linear: Linear, *, axes: int = 3) -> Tensor:
    """Return vectors of tokens (b, t, d), or (n, d), in the dtype of a layer that projects them.

    Raises ShapeError for another number of axes or another width.
    """
    x = float_tensor(x, linear.weight)
    d = linear.weight.shape[0]
    if x.ndim != axes or x.shape[-1] != d:
        shape = f"(b, t, {d})" if axes == 3 else f"(n, {d})"
        raise ShapeError(f"attention takes vectors of tokens {shape}, got shape {x.shape}")
    return x


class SelfAttention(MultiHeadAttention):
    """Multi-head self-attention with its projections (Vaswani et al. 2017, section 3.2.2).

    The number of heads divides the width d. `dropout` is the rate of the attention weights,
    `causal` restricts a position to itself and earlier ones, `positions` may be shared between
    layers, and `bias` is that of the linear layers.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import SelfAttention
        >>> rng = np.random.default_rng(0)
        >>> attend = SelfAttention(16, heads=4, rng=rng, causal=True)
        >>> attend
        SelfAttention(16, 4, causal=True)  1,088 parameters
          dropout: Dropout(0.0)
          qkv: Linear(16, 48)                816
          project: Linear(16, 16)            272
        >>> x = rng.normal(size=(2, 5, 16)).astype(np.float32)
        >>> before = attend(x).data[:, :4]
        >>> x[:, 4] += 1  # causal: earlier positions do not depend on this one
        >>> np.allclose(attend(x).data[:, :4], before, atol=1e-6)
        True
    """

    def __init__(
        self,
        d: int,
        heads: int,
        rng: np.random.Generator,
        *,
        dropout: float = 0.0,
        causal: bool = False,
        positions: AttentionPositions | None = None,
        bias: bool = True,
        dtype: DTypeLike = np.float32,
    ) -> None:
        super().__init__(d, heads, dropout)
        self.causal = causal
        self.qkv = Linear(d, 3 * d, rng, bias=bias, dtype=dtype)
        self.project = Linear(d, d, rng, bias=bias, dtype=dtype)
        self.positions = positions

    def forward(
        self,
        x: Tensor,
        mask: Mask | None = None,
        *,
        layout: RaggedLayout | None = None,
        cache: KeyValueCache | None = None,
        rng: Rng = None,
    ) -> Tensor:
        """Return the attended tokens, of the shape of x.

        x: (b, t, d), with a cache the t newest tokens, which it is extended by; or (n, d) with the
        layout of an unpadded batch, without mask, positions and cache. mask: (b, s) or (b, t, s),
        where s is t plus the length of the cache.
        """
        x = tokens_of(x, self.qkv, axes=2 if layout is not None else 3)
        if layout is not None:
            return self._attend_unpadded(self.qkv(x), layout, rng)
        offset = 0 if cache is None else cache.length
        b, t = x.shape[:2]
        if mask is not None and cache is None:
            x = without_padding(x, token_positions(mask, b, t, t))
        if mask is not None and (self.causal or cache is not None):
            mask = head_mask(mask, b, t, offset + t)
        qkv = self.qkv(x)
        allowed = _causal(mask, t, offset) if self.causal else mask
        if cache is None and self.positions is None:
            return self._attend_packed(qkv, allowed, rng)
        q, k, v = split(qkv, sections=3, axis=-1)
        bias = None
        if self.positions is not None:
            q = self.positions.turn(q, self.heads, offset)
            k = self.positions.turn(k, self.heads, offset)
            bias = self.positions.bias(t, offset + t, offset, x.dtype)
        if cache is not None:
            k, v = cache.append(k, v)
        projected: Tensor = self.project(self._attend(q, k, v, allowed, bias, rng))
        return projected

    def _attend_packed(self, qkv: Tensor, mask: Mask | None, rng: Rng) -> Tensor:
        """Attend with queries, keys and values in one array (b, t, 3d)."""
        b, t, _ = qkv.shape
        dropout_mask = self.dropout.draw((b, self.heads, t, t), rng)
        projected: Tensor = self.project(
            packed_attention(qkv, heads=self.heads, mask=mask, dropout_mask=dropout_mask)
        )
        return projected

    def _attend_unpadded(self, qkv: Tensor, layout: RaggedLayout, rng: Rng) -> Tensor:
        """Attend within each sequence of an unpadded batch (n, 3d)."""
        dropout_mask = self.dropout.draw((weights_of_groups(layout, self.heads),), rng)
        projected: Tensor = self.project(
            ragged_attention(qkv, heads=self.heads, layout=layout, dropout_mask=dropout_mask)
        )
        return projected


class CrossAttention(MultiHeadAttention):
    """Multi-head attention from a decoder's tokens to a memory (section 3.2.3).

    `memory_width` is d by default; other arguments as for `SelfAttention`.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import CrossAttention
        >>> rng = np.random.default_rng(0)
        >>> attend = CrossAttention(16, heads=4, rng=rng, memory_width=24)
        >>> target, memory = np.ones((2, 3, 16), np.float32), np.ones((2, 7, 24), np.float32)
        >>> attend(target, memory, mask=np.ones((2, 7), bool)).shape
        (2, 3, 16)
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
        super().__init__(d, heads, dropout)
        memory_width = d if memory_width is None else memory_width
        check_sizes("CrossAttention", memory_width=memory_width)
        self.q = Linear(d, d, rng, bias=bias, dtype=dtype)
        self.kv = Linear(memory_width, 2 * d, rng, bias=bias, dtype=dtype)
        self.project = Linear(d, d, rng, bias=bias, dtype=dtype)

    def forward(
        self,
        x: Tensor,
        memory: Tensor,
        mask: Mask | None = None,
        *,
        cache: KeyValueCache | None = None,
        rng: Rng = None,
    ) -> Tensor:
        """Return the attended tokens (b, t, d) of x (b, t, d) and memory (b, s, memory_width).

        mask: (b, s) or (b, t, s). The first step fills a cache with the memory's keys and values;
        later steps read those and ignore `memory`. x may then have g consecutive rows for each row
        of the cache (a beam): they are treated as g t queries of one row, so that keys and values
        are not repeated; the mask is (b, s) in this case.
        """
        x = tokens_of(x, self.q)
        b, t, d = x.shape
        if cache is not None and cache.length:
            k, v = cache.held()
            x = x.reshape(cache.rows, -1, d)
        else:
            memory = tokens_of(memory, self.kv)
            if mask is not None and len(memory) == b:
                tokens = token_positions(mask, b, t, memory.shape[1])
                memory = without_padding(memory, tokens)
            if len(memory) != len(x):
                raise ShapeError(
                    f"x and memory must be of one batch, got shapes {x.shape} and {memory.shape}"
                )
            k, v = split(self.kv(memory), sections=2, axis=-1)
            if cache is not None:
                k, v = cache.append(k, v)
        projected: Tensor = self.project(self._attend(self.q(x), k, v, mask, None, rng))
        return projected.reshape(b, t, d)


def _causal(mask: Mask | None, t: int, offset: int) -> Mask | None:
    """Return a mask (of `head_mask`) without the keys after the query.

    None, or the mask as it is, if the only query is the newest token.
    """
    if t == 1:
        return mask
    past = np.arange(offset + t) <= np.arange(offset, offset + t)[:, np.newaxis]
    if mask is None:
        return past[np.newaxis]
    return past & mask
