"""The Transformer encoder (Vaswani et al. 2017), which computes nothing for padding."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from pmt_autograd import Array, Tensor, masked
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
            elif tokens is not None and np.ndim(mask) == 2 and self._takes_rows(x, tokens):
                layout, mask = RaggedLayout.of(tokens), None
                x = to_ragged(x, layout=layout)
            elif tokens is not None:
                x = without_padding(x, tokens)
        if (layout is not None or mask is None) and self.can_infer(x.dtype):
            x = self._inferred(x, layout)
        else:
            for layer in self.layers:
                x = layer(x, mask, layout=layout, rng=rng)
            if self.norm is not None:
                x = self.norm(x)
        if layout is not None:
            return from_ragged(x, layout=layout)
        return x if tokens is None else masked(x, mask=tokens[..., np.newaxis])

    def can_infer(self, dtype: np.dtype[Any]) -> bool:
        """Return whether `infer_layers` computes what `forward` computes for x of a dtype."""
        return can_infer(self.layers, dtype)

    def infer(self, rows: Array, groups: Sequence[SequenceGroup]) -> Array:
        """Return the encoded tokens (n, d) of rows (n, d), if `can_infer`, without a tape."""
        return infer_layers(self.layers, self.norm, rows, groups)

    def _takes_rows(self, x: Tensor, tokens: Mask) -> bool:
        """Return whether the layers work on the rows of an unpadded batch.

        Relative attention does so if nothing is recorded and no token comes after padding: a row
        of an unpadded batch has no positions but those within its sequence.
        """
        if self.is_unpadded:
            return True
        is_left_packed = (tokens[:, 1:] <= tokens[:, :-1]).all()
        return bool(is_left_packed) and self.can_infer(x.dtype)

    def _inferred(self, x: Tensor, layout: RaggedLayout | None) -> Tensor:
        """Return x after the layers, (b, t, d) or (n, d) with a layout, without a tape."""
        if layout is not None:
            return Tensor.wrap(self.infer(x.data, layout.groups))
        b, t, d = x.shape
        rows = self.infer(x.data.reshape(b * t, d), [SequenceGroup(0, b, t)])
        return Tensor.wrap(rows.reshape(b, t, d))
