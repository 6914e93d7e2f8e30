"""Choosing the next token from its logits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pmt_core import SettingsError, softmax


def next_token(
    logits: NDArray[np.floating],
    *,
    rng: np.random.Generator | None = None,
    temperature: float = 1.0,
    top_k: int | None = None,
) -> NDArray[np.int64]:
    """logits: (b, v) -> (b,). Without rng the likeliest (the first of equals).

    With rng drawn from softmax(logits / temperature), of the top_k likeliest where given.
    """
    if temperature <= 0 or (top_k is not None and top_k < 1):
        raise SettingsError(
            f"temperature is above 0 and top_k at least 1, got {temperature} and {top_k}; for the "
            "likeliest token give no rng"
        )
    if rng is None:
        likeliest: NDArray[np.int64] = logits.argmax(axis=-1)
        return likeliest
    scaled = logits.astype(np.float64) / temperature
    if top_k is not None and top_k < scaled.shape[-1]:
        least = np.partition(scaled, -top_k, axis=-1)[:, -top_k, np.newaxis]
        scaled = np.where(scaled < least, -np.inf, scaled)
    reached = softmax(scaled, axis=-1).cumsum(axis=-1)
    drawn = rng.random((len(logits), 1)) * reached[:, -1:]
    passed = (reached <= drawn).sum(axis=-1)
    chosen: NDArray[np.int64] = np.minimum(passed, logits.shape[-1] - 1)
    return chosen
