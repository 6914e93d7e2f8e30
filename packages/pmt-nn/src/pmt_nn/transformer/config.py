"""`TransformerConfig`: the sizes and settings shared by layers, stacks and models."""

from __future__ import annotations

from dataclasses import dataclass, fields

from pmt_core import SettingsError, check_sizes, value_text
from pmt_nn.transformer.feed_forward import ACTIVATIONS

# Sizes of this config and of those that inherit from it: 0 means that there is none.
_MAY_BE_ZERO = frozenset(
    {
        "layers",
        "decoder_layers",
        "learned",
        "vector_width",
        "features",
        "token_types",
        "shift",
        "embedding",
        "padding_id",
    }
)
POSITIONS = ("none", "learned", "sinusoidal", "rotary", "alibi", "relative", "tener")


@dataclass(frozen=True, kw_only=True)
class TransformerConfig:
    """Settings of a Transformer, taken by its layers, stacks and models.

    The config of a model inherits from this class and adds what it needs besides.

    Attributes:
        width: model width d.
        heads: number of attention heads h; divides the width.
        hidden: width f of the feed-forward networks.
        layers: number of layers of the stack.
        dropout: dropout rate of embeddings, attention weights, hidden layers and residuals.
        activation: "gelu", "gelu_exact" or "relu".
        norm_first: True for pre-norm, x + f(norm(x)) (Xiong et al. 2020: trains without a long
            warm-up); False for post-norm, norm(x + f(x)), the original.
        norm_eps: constant added to the variance by every layer norm.
        bias: whether linear layers and norms have a bias.
        positions: how the order of the tokens is represented. "learned" and "sinusoidal" vectors
            are added to the embeddings by the model; "rotary", "alibi", "relative" (a learned
            bias per distance, T5) and "tener" (`RelativeAttention`, encoders only) act inside of
            self-attention; "none" represents no order.

    Raises:
        SettingsError: if a setting is out of range.

    Examples:
        >>> from pmt_nn import TransformerConfig
        >>> config = TransformerConfig(width=64, heads=8, layers=6, positions="rotary")
        >>> config.width // config.heads  # width of a head
        8
        >>> TransformerConfig(width=64, heads=5)
        Traceback (most recent call last):
            ...
        pmt_core.errors.SettingsError: the width 64 is not a multiple of the 5 heads
    """

    width: int = 128
    heads: int = 4
    hidden: int = 256
    layers: int = 2
    dropout: float = 0.1
    activation: str = "gelu"
    norm_first: bool = True
    norm_eps: float = 1e-5
    bias: bool = True
    positions: str = "none"

    def __post_init__(self) -> None:
        for field in fields(self):
            if field.type in ("int", int):
                least = 0 if field.name in _MAY_BE_ZERO else 1
                size = {field.name: getattr(self, field.name)}
                check_sizes(type(self).__name__, least=least, **size)
        if self.width % self.heads:
            raise SettingsError(
                f"the width {self.width} is not a multiple of the {self.heads} heads"
            )
        if not 0 <= self.dropout < 1:
            raise SettingsError(f"dropout is a rate in 0 <= dropout < 1, got {self.dropout}")
        if self.activation not in ACTIVATIONS:
            raise SettingsError(
                f"activation is one of {', '.join(ACTIVATIONS)}, got {value_text(self.activation)}"
            )
        if self.positions not in POSITIONS:
            raise SettingsError(
                f"positions is one of {', '.join(POSITIONS)}, got {value_text(self.positions)}"
            )
