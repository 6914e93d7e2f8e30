"""Perplexity of a language model."""

from __future__ import annotations

import math

from pmt_core import ShapeError


def perplexity(loss_sum: float, count: int) -> float:
    """exp of the mean cross-entropy: among how many equally likely tokens the model chooses.

    loss_sum: sum of -ln p over the tokens. count: number of tokens, at least 1 (ShapeError).
    inf where it is too large for a float.
    """
    if count < 1:
        raise ShapeError("a perplexity of no tokens means nothing; give at least one")
    try:
        return math.exp(loss_sum / count)
    except OverflowError:
        return math.inf
