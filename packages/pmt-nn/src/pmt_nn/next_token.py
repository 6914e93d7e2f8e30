"""Choosing the next token from its logits."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from pmt_nn.token_distribution import check_sampling, token_distribution

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
