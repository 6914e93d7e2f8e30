"""The Transformer encoder (Vaswani et al. 2017), which computes nothing for padding."""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike

from pmt_autograd import Tensor, where
from pmt_nn.attention.unpadded import RaggedLayout, from_ragged, to_ragged
from pmt_nn.masks import Mask, Rng
from pmt_nn.transformer.config import TransformerConfig
from pmt_nn.transformer.layer import TransformerStack


class TransformerEncoder(TransformerStack):
    """A stack of Transformer layers; a pre-norm stack ends with one more norm."""

    def __init__(
        self, config: TransformerConfig, rng: np.random.Generator, *, dtype: DTypeLike = np.float32
    ) -> None:
        super().__init__(config, rng, causal=False, cross=False, dtype=dtype)
        self.is_unpadded = config.positions not in ("rotary", "alibi", "relative", "tener")

    def forward(self, x: Tensor, mask: Mask | None = None, *, rng: Rng = None) -> Tensor:
        """Return the encoded tokens (b, t, d) of x (b, t, d), exact zeros at padding.

        A token that no query may attend to, not even itself, is padding: a position where a mask
        (b, t) is False, a column of a mask (b, t, t) that is False throughout. With a mask (b, t)
        nothing is computed for padding, unless positions act inside of attention.
        """
        tokens = None if mask is None else _tokens(mask)
        layout = None
        if mask is not None and mask.ndim == 2:
            if tokens is None:
                mask = None
            elif self.is_unpadded:
                layout, mask = RaggedLayout.of(mask), None
                x = to_ragged(x, layout=layout)
        for layer in self.layers:
            x = layer(x, mask, layout=layout, rng=rng)
        if self.norm is not None:
            x = self.norm(x)
        if layout is not None:
            return from_ragged(x, layout=layout)
        return x if tokens is None else where(tokens[..., np.newaxis], x, np.zeros((), x.dtype))


def _tokens(mask: Mask) -> Mask | None:
    """Return the positions that are no padding, (1 or b, t); None if all are tokens."""
    tokens = mask if mask.ndim == 2 else np.any(mask, axis=tuple(range(1, mask.ndim - 1)))
    return None if tokens.all() else tokens
