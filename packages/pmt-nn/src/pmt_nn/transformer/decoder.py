"""The Transformer decoder (Vaswani et al. 2017): causal, with or without a memory."""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike

from pmt_autograd import Tensor
from pmt_core import SettingsError
from pmt_nn.attention.kv_cache import DecoderCache
from pmt_nn.masks import Mask, Rng
from pmt_nn.transformer.config import TransformerConfig
from pmt_nn.transformer.layer import TransformerStack


class TransformerDecoder(TransformerStack):
    """A stack of causal Transformer layers; a pre-norm stack ends with one more norm.

    With `cross` the layers attend to a memory as well; without it this is the decoder of a
    language model. Raises SettingsError for positions "tener", which act in encoders only.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import TransformerConfig, TransformerDecoder
        >>> rng = np.random.default_rng(0)
        >>> config = TransformerConfig(width=16, heads=2, hidden=32, layers=2)
        >>> decoder = TransformerDecoder(config, rng).eval()
        >>> target, memory = np.ones((1, 3, 16), np.float32), np.ones((1, 7, 16), np.float32)
        >>> decoder(target, memory).shape
        (1, 3, 16)
        >>> TransformerDecoder(config, rng, cross=False).eval()(target).shape  # no memory
        (1, 3, 16)
    """

    def __init__(
        self,
        config: TransformerConfig,
        rng: np.random.Generator,
        *,
        cross: bool = True,
        dtype: DTypeLike = np.float32,
    ) -> None:
        if config.positions == "tener":
            raise SettingsError(
                "a decoder cannot have positions 'tener', whose attention is neither causal nor "
                "cached; take 'rotary', 'alibi' or 'relative'"
            )
        super().__init__(config, rng, causal=True, cross=cross, dtype=dtype)

    def forward(
        self,
        x: Tensor,
        memory: Tensor | None = None,
        *,
        mask: Mask | None = None,
        memory_mask: Mask | None = None,
        cache: DecoderCache | None = None,
        rng: Rng = None,
    ) -> Tensor:
        """Return the decoded tokens (b, t, d) of x (b, t, d), with a cache the t newest tokens.

        memory: (b, s, d), the encoder's output, required by cross-attention; memory_mask: (b, s) or
        (b, t, s). mask: (b, t) or (b, t, t), tokens in the cache included; later tokens are always
        excluded.
        """
        x = self._inputs(x)
        for i, layer in enumerate(self.layers):
            x = layer(
                x,
                mask,
                memory=memory,
                memory_mask=memory_mask,
                cache=None if cache is None else cache.layers[i],
                rng=rng,
            )
        return x if self.norm is None else self.norm(x)
