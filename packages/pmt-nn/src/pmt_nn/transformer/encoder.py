"""The Transformer encoder (Vaswani et al. 2017), which computes nothing for padding."""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike

from pmt_autograd import Tensor, masked
from pmt_nn.attention.unpadded import RaggedLayout, SequenceGroup, from_ragged, to_ragged
from pmt_nn.masks import Mask, Rng, token_positions, without_padding
from pmt_nn.transformer.config import TransformerConfig
from pmt_nn.transformer.inference import can_infer, infer_layers
from pmt_nn.transformer.layer import TransformerStack


class TransformerEncoder(TransformerStack):
    """A stack of Transformer layers; a pre-norm stack ends with one more norm.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import TransformerConfig, TransformerEncoder
        >>> rng = np.random.default_rng(0)
        >>> config = TransformerConfig(width=16, heads=2, hidden=32, layers=2)
        >>> encoder = TransformerEncoder(config, rng).eval()
        >>> x = rng.normal(size=(2, 5, 16)).astype(np.float32)
        >>> mask = np.array([[True] * 5, [True] * 3 + [False] * 2])
        >>> y = encoder(x, mask).data
        >>> y.shape, float(np.abs(y[1, 3:]).max())  # zeros at padding
        ((2, 5, 16), 0.0)
        >>> np.allclose(encoder(x[1:, :3]).data, y[1:, :3], atol=1e-5)  # padding has no influence
        True
    """

    def __init__(
        self, config: TransformerConfig, rng: np.random.Generator, *, dtype: DTypeLike = np.float32
    ) -> None:
        super().__init__(config, rng, causal=False, cross=False, dtype=dtype)
        self.is_unpadded = config.positions not in ("rotary", "alibi", "relative", "tener")

    def forward(self, x: Tensor, mask: Mask | None = None, *, rng: Rng = None) -> Tensor:
        """Return the encoded tokens (b, t, d) of x (b, t, d), exact zeros at padding.

        A token that no query may attend to, not even itself, is padding: a position where a mask
        (b, t) is False, a column of a mask (b, t, t) that is False throughout. With a mask (b, t)
        nothing is computed for padding, unless positions act inside of attention. What x holds at
        padding, infinities and nan included, has no influence.
        """
        x, tokens, layout = self._inputs(x), None, None
        if mask is not None:
            b, t = x.shape[:2]
            tokens = token_positions(mask, b, t, t)
            if tokens is None and np.ndim(mask) == 2:
                mask = None
            elif tokens is not None and self.is_unpadded and np.ndim(mask) == 2:
                layout, mask = RaggedLayout.of(tokens), None
                x = to_ragged(x, layout=layout)
            elif tokens is not None:
                x = without_padding(x, tokens)
        if (layout is not None or mask is None) and can_infer(self.layers, x.data):
            x = self._inferred(x, layout)
        else:
            for layer in self.layers:
                x = layer(x, mask, layout=layout, rng=rng)
        if self.norm is not None:
            x = self.norm(x)
        if layout is not None:
            return from_ragged(x, layout=layout)
        return x if tokens is None else masked(x, mask=tokens[..., np.newaxis])

    def _inferred(self, x: Tensor, layout: RaggedLayout | None) -> Tensor:
        """Return x after the layers, (b, t, d) or (n, d) with a layout, without a tape."""
        if layout is not None:
            return Tensor.wrap(infer_layers(self.layers, x.data, layout.groups))
        b, t, d = x.shape
        rows = infer_layers(self.layers, x.data.reshape(b * t, d), [SequenceGroup(0, b, t)])
        return Tensor.wrap(rows.reshape(b, t, d))
