"""Choosing the next token from its logits.

The distribution a token is drawn from: temperature, top-k, top-p.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from pmt_core import SettingsError, softmax

Chooser = Callable[[NDArray[np.floating]], NDArray[np.int64]]
"""Logits (b, v) -> the tokens chosen (b,)."""


def next_token(
    logits: NDArray[np.floating],
    *,
    rng: np.random.Generator | None = None,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
) -> NDArray[np.int64]:
    """logits: (b, v) -> (b,). Without rng the likeliest (the first of equals).

    With rng drawn from `token_distribution`, which tells of the other settings. One random number
    a row is drawn, whatever the settings.
    """
    check_sampling(temperature, top_k, top_p)
    if rng is None:
        likeliest: NDArray[np.int64] = logits.argmax(axis=-1)
        return likeliest
    reached = token_distribution(logits, temperature=temperature, top_k=top_k, top_p=top_p).cumsum(
        axis=-1
    )
    drawn = rng.random((len(logits), 1)) * reached[:, -1:]
    last = (reached < reached[:, -1:]).sum(axis=-1)  # that can be drawn: rounding passes none
    chosen: NDArray[np.int64] = np.minimum((reached <= drawn).sum(axis=-1), last)
    return chosen


def token_distribution(
    logits: NDArray[np.floating],
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
) -> NDArray[np.float64]:
    """Probabilities (b, v) of the tokens with these logits (b, v), in float64.

    temperature: softmax(logits / temperature); below 1 the likely become likelier.
    top_k: of the k likeliest tokens alone, and those as likely as the last of them (Fan et al.
    2018). top_p: of the fewest likeliest tokens that together have at least this probability
    (the nucleus, Holtzman et al. 2019); taken after top_k. Raises SettingsError.
    """
    check_sampling(temperature, top_k, top_p)
    scaled = logits.astype(np.float64) / temperature
    if top_k is not None and top_k < scaled.shape[-1]:
        least = np.partition(scaled, -top_k, axis=-1)[:, -top_k, np.newaxis]
        scaled = np.where(scaled < least, -np.inf, scaled)
    probabilities: NDArray[np.float64] = softmax(scaled, axis=-1).astype(np.float64, copy=False)
    return probabilities if top_p is None else _nucleus(probabilities, top_p)


def _nucleus(probabilities: NDArray[np.float64], top_p: float) -> NDArray[np.float64]:
    """The tokens before which less than top_p was reached, and their sum made 1 again."""
    order = np.argsort(-probabilities, axis=-1, kind="stable")
    ranked = np.take_along_axis(probabilities, order, axis=-1)
    ranked[ranked.cumsum(axis=-1) - ranked >= top_p] = 0
    kept = np.empty_like(ranked)
    np.put_along_axis(kept, order, ranked, axis=-1)
    kept /= kept.sum(axis=-1, keepdims=True)
    return kept


def check_sampling(temperature: float, top_k: int | None, top_p: float | None) -> None:
    """Raises SettingsError for settings of `token_distribution` that make no sense."""
    if not temperature > 0 or (top_k is not None and top_k < 1):
        raise SettingsError(
            f"temperature is above 0 and top_k at least 1, got {temperature} and {top_k}; for the "
            "likeliest token give no rng"
        )
    if top_p is not None and not 0 < top_p <= 1:
        raise SettingsError(f"top_p is a probability above 0 and at most 1, got {top_p}")
