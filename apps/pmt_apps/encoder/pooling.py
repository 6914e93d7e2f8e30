"""Pooling: the vectors of the tokens to one vector for each text, as in sentence-transformers."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

import pmt_autograd as ag
from pmt_autograd import Tensor
from pmt_core import SettingsError, scaled_to_one, value_text
from pmt_nn import Linear, Mask, Module, gelu_exact, masked_mean

Pool = Callable[[Tensor, Mask], Tensor]


def _cls(hidden: Tensor, mask: Mask) -> Tensor:
    first: Tensor = hidden[np.arange(len(mask)), np.argmax(mask, axis=1)]
    return first


def _last_token(hidden: Tensor, mask: Mask) -> Tensor:
    last = mask.shape[1] - 1 - np.argmax(mask[:, ::-1], axis=1)
    vectors: Tensor = hidden[np.arange(len(mask)), last]
    return vectors


def _max(hidden: Tensor, mask: Mask) -> Tensor:
    lowest = np.float32(-1e9)
    largest: Tensor = ag.max(ag.where(mask[..., np.newaxis], hidden, lowest), axis=1)
    return largest


def _mean_sqrt_len(hidden: Tensor, mask: Mask) -> Tensor:
    lengths = np.maximum(mask.sum(axis=1, keepdims=True), 1)
    scaled: Tensor = masked_mean(hidden, mask) * np.sqrt(lengths).astype(hidden.dtype)
    return scaled


def _weighted_mean(hidden: Tensor, mask: Mask) -> Tensor:
    weights = np.cumsum(mask, axis=1) * mask
    totals = np.maximum(weights.sum(axis=1, keepdims=True), 1)
    shares = (weights / totals).astype(hidden.dtype)[:, np.newaxis]
    mean: Tensor = (shares @ hidden)[:, 0]
    return mean


# In the order in which sentence-transformers joins several of them.
POOLING_MODES: dict[str, Pool] = {
    "cls": _cls,
    "max": _max,
    "mean": masked_mean,
    "mean_sqrt_len_tokens": _mean_sqrt_len,
    "weightedmean": _weighted_mean,
    "lasttoken": _last_token,
}


class Pooling(Module):
    """Pool the vectors of the tokens; the results of several modes are joined.

    modes: "cls" (the first token), "max", "mean", "mean_sqrt_len_tokens" (the sum by the root of
    the length), "weightedmean" (weights 1, 2, 3, ...) and "lasttoken".
    """

    def __init__(self, modes: Sequence[str] = ("mean",)) -> None:
        unknown = [mode for mode in modes if mode not in POOLING_MODES]
        if unknown or not modes:
            got = ", ".join(map(value_text, unknown)) or "none"
            raise SettingsError(f"pooling modes are {', '.join(POOLING_MODES)}, got {got}")
        self.modes = tuple(mode for mode in POOLING_MODES if mode in modes)

    def forward(self, hidden: Tensor, mask: Mask) -> Tensor:
        """Return the vectors (b, m d) of m modes, of hidden (b, t, d) and mask (b, t)."""
        parts = [POOLING_MODES[mode](hidden, mask) for mode in self.modes]
        return parts[0] if len(parts) == 1 else ag.concat(*parts, axis=-1)


class Normalize(Module):
    """Scale vectors to length 1."""

    def forward(self, x: Tensor) -> Tensor:
        """Return x (b, d) by its lengths; a vector of zeros stays."""
        length = ag.norm(x, axis=-1, keepdims=True)
        return x / ag.maximum(length, np.float32(1e-12))


ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "Identity": lambda x: x,
    "Tanh": ag.tanh,
    "ReLU": ag.relu,
    "GELU": gelu_exact,
    "Sigmoid": ag.sigmoid,
}
"""By the names of PyTorch's modules."""


class DenseLayer(Module):
    """A linear layer with an activation on the vectors of the texts."""

    def __init__(
        self,
        n_in: int,
        n_out: int,
        rng: np.random.Generator,
        *,
        bias: bool = True,
        activation: str = "Tanh",
    ) -> None:
        if activation not in ACTIVATIONS:
            raise SettingsError(
                f"an activation is one of {', '.join(ACTIVATIONS)}, got {value_text(activation)}"
            )
        self.linear = Linear(n_in, n_out, rng, bias=bias)
        self.activation = activation

    def forward(self, x: Tensor) -> Tensor:
        """Return act(x W + b), (b, n_out)."""
        return ACTIVATIONS[self.activation](self.linear(x))


class SentenceHead(Module):
    """Pooling, then any number of `DenseLayer` and `Normalize`."""

    def __init__(self, pooling: Pooling, layers: Sequence[DenseLayer | Normalize] = ()) -> None:
        self.pooling = pooling
        self.layers = list(layers)

    def forward(self, hidden: Tensor, mask: Mask) -> Tensor:
        """Return the vectors (b, n) of texts, of hidden (b, t, d) and mask (b, t)."""
        x: Tensor = self.pooling(hidden, mask)
        for layer in self.layers:
            x = layer(x)
        return x

    def width(self, hidden: int) -> int:
        """Return the length n of the vectors, for hidden vectors of a length."""
        width = hidden * len(self.pooling.modes)
        for layer in self.layers:
            if isinstance(layer, DenseLayer):
                width = int(layer.linear.weight.shape[1])
        return width


def unit_rows(vectors: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return vectors (n, d) scaled to length 1; zeros stay."""
    scaled, _ = scaled_to_one(vectors, -1)
    lengths = np.linalg.norm(scaled, axis=-1, keepdims=True)
    rows: NDArray[np.floating] = scaled / np.maximum(lengths, np.float32(1e-12))
    return rows
