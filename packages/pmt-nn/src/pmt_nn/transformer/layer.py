"""`TransformerLayer`: self-attention, optional cross-attention, and a feed-forward network."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from pmt_autograd import Tensor
from pmt_core import ShapeError, StateError
from pmt_nn.attention.attention_positions import AttentionPositions, attention_positions
from pmt_nn.attention.kv_cache import LayerCache
from pmt_nn.attention.multi_head import CrossAttention, SelfAttention
from pmt_nn.attention.relative import RelativeAttention
from pmt_nn.attention.unpadded import RaggedLayout
from pmt_nn.layers.dropout import Dropout, add_with_dropout
from pmt_nn.layers.normalization import LayerNorm
from pmt_nn.masks import Mask, Rng, token_positions, without_padding
from pmt_nn.module.inputs import float_tensor
from pmt_nn.module.module import Module
from pmt_nn.transformer.config import TransformerConfig
from pmt_nn.transformer.feed_forward import FeedForward


class TransformerLayer(Module):
    """One layer of an encoder or decoder (Vaswani et al. 2017, section 3.1).

    Self-attention, cross-attention (if `cross`) and a feed-forward network, each with dropout, a
    residual connection and a layer norm, before it or after the addition (`config.norm_first`).

    With `causal` a position attends to itself and earlier ones only, with `cross` to a memory as
    well. `positions` inside of attention may be shared by several layers; by default the layer
    makes its own from the config.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import TransformerConfig, TransformerLayer
        >>> config = TransformerConfig(width=16, heads=2, hidden=32)
        >>> layer = TransformerLayer(config, np.random.default_rng(0), causal=True).eval()
        >>> layer
        TransformerLayer(causal=True)                                2,224 parameters
          attention_norm: LayerNorm(16)                                 32
          attention: SelfAttention(16, 2, dropout=0.1, causal=True)  1,088
            dropout: Dropout(0.1)
            qkv: Linear(16, 48)                                        816
            project: Linear(16, 16)                                    272
          feed_forward_norm: LayerNorm(16)                              32
          feed_forward: FeedForward(16, 32, dropout=0.1)             1,072
            up: Linear(16, 32)                                         544
            dropout: Dropout(0.1)
            down: Linear(32, 16)                                       528
          dropout: Dropout(0.1)
        >>> layer(np.ones((4, 6, 16), np.float32)).shape
        (4, 6, 16)
    """

    def __init__(
        self,
        config: TransformerConfig,
        rng: np.random.Generator,
        *,
        causal: bool = False,
        cross: bool = False,
        positions: AttentionPositions | None = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        d, heads = config.width, config.heads
        settings: dict[str, Any] = {"dropout": config.dropout, "bias": config.bias, "dtype": dtype}
        norm = partial(LayerNorm, d, eps=config.norm_eps, bias=config.bias, dtype=dtype)
        self.norm_first = config.norm_first
        self.attention_norm = norm()
        self.attention: SelfAttention | RelativeAttention
        if config.positions == "tener":
            self.attention = RelativeAttention(d, heads, rng, **settings)
        else:
            if positions is None:
                positions = attention_positions(
                    config.positions, heads, rng, dtype, two_sided=not causal
                )
            self.attention = SelfAttention(
                d, heads, rng, causal=causal, positions=positions, **settings
            )
        self.cross_norm = norm() if cross else None
        self.cross = CrossAttention(d, heads, rng, **settings) if cross else None
        self.feed_forward_norm = norm()
        self.feed_forward = FeedForward(
            d, config.hidden, rng, activation=config.activation, **settings
        )
        self.dropout = Dropout(config.dropout)

    def forward(
        self,
        x: Tensor,
        mask: Mask | None = None,
        *,
        memory: Tensor | None = None,
        memory_mask: Mask | None = None,
        layout: RaggedLayout | None = None,
        cache: LayerCache | None = None,
        rng: Rng = None,
    ) -> Tensor:
        """Return the output of the layer, of the shape of x: (b, t, d), or (n, d) with a layout.

        mask: (b, t) or (b, t, t). memory: (b, s, d), required by cross-attention; memory_mask:
        (b, s) or (b, t, s). With a cache x holds the newest tokens.
        """
        x = float_tensor(x, self.attention_norm.weight)
        if mask is not None and cache is None and layout is None:
            b, t = x.shape[:2]
            x = without_padding(x, token_positions(mask, b, t, t))
        y = self._before(self.attention_norm, x)
        if isinstance(self.attention, RelativeAttention):
            y = self.attention(y, mask, rng=rng)
        else:
            tokens = None if cache is None else cache.tokens
            y = self.attention(y, mask, layout=layout, cache=tokens, rng=rng)
        x = self._add(x, y, self.attention_norm, rng)
        if self.cross is not None and self.cross_norm is not None:
            if memory is None:
                raise StateError(
                    "this layer attends to a memory and got none; pass the encoder's output, or "
                    "build the decoder with cross=False"
                )
            y = self._before(self.cross_norm, x)
            keys = None if cache is None else cache.memory
            y = self.cross(y, memory, memory_mask, cache=keys, rng=rng)
            x = self._add(x, y, self.cross_norm, rng)
        y = self.feed_forward(self._before(self.feed_forward_norm, x), rng=rng)
        return self._add(x, y, self.feed_forward_norm, rng)

    def _before(self, norm: LayerNorm, x: Tensor) -> Tensor:
        """Return norm(x) in a pre-norm layer, x in a post-norm layer."""
        normed: Tensor = norm(x) if self.norm_first else x
        return normed

    def _add(self, x: Tensor, y: Tensor, norm: LayerNorm, rng: Rng) -> Tensor:
        """Return x + y with dropout on y, after the norm in a post-norm layer."""
        x = add_with_dropout(x, y, self.dropout, rng)
        return x if self.norm_first else norm(x)


class TransformerStack(Module):
    """Base of encoder and decoder: layers, and one more norm at the end of a pre-norm stack.

    The layers share one object of positions inside of attention, e.g. a learned bias.
    """

    def __init__(
        self,
        config: TransformerConfig,
        rng: np.random.Generator,
        *,
        causal: bool,
        cross: bool,
        dtype: DTypeLike,
    ) -> None:
        d, heads = config.width, config.heads
        positions = attention_positions(config.positions, heads, rng, dtype, two_sided=not causal)
        self.layers = [
            TransformerLayer(
                config, rng, causal=causal, cross=cross, positions=positions, dtype=dtype
            )
            for _ in range(config.layers)
        ]
        norm = LayerNorm(d, eps=config.norm_eps, bias=config.bias, dtype=dtype)
        self.norm = norm if config.norm_first else None

    def _inputs(self, x: Tensor) -> Tensor:
        """Return x (b, t, d) in the dtype of the parameters. Raises ShapeError."""
        norm = self.layers[0].attention_norm if self.layers else self.norm
        x = float_tensor(x, None if norm is None else norm.weight)
        if x.ndim != 3:
            raise ShapeError(f"a Transformer takes vectors (b, t, d), got shape {x.shape}")
        return x
